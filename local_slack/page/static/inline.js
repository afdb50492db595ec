// What stands in the middle of a line: links, mentions, dates. Shared by mrkdwn and rich text.
import { useContext } from "preact/hooks";
import { ClientContext } from "./client.js";
import { formatted, inFull } from "./dates.js";
import { html } from "./html.js";
import { handleOf, person } from "./names.js";

/** The address if a click on it may leave the page, else nothing: http, https and mail only.
 * @param {string} url @returns {string|undefined} */
export function safe(url) {
  try {
    return ["http:", "https:", "mailto:"].includes(new URL(url).protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}

/** A link that opens beside the page; text alone where the address is of another kind. */
export function Link({ url, children }) {
  const href = safe(url);
  if (!href) return html`<span class="inline">${children}</span>`;
  return html`<a class="inline" href=${href} target="_blank" rel="noopener noreferrer">${children}</a>`;
}

/** A person or a group. Who is not known here stands as `label` or as the id. */
export function Mention({ id, label }) {
  const { workspace, me } = useContext(ClientContext).model;
  const name = handleOf(workspace, id);
  const known = name !== id;
  const text = known ? name : (label || id).replace(/^@/, "");
  const mine = id === me.id || workspace.groups.some((one) => one.id === id && one.users?.includes(me.id));
  const title = person(workspace, id)?.realName;
  return html`<span class=${mine ? "mention mine" : "mention"} title=${title}>@${text}</span>`;
}

/** A channel; a link to it where the person of this window is in it. */
export function ChannelLink({ id, label }) {
  const client = useContext(ClientContext);
  const channel = client.model.workspace.channels.get(id);
  if (!channel) return html`<span class="mention">#${(label || "a private channel").replace(/^#/, "")}</span>`;
  const go = (event) => {
    event.preventDefault();
    client.go({ channel: id, tab: "messages" });
  };
  return html`<a class="mention" href="#" onClick=${go}>#${channel.name}</a>`;
}

/** `@here` and the like. */
export const Broadcast = ({ range }) => html`<span class="mention mine">@${range}</span>`;

/** A date in the reader's own time zone; `fallback` where it cannot be written. */
export function DateText({ timestamp, format, url, fallback }) {
  const text = formatted(timestamp, format);
  const shown = html`<span class="inline" title=${text && inFull(timestamp)}>${text ?? fallback ?? format}</span>`;
  return url ? html`<${Link} url=${url}>${shown}<//>` : shown;
}
