// What people, groups and channels are called in the workspace of this window.

/** `Bob Baker`, or the id of somebody unknown. */
export const personName = (workspace, id) => person(workspace, id)?.realName ?? id;

export const person = (workspace, id) => workspace.people.find((one) => one.id === id);

/** `bob`, `releasers`, `shop`: what stands after the sign of a mention. */
export const handleOf = (workspace, id) =>
  person(workspace, id)?.name ?? workspace.groups.find((one) => one.id === id)?.handle ?? workspace.channels.get(id)?.name ?? id;

/** What a conversation is called in the list and above it. */
export const channelTitle = (workspace, channel) =>
  channel.kind === "direct" ? personName(workspace, channel.with) : channel.name;
