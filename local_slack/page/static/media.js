// Pictures, videos and files. Only what this server holds is loaded, never anything from elsewhere.
import { useState } from "preact/hooks";
import { html } from "./html.js";
import { Link } from "./inline.js";
import { plain } from "./mrkdwn.js";

/** Where the page finds a file that was shared; nothing for what is elsewhere. */
function local({ slack_file: file }) {
  const id = file?.id ?? /\/files-pri\/(?:[^/]*-)?(F\w+)\//.exec(file?.url ?? "")?.[1];
  return id && `files/${encodeURIComponent(id)}/picture`;
}

function host(url) {
  try {
    return new URL(url).host;
  } catch {
    return "another place";
  }
}

/** Words instead of a picture that is not here. */
const Absent = ({ of, from }) => html`
  <p class="absent"><span aria-hidden="true">🖼️</span> <span class="inline">${of}</span>
    <small>${from ? `On ${from}; nothing is loaded from elsewhere.` : "The file is not there."}</small></p>`;

function Picture({ of, small }) {
  const [isLost, setLost] = useState(false);
  const source = local(of);
  if (!source || isLost) return html`<${Absent} of=${of.alt_text} from=${of.image_url && host(of.image_url)} />`;
  return html`<img class=${small ? "small" : ""} src=${source} alt=${of.alt_text} onError=${() => setLost(true)} />`;
}

/** A block of its own: https://docs.slack.dev/reference/block-kit/blocks/image-block */
export const ImageBlock = ({ block }) => html`
  <figure class="image">
    ${block.title && html`<figcaption>${plain(block.title)}</figcaption>`}
    <${Picture} of=${block} />
  </figure>`;

/** A picture beside a section. */
export const Thumbnail = ({ element }) => html`<span class="thumbnail"><${Picture} of=${element} small /></span>`;

/** A picture in a line of context: where it is elsewhere, its words alone. */
export const Icon = ({ element }) =>
  local(element)
    ? html`<${Picture} of=${element} small />`
    : html`<span class="inline absent" title=${`On ${host(element.image_url)}; nothing is loaded from elsewhere`}>
        <span aria-hidden="true">🖼️ </span>${element.alt_text}</span>`;

/** https://docs.slack.dev/reference/block-kit/blocks/video-block */
export const VideoBlock = ({ block }) => html`
  <section class="card" aria-label=${`Video: ${plain(block.title)}`}>
    <p class="by">${[block.provider_name, block.author_name].filter(Boolean).join(" · ") || "Video"}</p>
    <p class="name"><${Link} url=${block.title_url ?? block.video_url}>${plain(block.title)}<//></p>
    ${block.description && html`<p>${plain(block.description)}</p>`}
    <${Absent} of=${block.alt_text} from=${host(block.video_url)} />
  </section>`;

/** A remote file that Slack adds to what is read back. */
export const FileBlock = ({ block }) => html`
  <section class="card" aria-label="File">
    <p class="name"><span aria-hidden="true">📄 </span>${block.external_id ?? block.file_id ?? "A file"}</p>
    <p class="by">A remote file</p>
  </section>`;
