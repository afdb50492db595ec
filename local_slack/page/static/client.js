// One window of the chat: holds the model, loads what is looked at, and carries out what one does.
import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import {
  after, emptyModel, threadKey, withExchanges, withLine, withMessages, withReplies, withWorkspace,
} from "./model.js";
import { fragmentOf, placeOf } from "./place.js";
import { get, listen, post, Refused } from "./server.js";

const PAGE = 60;
const AGAIN = 1000; // ms until the server is asked again that did not answer

export class Client {
  #listeners = new Set();
  #hangUp = () => {};
  #started = 0; // how often; what an earlier start still loads is of no use to a later one
  #loading = new Set(); // channels whose older messages are on their way
  #isAtEnd = true;

  constructor() {
    this.model = emptyModel(placeOf(location.hash));
    addEventListener("hashchange", () => this.#moved());
    document.addEventListener("visibilitychange", () => this.#turned());
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #set(model) {
    this.model = model;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Load everything for the person that the address names, and listen from then on. */
  async start() {
    const started = ++this.#started;
    this.#hangUp();
    const place = placeOf(location.hash);
    const first = await get("workspace", { as: place.person }).catch((error) => error);
    if (started !== this.#started) return;
    if (first instanceof Error) {
      this.#set({ ...this.model, online: false, trouble: first.message });
      setTimeout(() => started === this.#started && this.start(), AGAIN);
      return;
    }
    const me = first.people.find((one) => one.id === first.me);
    const wasDirect = this.model.workspace?.channels.get(place.channel)?.kind === "direct";
    const { run, online, connections, exchanges, notes } = this.model;
    const empty = { ...emptyModel(place), run, online, connections, exchanges, notes };
    this.#set(arrived(withWorkspace(empty, first, me), place, wasDirect));
    this.#hangUp = listen({
      person: me.id,
      after: first.newest,
      on: (event) => this.#happened(event),
      lost: () => this.#set({ ...this.model, online: false }),
    });
    this.#arrive();
    await this.#look();
  }

  #happened(event) {
    if (event.kind === "hello" && this.model.run && event.run !== this.model.run) {
      this.#set({ ...this.model, run: "", exchanges: [], notes: [] });
      this.start(); // the server was started anew, and numbers its changes anew
      return;
    }
    this.#set(after(this.model, event));
    if (event.kind !== "message" || !event.isNew) return;
    const { channel, user, thread_ts } = event.message;
    if (user === this.model.me.id && !thread_ts) this.#set(withLine(this.model, channel));
    this.#read();
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
    if (!this.model.workspace || (place.person && place.person !== before.person)) {
      this.start();
      return;
    }
    this.#set(arrived(this.model, place));
    if (this.model.place.channel !== before.channel) {
      this.#set(withLine(this.model, before.channel));
      this.#arrive();
    }
    this.#look();
  }

  #arrive() {
    this.#isAtEnd = true;
    this.#drawLine();
  }

  async #look() {
    const { place, conversations, threads, me } = this.model;
    const { channel, thread, tab } = place;
    try {
      if (tab === "home") this.act("open_home", {}).catch(() => {}); // the tab is as it was
      if (channel && !conversations.get(channel)?.loaded) await this.older(channel);
      if (thread && !threads.get(threadKey(channel, thread))?.loaded) {
        this.#set(withReplies(this.model, channel, thread, [], false));
        const { messages } = await get("replies", { as: me.id, channel, thread });
        if (me === this.model.me) this.#set(withReplies(this.model, channel, thread, messages));
      }
    } catch (error) {
      this.#set({ ...this.model, trouble: error.message });
    }
    this.#read();
  }

  /** Load the messages before those that are there. */
  async older(channel) {
    if (this.#loading.has(channel)) return;
    this.#loading.add(channel);
    const { me } = this.model;
    const known = this.model.conversations.get(channel);
    const before = known?.loaded && known.messages.keys().next().value;
    const query = { as: me.id, channel, limit: PAGE, ...(before && { before }) };
    if (!known) this.#set(withMessages(this.model, channel, [], true, false));
    try {
      const { messages, more } = await get("messages", query);
      if (me === this.model.me) this.#set({ ...withMessages(this.model, channel, messages, more), trouble: "" });
    } finally {
      this.#loading.delete(channel);
    }
  }

  /** Do something as the person of this window, once. Throws Refused with words for the person. */
  act(name, fields) {
    return post("act", { id: crypto.randomUUID(), as: this.model.me.id, act: name, arguments: fields });
  }

  /** Take a message away that nobody else sees. */
  dismiss({ channel, ts }) {
    return post("dismiss", { as: this.model.me.id, channel, ts });
  }

  /** Put something into the box of the open conversation, to be sent or changed there. */
  offer(text) {
    this.#set({ ...this.model, offered: { number: (this.model.offered?.number ?? 0) + 1, text } });
  }

  /** Whether the newest message is in sight: only then is what comes in read. */
  sees(isAtEnd) {
    this.#isAtEnd = isAtEnd;
    if (isAtEnd) this.#read();
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

  /** The window was covered or uncovered: what comes in from now on is new, or is seen now. */
  #turned() {
    const { place, workspace } = this.model;
    const isRead = workspace?.channels.get(place.channel)?.unread === 0;
    if (document.hidden && isRead) this.#set(withLine(this.model, place.channel));
    this.#read();
  }

  /** Remember where the new messages begin, before they are marked as read. */
  #drawLine() {
    const { place, lines, workspace } = this.model;
    const channel = workspace?.channels.get(place.channel);
    if (!channel?.unread || lines.get(channel.id) !== undefined) return;
    this.#set(withLine(this.model, channel.id, channel.read));
  }

  /** What was seen is read. */
  #read() {
    const { me, place, conversations, workspace } = this.model;
    if (!workspace || place.tab === "home") return;
    if (document.hidden || !this.#isAtEnd) {
      this.#drawLine();
      return;
    }
    const newest = [...(conversations.get(place.channel)?.messages.keys() ?? [])].at(-1);
    if (!newest || !workspace.channels.get(place.channel)?.unread) return;
    post("mark", { as: me.id, channel: place.channel, ts: newest }).catch(() => {}); // tried again at the next
  }
}

/** The model where the address says, with what it leaves open filled in: somewhere that this person can be. */
function arrived(model, place, wasDirect = false) {
  const channels = [...model.workspace.channels.values()];
  const known = model.workspace.channels.get(place.channel);
  const channel = known ?? channels.find((one) => (one.kind === "direct") === wasDirect) ?? channels[0];
  const tab = channel?.kind === "direct" ? place.tab : "messages";
  const settled = { person: model.me.name, channel: channel?.id ?? "", tab, thread: known ? place.thread : "" };
  history.replaceState(null, "", fragmentOf(settled));
  return { ...model, place: settled };
}

export const ClientContext = createContext(null);

/** The client and its model; the component is drawn again when anything in the model changes. */
export function useClient() {
  const client = useContext(ClientContext);
  useModel((model) => model);
  return client;
}

/**
 * A part of the model; the component is drawn again when that part changes.
 *
 * @template T
 * @param {(model: object) => T} select
 * @returns {T}
 */
export function useModel(select) {
  const client = useContext(ClientContext);
  const [, redraw] = useState(0);
  const now = useRef();
  now.current = { select, value: select(client.model) };
  useEffect(() => {
    const look = () => now.current.select(client.model) !== now.current.value && redraw((count) => count + 1);
    look(); // it may have changed before this listens
    return client.subscribe(look);
  }, [client]);
  return now.current.value;
}

export { Refused };
