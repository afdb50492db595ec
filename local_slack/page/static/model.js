// What this window knows, and how each event changes it. Nothing here talks to anybody.
import { noticeOf } from "./spoken.js";

/**
 * @typedef {object} Conversation  what is loaded of a channel
 * @property {Map<string, object>} messages  by timestamp, oldest first; replies are in `threads`
 * @property {boolean} more   whether there are older ones
 * @property {boolean} loaded
 */

export function emptyModel(place) {
  return {
    place,
    workspace: null,      // people, groups, channels, the bot and its commands
    me: null,             // the person of this window
    run: "",              // which run of the server this knows about
    online: false,
    trouble: "",          // why nothing could be loaded
    connections: 0,       // of the bot
    conversations: new Map(), // channel id -> Conversation
    threads: new Map(),       // `${channel}/${ts}` -> Map of messages by timestamp, the first is the root
    lines: new Map(),     // channel id -> timestamp of the last message that was read when it was opened
    views: [],            // modals that are open, the topmost last
    home: null,
    exchanges: [],        // the newest between app and Slack, a line each
    notes: [],            // the calls among them that Slack refused, until they are dismissed
    notice: null,         // what a screen reader says: { number, text }
    offered: null,        // what was put into the box from elsewhere: { number, text }
  };
}

const EXCHANGES = 200;

export const threadKey = (channel, ts) => `${channel}/${ts}`;

/** A message that belongs into a thread and not into the channel. */
export const isReply = (message) => Boolean(message.thread_ts) && message.thread_ts !== message.ts;

/** The model after the workspace was loaded. */
export function withWorkspace(model, workspace, me) {
  const channels = new Map(workspace.channels.map((channel) => [channel.id, channel]));
  const views = workspace.views.filter((view) => view.type === "modal");
  const home = workspace.views.find((view) => view.type === "home") ?? null;
  return { ...model, workspace: { ...workspace, channels }, me, views, home };
}

/** The model after older or the first messages of a channel were loaded. */
export function withMessages(model, channel, messages, more) {
  const known = model.conversations.get(channel)?.messages ?? new Map();
  return withConversation(model, channel, { messages: merged(messages, known), more, loaded: true });
}

/** The model after a thread was loaded: its root and the replies. */
export function withReplies(model, channel, thread, messages) {
  const key = threadKey(channel, thread);
  const threads = new Map(model.threads).set(key, merged(messages, model.threads.get(key) ?? new Map()));
  return { ...model, threads };
}

/** What came with an event meanwhile is newer than what was loaded. */
const merged = (loaded, known) => new Map([...loaded.map((message) => [message.ts, message]), ...known]);

/** The model with the line above what is new in a channel; with none where `ts` is undefined. */
export const withLine = (model, channel, ts) => ({ ...model, lines: new Map(model.lines).set(channel, ts) });

/** The model after an event of the live connection. */
export function after(model, event) {
  switch (event.kind) {
    case "hello":
      return { ...model, online: true, run: event.run, connections: event.connections };
    case "app_connected":
    case "app_disconnected":
      return { ...model, connections: event.connections };
    case "channel":
      return withChannel(model, event.channel);
    case "message":
      return withMessage({ ...model, notice: noticeOf(model, event) }, event.message);
    case "message_deleted":
      return withoutMessage(model, event.message);
    case "view_changed":
      return withView(model, event.view);
    case "view_closed":
      return { ...model, views: model.views.filter((view) => view.id !== event.view) };
    case "exchange":
      return withExchange(model, event.exchange);
    default:
      return model;
  }
}

/** The model with the exchanges that there were before; those that it knows stay. */
export function withExchanges(model, exchanges) {
  const known = new Set(model.exchanges.map((one) => one.number));
  const all = [...exchanges.filter((one) => !known.has(one.number)), ...model.exchanges];
  return { ...model, exchanges: all.slice(-EXCHANGES) };
}

function withExchange(model, exchange) {
  if (!exchange) return model; // forgotten by the server already
  const exchanges = [...model.exchanges, exchange].slice(-EXCHANGES);
  const notes = exchange.wasRefused ? [...model.notes, exchange].slice(-EXCHANGES) : model.notes;
  return { ...model, exchanges, notes };
}

function withChannel(model, channel) {
  const channels = new Map(model.workspace.channels).set(channel.id, channel);
  return { ...model, workspace: { ...model.workspace, channels } };
}

function withConversation(model, channel, conversation) {
  return { ...model, conversations: new Map(model.conversations).set(channel, conversation) };
}

function withMessage(model, message) {
  const grown = { ...model, threads: withMessageInThread(model.threads, message) };
  const conversation = model.conversations.get(message.channel);
  if (isReply(message) || !conversation) return grown; // loaded when the channel is opened
  const { messages, more } = conversation;
  const oldest = messages.keys().next().value;
  if (!messages.has(message.ts) && more && oldest && message.ts < oldest) return grown;
  const changed = { ...conversation, messages: new Map(messages).set(message.ts, message) };
  return withConversation(grown, message.channel, changed);
}

/** Threads are loaded when they are opened; only those are kept up. */
function withMessageInThread(threads, message) {
  const key = threadKey(message.channel, message.thread_ts ?? message.ts);
  const known = threads.get(key);
  return known ? new Map(threads).set(key, new Map(known).set(message.ts, message)) : threads;
}

function withoutMessage(model, { channel, ts, thread_ts }) {
  const drop = (messages) => new Map([...messages].filter(([key]) => key !== ts));
  const key = threadKey(channel, thread_ts ?? ts);
  const [known, conversation] = [model.threads.get(key), model.conversations.get(channel)];
  const threads = known ? new Map(model.threads).set(key, drop(known)) : model.threads;
  const without = { ...model, threads };
  if (!conversation) return without;
  return withConversation(without, channel, { ...conversation, messages: drop(conversation.messages) });
}

function withView(model, view) {
  if (view.type === "home") return { ...model, home: view };
  const known = model.views.some((one) => one.id === view.id);
  const views = known ? model.views.map((one) => (one.id === view.id ? view : one)) : [...model.views, view];
  return { ...model, views };
}
