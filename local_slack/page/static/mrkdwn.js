// Slack's markup: https://docs.slack.dev/messaging/formatting-message-text
// It becomes nodes of the page, each text of which is a text node: nothing in it is ever HTML.
import { useContext } from "preact/hooks";
import { ClientContext } from "./client.js";
import { emoji, withEmoji } from "./emoji.js";
import { html } from "./html.js";
import { Broadcast, ChannelLink, DateText, Link, Mention } from "./inline.js";

const STYLES = { "*": "b", _: "i", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;
const SPECIAL = /[*_~`<:h#]/;
const LONGEST_STYLE = 3000;
const ESCAPES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** `a &lt; b` → `a < b`. @param {string} text @returns {string} */
const unescaped = (text) => text.replace(/&(?:lt|gt|amp);/g, (one) => ESCAPES[one]);

/** Markup in a text; `verbatim` leaves addresses and names alone that are not marked as such.
 * @param {{text: string, verbatim?: boolean}} props */
export function Markup({ text, verbatim = false }) {
  const { workspace } = useContext(ClientContext).model;
  return blocksOf(text).map(({ kind, text: part }) => {
    if (kind === "pre") return html`<pre>${literal(part)}</pre>`;
    const nodes = inline(part, { verbatim, workspace, open: "" });
    return kind === "quote" ? html`<blockquote>${nodes}</blockquote>` : html`<span class="text">${nodes}</span>`;
  });
}

/** A text object of Block Kit: https://docs.slack.dev/reference/block-kit/composition-objects/text-object */
export const Text = ({ of }) =>
  of.type === "mrkdwn"
    ? html`<${Markup} text=${of.text} verbatim=${of.verbatim} />`
    : html`<span class="text">${plain(of)}</span>`;

/** What a plain text object says. @param {{text: string, emoji?: boolean}} [of] @returns {string} */
export const plain = (of) => (of?.emoji === false ? of.text : withEmoji(of?.text ?? ""));

/** Code blocks, quotes, and the lines between them. */
function blocksOf(text) {
  const found = [];
  for (const [at, part] of text.split(/```([^]+?)```/).entries()) {
    if (at % 2) found.push({ kind: "pre", text: part.replace(/^\n|\n$/g, "") });
    else quotes(part, found);
  }
  return found;
}

function quotes(text, found) {
  const lines = text.replace(/^\n|\n$/g, "").split("\n");
  if (lines.length === 1 && !lines[0]) return;
  for (const [at, line] of lines.entries()) {
    if (/^(?:>>>|&gt;&gt;&gt;)/.test(line)) {
      found.push({ kind: "quote", text: lines.slice(at).join("\n").replace(/^(?:>>>|&gt;&gt;&gt;) ?/, "") });
      return;
    }
    const quoted = /^(?:>|&gt;) ?(.*)/.exec(line);
    add(found, quoted ? "quote" : "text", quoted ? quoted[1] : line);
  }
}

function add(found, kind, line) {
  const last = found.at(-1);
  if (last?.kind === kind) last.text += `\n${line}`;
  else found.push({ kind, text: line });
}

/** What stands in code: entities are still links and mentions, everything else is as it is. */
function literal(text) {
  const parts = text.split(/(<[^<>\n]+>)/);
  return parts.map((part, at) => (at % 2 ? entity(part.slice(1, -1), unescaped) : unescaped(part)));
}

/** The nodes of a text without blocks in it. */
const inline = (text, context) => scanned(text, SPECIAL, (at) => special(text, at, context), unescaped);

/**
 * The nodes of a text: what `find` makes of the places where a sign stands, and what `words` makes of the rest.
 * @param {string} text @param {RegExp} sign
 * @param {(at: number) => {node: unknown, end: number}|undefined} find @param {(text: string) => string} words
 */
function scanned(text, sign, find, words) {
  const nodes = [];
  const signs = new RegExp(sign, "g"); // find may scan what is inside, so each scan has a place of its own
  let from = 0;
  for (let match; (match = signs.exec(text)); ) {
    const found = find(match.index);
    if (!found) continue;
    if (match.index > from) nodes.push(words(text.slice(from, match.index)));
    nodes.push(found.node);
    signs.lastIndex = from = found.end;
  }
  if (from < text.length) nodes.push(words(text.slice(from)));
  return nodes;
}

/** What begins at `at`, and where it ends; nothing if it is only a character. */
function special(text, at, context) {
  const sign = text[at];
  if (sign === "`") return code(text, at);
  if (sign === "<") return marked(text, at, context);
  if (sign === ":") return shortcode(text, at);
  if (sign === "h") return context.verbatim ? undefined : address(text, at);
  if (sign === "#") return context.verbatim ? undefined : channelName(text, at, context);
  return styled(text, at, context);
}

const isWord = (character) => character !== undefined && WORD.test(character);

function code(text, at) {
  const end = text.slice(at + 1, at + LONGEST_STYLE).search(/[`\n]/);
  if (end < 1 || text[at + 1 + end] !== "`") return undefined;
  return { node: html`<code>${literal(text.slice(at + 1, at + 1 + end))}</code>`, end: at + end + 2 };
}

function marked(text, at, context) {
  const found = /^<([^<>\n]+)>/.exec(text.slice(at, at + LONGEST_STYLE));
  if (!found) return undefined;
  const label = (shown) => inline(shown, { ...context, verbatim: true });
  return { node: entity(found[1], label), end: at + found[0].length };
}

/** `@U1`, `#C1|shop`, `!here`, `https://…|label`; `label` makes nodes of what a link shows.
 * @param {string} inside @param {(text: string) => object} label */
function entity(inside, label) {
  const [target, shown = ""] = split(inside, "|");
  const sign = target[0];
  if (sign === "@") return html`<${Mention} id=${target.slice(1)} label=${unescaped(shown)} />`;
  if (sign === "#") return html`<${ChannelLink} id=${target.slice(1)} label=${unescaped(shown)} />`;
  if (sign !== "!") {
    return html`<${Link} url=${unescaped(target)}>${label(shown || target.replace(/^mailto:/, ""))}<//>`;
  }
  const [command, ...rest] = target.slice(1).split("^");
  if (command === "subteam") return html`<${Mention} id=${rest[0]} label=${unescaped(shown)} />`;
  if (command === "date") {
    const [timestamp, format = "", url] = rest.map(unescaped);
    const fallback = unescaped(shown);
    return html`<${DateText} timestamp=${Number(timestamp)} ...${{ format, url, fallback }} />`;
  }
  if (["here", "channel", "everyone"].includes(command)) return html`<${Broadcast} range=${command} />`;
  return unescaped(shown || `<${inside}>`);
}

function split(text, sign) {
  const at = text.indexOf(sign);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function shortcode(text, at) {
  const found = /^:([a-z0-9_+-]+(?:::skin-tone-\d)?):/.exec(text.slice(at, at + 60));
  const sign = found && emoji(found[1]);
  return sign ? { node: sign, end: at + found[0].length } : undefined;
}

function address(text, at) {
  if (isWord(text[at - 1])) return undefined;
  const found = /^https?:\/\/[^\s<>|"]*[^\s<>|".,;:!?)\]}'*_~]/.exec(text.slice(at, at + LONGEST_STYLE));
  if (!found) return undefined;
  const url = unescaped(found[0]);
  return { node: html`<${Link} url=${url}>${url}<//>`, end: at + found[0].length };
}

function channelName(text, at, { workspace }) {
  const found = isWord(text[at - 1]) ? null : /^#([\p{L}\p{N}_-]+)/u.exec(text.slice(at, at + 90));
  const isIt = (one) => one.name === found[1] && one.kind !== "direct";
  const channel = found && [...workspace.channels.values()].find(isIt);
  return channel ? { node: html`<${ChannelLink} id=${channel.id} />`, end: at + found[0].length } : undefined;
}

/** `*bold*` at the edges of words, on one line, with something other than a space inside its ends. */
function styled(text, at, context) {
  const sign = text[at];
  const begins = !isWord(text[at - 1]) && /[^\s]/.test(text[at + 1] ?? "") && text[at + 1] !== sign;
  const end = begins && !context.open.includes(sign) ? closing(text, at + 1, sign) : -1;
  if (end < 0) return undefined;
  const inside = inline(text.slice(at + 1, end), { ...context, open: context.open + sign });
  return { node: html`<${STYLES[sign]}>${inside}<//>`, end: end + 1 };
}

/** Where a style ends that began before `from`; code and links in it are stepped over. */
function closing(text, from, sign) {
  const line = /^.*/.exec(text.slice(from, from + LONGEST_STYLE))[0];
  const past = { "`": "`", "<": ">" };
  for (let at = 0; at < line.length; at++) {
    const end = past[line[at]] ? line.indexOf(past[line[at]], at + 1) : 0;
    if (end > 0) at = end;
    else if (end < 0) delete past[line[at]]; // looked for once: a line full of them takes no longer
    else if (line[at] === sign && at && !/\s/.test(line[at - 1]) && !isWord(line[at + 1])) return from + at;
  }
  return -1;
}
