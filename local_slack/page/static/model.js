// What this window knows, and how each event changes it. Nothing here talks to anybody.
import { noticeOf } from "./announcements.js";

/**
 * @typedef {object} Conversation  what is loaded of a channel or a thread
 * @property {Map<string, object>} messages  by timestamp, oldest first; a thread begins with its root
 * @property {boolean} more    whether there are older ones
 * @property {boolean} loaded  false while the first ones are on their way; what comes in meanwhile is there already
 */

export function emptyModel(place) {
  return {
    place,
    workspace: null,      // people, groups, channels, the bot and its commands
    me: null,             // the person of this window
    run: "",              // which run of the server this knows about
    online: true,         // until the connection is lost
    trouble: "",          // why nothing could be loaded
    connections: 0,       // of the bot
    conversations: new Map(), // of Conversation, by channel
    threads: new Map(),   // of Conversation, by channel and timestamp: see threadKey
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

/** The model after older or the first messages of a channel were loaded, or before they are. */
export const withMessages = (model, channel, messages, more, loaded = true) =>
  ({ ...model, conversations: extended(model.conversations, channel, { messages, more, loaded }) });

/** The model after a thread was loaded, its root and the replies, or before it is. */
export const withReplies = (model, channel, thread, messages, loaded = true) =>
  ({ ...model, threads: extended(model.threads, threadKey(channel, thread), { messages, more: false, loaded }) });

/** What came with an event meanwhile is newer than what was loaded, but for changes of what is older still. */
function extended(all, key, { messages, ...rest }) {
  const known = all.get(key);
  const isLater = ([ts]) => known.loaded || !messages.length || ts >= messages[0].ts;
  const kept = known ? [...known.messages].filter(isLater) : [];
  return new Map(all).set(key, { ...rest, messages: new Map([...messages.map((one) => [one.ts, one]), ...kept]) });
}

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

function withMessage(model, message) {
  const { channel, ts, thread_ts } = message;
  const threads = grown(model.threads, threadKey(channel, thread_ts ?? ts), message);
  if (isReply(message)) return { ...model, threads };
  return { ...model, threads, conversations: grown(model.conversations, channel, message) };
}

/** Only what is loaded is kept up; the rest is loaded when it is opened. */
function grown(all, key, message) {
  const known = all.get(key);
  if (!known) return all;
  const { messages, more } = known;
  const isTooOld = more && message.ts < messages.keys().next().value;
  if (isTooOld && !messages.has(message.ts)) return all;
  return new Map(all).set(key, { ...known, messages: new Map(messages).set(message.ts, message) });
}

function withoutMessage(model, { channel, ts, thread_ts }) {
  const threads = shrunk(model.threads, threadKey(channel, thread_ts ?? ts), ts);
  return { ...model, threads, conversations: shrunk(model.conversations, channel, ts) };
}

function shrunk(all, key, ts) {
  const known = all.get(key);
  if (!known?.messages.has(ts)) return all;
  const messages = new Map(known.messages);
  messages.delete(ts);
  return new Map(all).set(key, { ...known, messages });
}

function withView(model, view) {
  if (view.type === "home") return { ...model, home: view };
  const known = model.views.some((one) => one.id === view.id);
  const views = known ? model.views.map((one) => (one.id === view.id ? view : one)) : [...model.views, view];
  return { ...model, views };
}
