// What a screen reader says of what happens: new messages, and cards that come to a new state. A card
// that only counts on (percent, seconds, megabytes) is changed once a second and says nothing.
import { handleOf, personName } from "./names.js";

const LONGEST = 300;

/** The notice after a message event; the one before where there is nothing to say. */
export function noticeOf(model, { message, isNew, number }) {
  const { place, me, conversations, threads } = model;
  const key = `${message.channel}/${message.thread_ts ?? message.ts}`;
  const isHere = message.channel === place.channel && place.tab === "messages";
  const isReply = message.thread_ts && message.thread_ts !== message.ts;
  const isRead = isHere && (!isReply || message.thread_ts === place.thread);
  if (!isRead || message.user === me.id) return model.notice;
  const [channel, thread] = [conversations.get(message.channel), threads.get(key)];
  const before = channel?.messages.get(message.ts) ?? thread?.messages.get(message.ts);
  if (!isNew && (!before || withoutCounts(before) === withoutCounts(message))) return model.notice;
  return { number: `${number}/${message.ts}`, text: spoken(model.workspace, message) };
}

const withoutCounts = ({ text }) => text.replace(/[\d.,]+/g, "").replace(/\b(?:[kMG]?B|ms|s|min|h)\b/g, "");

/** `Quaymaster: Push shop/web:1.4 (#1042)` */
export function spoken(workspace, { user, text, files, only_for }) {
  const words = text
    .replace(/<@(\w+)[^>]*>|<!subteam\^(\w+)[^>]*>/g, (_, one, group) => `@${handleOf(workspace, one ?? group)}`)
    .replace(/<[^|>]*\|([^>]*)>|<!?([^>]*)>/g, (_, label, target) => label ?? target)
    .replace(/&(lt|gt|amp);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&" })[name])
    .replace(/[*_~`]|:[a-z0-9_+-]+:/g, "");
  const attached = files.map((file) => `file ${file.name}`).join(", ");
  const said = [words.slice(0, LONGEST).trim(), attached].filter(Boolean).join(", ");
  return `${personName(workspace, user)}${only_for ? ", only visible to you" : ""}: ${said}`;
}
