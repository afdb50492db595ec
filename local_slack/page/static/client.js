// One window of the chat: holds the model, loads what is looked at, and carries out what one does.
import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import {
  after, emptyModel, threadKey, withExchanges, withMessages, withReplies, withWorkspace,
} from "./model.js";
import { fragmentOf, placeOf } from "./place.js";
import { get, listen, post, Refused } from "./server.js";

const PAGE = 60;

export class Client {
  #listeners = new Set();
  #hangUp = () => {};

  constructor() {
    this.model = emptyModel(placeOf(location.hash));
    addEventListener("hashchange", () => this.#moved());
    document.addEventListener("visibilitychange", () => this.#read());
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #set(model) {
    this.model = model;
    for (const listener of this.#listeners) listener();
  }

  /** Load everything for the person that the address names, and listen from then on. */
  async start() {
    this.#hangUp();
    const place = placeOf(location.hash);
    let model = emptyModel(place);
    const first = await get("workspace", { as: place.person });
    const me = first.people.find((one) => one.id === first.me);
    model = withWorkspace(model, first, me);
    this.#set({ ...model, place: settled(model, place) });
    this.#hangUp = listen({
      person: me.id,
      after: first.newest,
      on: (event) => this.#happened(event),
      lost: () => this.#set({ ...this.model, online: false }),
    });
    await this.#look();
  }

  #happened(event) {
    if (event.kind === "hello" && this.model.run && event.run !== this.model.run) {
      this.start(); // the server was started anew, and numbers its changes anew
      return;
    }
    this.#set(after(this.model, event));
    if (event.kind === "message" && event.isNew) this.#read();
  }

  /** Go somewhere: any part of a place; the rest stays. Another channel closes the thread. */
  go(part) {
    const { place } = this.model;
    const closes = part.channel && part.channel !== place.channel ? { thread: "", tab: "messages" } : {};
    location.hash = fragmentOf({ ...place, ...closes, ...part });
  }

  #moved() {
    const before = this.model.place;
    const place = placeOf(location.hash);
    if (place.person !== before.person) {
      this.start();
      return;
    }
    this.#set({ ...this.model, place: settled(this.model, place) });
    this.#look();
  }

  async #look() {
    const { place, conversations, threads } = this.model;
    const { channel, thread, tab } = place;
    if (tab === "home") await this.act("open_home", {});
    if (channel && !conversations.get(channel)?.loaded) await this.older(channel);
    if (thread && !threads.has(threadKey(channel, thread))) {
      const { messages } = await get("replies", { as: this.model.me.id, channel, thread });
      this.#set(withReplies(this.model, channel, thread, messages));
    }
    this.#read();
  }

  /** Load the messages before those that are there. */
  async older(channel) {
    const known = this.model.conversations.get(channel);
    const before = known?.loaded ? known.messages.keys().next().value : undefined;
    const query = { as: this.model.me.id, channel, limit: String(PAGE), ...(before ? { before } : {}) };
    const { messages, more } = await get("messages", query);
    this.#set(withMessages(this.model, channel, messages, more));
  }

  /** Do something as the person of this window. Throws Refused with words for the person. */
  act(name, fields) {
    return post("act", { as: this.model.me.id, act: name, arguments: fields });
  }

  /** Load the exchanges between app and Slack that there were before this page was opened. */
  async loadExchanges() {
    const { exchanges } = await get("exchanges", {});
    this.#set(withExchanges(this.model, exchanges));
  }

  /** Take a developer note away. */
  dismissNote(number) {
    this.#set({ ...this.model, notes: this.model.notes.filter((one) => one.number !== number) });
  }

  /** What was seen is read. */
  #read() {
    const { me, place, conversations, workspace } = this.model;
    if (document.hidden || place.tab === "home" || !workspace) return;
    const newest = [...(conversations.get(place.channel)?.messages.keys() ?? [])].at(-1);
    if (newest && workspace.channels.get(place.channel)?.unread) post("mark", { as: me.id, channel: place.channel, ts: newest });
  }
}

/** The place with what it leaves open filled in: somewhere that this person can be. */
function settled(model, place) {
  const channels = [...model.workspace.channels.values()];
  const channel = model.workspace.channels.get(place.channel) ?? channels.find((one) => one.kind !== "direct") ?? channels[0];
  return { ...place, person: model.me.name, channel: channel?.id ?? "" };
}

export const ClientContext = createContext(null);

/** The client and its model; the component is drawn again when the model changes. */
export function useClient() {
  const client = useContext(ClientContext);
  const [, redraw] = useState(0);
  useEffect(() => client.subscribe(() => redraw((count) => count + 1)), [client]);
  return client;
}

export { Refused };
