// What people, groups and channels are called in the workspace of this window.

const SLACKBOT = { id: "USLACKBOT", name: "slackbot", realName: "Slackbot", title: "", kind: "bot" };
const HUES = 8;

/** `Bob Baker`, or the id of somebody unknown. */
export const personName = (workspace, id) => person(workspace, id)?.realName ?? id;

/** Who has this id; Slack itself speaks as Slackbot. */
export const person = (workspace, id) =>
  workspace.people.find((one) => one.id === id) ?? (id === SLACKBOT.id ? SLACKBOT : undefined);

/** `bob`, `releasers`, `shop`: what stands after the sign of a mention. */
export const handleOf = (workspace, id) =>
  person(workspace, id)?.name
  ?? workspace.groups.find((one) => one.id === id)?.handle
  ?? workspace.channels.get(id)?.name
  ?? id;

/** What a conversation is called in the list and above it. */
export const channelTitle = (workspace, channel) =>
  channel.kind === "direct" ? personName(workspace, channel.with) : channel.name;

/** With the sign before it where it has one: `#shop`. */
export const channelName = (workspace, channel) =>
  channel.kind === "direct" ? channelTitle(workspace, channel) : `#${channel.name}`;

/** `AA` of Alice Archer. */
export const initials = (name) =>
  name.split(/\s+/).map((word) => word[0]).filter(Boolean).slice(0, 2).join("").toUpperCase();

/** A number from 0 to 7 that somebody keeps: the colour of their picture. */
export const hueOf = (id) => [...id].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) % 9973, 7) % HUES;

/** Who a window can be: everybody but bots and those who left. */
export const peopleToBe = (workspace) => workspace.people.filter((one) => one.canBe);

/** `Release manager`, with `guest` for guests. */
export function roleOf(one) {
  if (one.kind === "bot") return "App";
  const title = one.title || (one.isGuest ? "" : "Member");
  return [title, one.isGuest && !/guest/i.test(title) ? "Guest" : ""].filter(Boolean).join(", ");
}

/** Somebody with another role, to be in a second window. */
export function somebodyElse(workspace, me) {
  const others = peopleToBe(workspace).filter((one) => one.id !== me.id && !one.isGuest);
  return others.find((one) => one.title !== me.title) ?? others[0];
}

/** What stands between the lines of a conversation's list: channels, then archived ones, then direct ones. */
export function inOrder(workspace) {
  const all = [...workspace.channels.values()];
  const channels = all.filter((one) => one.kind !== "direct");
  channels.sort((one, other) => one.archived - other.archived || one.name.localeCompare(other.name));
  return { channels, direct: all.filter((one) => one.kind === "direct") };
}
