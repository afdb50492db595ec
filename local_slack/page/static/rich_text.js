// Rich text: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
import { emoji } from "./emoji.js";
import { html } from "./html.js";
import { Broadcast, ChannelLink, DateText, Link, Mention } from "./inline.js";

/** The parts of a rich text block, or of a cell of a table. */
export const RichText = ({ block }) =>
  html`<div class="rich">${block.elements.map((part) => html`<${Part} part=${part} />`)}</div>`;

const border = (part) => (part.border ? "bordered" : "");

function Part({ part }) {
  switch (part.type) {
    case "rich_text_section":
      return html`<div class="text">${part.elements.map(leaf)}</div>`;
    case "rich_text_list":
      return html`<${List} part=${part} />`;
    case "rich_text_quote":
      return html`<blockquote class=${border(part)}>${part.elements.map(leaf)}</blockquote>`;
    case "rich_text_preformatted":
      return html`<pre class=${border(part)}>${part.elements.map(leaf)}</pre>`;
    default:
      return html`<p class="unknown">A part of the type ${part.type} is not drawn here.</p>`;
  }
}

const NUMBERS = ["1", "a", "i"];
const BULLETS = ["disc", "circle", "square"];

function List({ part }) {
  const { indent = 0, offset = 0 } = part;
  const items = part.elements.map((section) => html`<li>${section.elements.map(leaf)}</li>`);
  const look = `indent-${indent} ${border(part)}`;
  return part.style === "ordered"
    ? html`<ol class=${look} type=${NUMBERS[indent % 3]} start=${offset + 1}>${items}</ol>`
    : html`<ul class=${`${look} ${BULLETS[indent % 3]}`}>${items}</ul>`;
}

const MARKS = {
  code: "code", strike: "s", italic: "i", bold: "b", underline: "u", highlight: "mark", client_highlight: "mark",
};

/** What stands in a line, with its styles around it. */
function leaf(element) {
  const styles = Object.keys(MARKS).filter((name) => element.style?.[name]);
  return styles.reduce((inside, name) => html`<${MARKS[name]}>${inside}<//>`, bare(element));
}

function bare(element) {
  switch (element.type) {
    case "text":
      return element.text;
    case "link":
      return html`<${Link} url=${element.url}>${element.text || element.url}<//>`;
    case "user":
      return html`<${Mention} id=${element.user_id} />`;
    case "usergroup":
      return html`<${Mention} id=${element.usergroup_id} />`;
    case "channel":
      return html`<${ChannelLink} id=${element.channel_id} />`;
    case "team":
      return html`<span class="mention">${element.team_id}</span>`;
    case "broadcast":
      return html`<${Broadcast} range=${element.range} />`;
    case "emoji":
      return emoji(element.name) ?? fromCode(element.unicode) ?? `:${element.name}:`;
    case "color":
      return html`<${Color} value=${element.value} />`;
    case "date":
      return html`<${DateText} ...${element} />`;
    default:
      return "";
  }
}

/** `1f6a2` or `1f468-200d-1f4bb`, as Slack names emoji that it gives no name. */
function fromCode(code) {
  const points = code?.split("-").map((point) => Number.parseInt(point, 16)) ?? [];
  const isFit = points.length && points.every((point) => point > 0 && point <= 0x10ffff);
  return isFit ? String.fromCodePoint(...points) : undefined;
}

/** A colour by its name, with a patch of it. */
function Color({ value }) {
  const isColor = /^#[0-9a-f]{3,8}$/i.test(value);
  const patch = isColor && html`<span class="patch" style=${{ backgroundColor: value }}></span>`;
  return html`<span class="color">${patch}${value}</span>`;
}
