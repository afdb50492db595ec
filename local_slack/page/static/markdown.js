// Standard Markdown, as far as apps use it: https://docs.slack.dev/reference/block-kit/blocks/markdown-block
import { withEmoji } from "./emoji.js";
import { html } from "./html.js";
import { Link } from "./inline.js";
import { entity, scanned, unescaped } from "./mrkdwn.js";

const FENCE = /^\s*(`{3,}|~{3,})/;
const HEADING = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}(?:>|&gt;) ?(.*)$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const DIVISION = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** A markdown block. */
export const Markdown = ({ block }) => html`<div class="rich markdown">${drawn(block.text.split("\n"))}</div>`;

/** Each kind of block takes the lines that belong to it, and the rest is looked at again. */
function drawn(lines, depth = 0) {
  const nodes = [];
  for (let at = 0; at < lines.length; ) {
    const [node, next] = block(lines, at, depth);
    if (node) nodes.push(node);
    at = next;
  }
  return nodes;
}

function block(lines, at, depth) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  const fence = FENCE.exec(line);
  if (fence) return fenced(lines, at, fence[1]);
  const heading = HEADING.exec(line.trimEnd());
  if (heading) return [html`<p class="heading" role="heading" aria-level="4">${inline(heading[1])}</p>`, at + 1];
  if (RULE.test(line)) return [html`<hr />`, at + 1];
  if (QUOTE.test(line) && depth < 5) {
    const end = until(lines, at, (one) => !QUOTE.test(one));
    const inside = lines.slice(at, end).map((one) => QUOTE.exec(one)[1]);
    return [html`<blockquote>${drawn(inside, depth + 1)}</blockquote>`, end];
  }
  if (ITEM.test(line)) return list(lines, at);
  if (line.includes("|") && DIVISION.test((lines[at + 1] ?? "").trim())) return table(lines, at);
  const end = until(lines, at + 1, (one) => !one.trim() || begins(one));
  return [html`<p class="text">${inline(lines.slice(at, end).join("\n"))}</p>`, end];
}

const begins = (line) => [FENCE, HEADING, RULE, QUOTE, ITEM].some((kind) => kind.test(line));

function until(lines, from, ends) {
  let at = from;
  while (at < lines.length && !ends(lines[at])) at++;
  return at;
}

function fenced(lines, at, fence) {
  const end = until(lines, at + 1, (one) => one.trim().startsWith(fence));
  return [html`<pre>${unescaped(lines.slice(at + 1, end).join("\n"))}</pre>`, end + 1];
}

/** Items one after the other are one list; deeper ones are indented. */
function list(lines, at) {
  const [, margin, sign] = ITEM.exec(lines[at]);
  const isOrdered = /\d/.test(sign);
  const indent = Math.min(8, Math.floor(margin.length / 2));
  const fits = (one) => {
    const item = ITEM.exec(one);
    return item && /\d/.test(item[2]) === isOrdered && Math.floor(item[1].length / 2) === indent;
  };
  const end = until(lines, at, (one) => !fits(one));
  const items = lines.slice(at, end).map((one) => html`<li>${inline(task(ITEM.exec(one)[3]))}</li>`);
  const tag = isOrdered ? "ol" : "ul";
  const start = isOrdered ? Number.parseInt(sign, 10) : undefined;
  return [html`<${tag} class=${`indent-${indent}`} start=${start}>${items}<//>`, end];
}

const task = (text) => text.replace(/^\[([ xX])\]\s+/, (_, mark) => (mark === " " ? "☐ " : "☑ "));

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

function table(lines, at) {
  const end = until(lines, at + 2, (one) => !one.includes("|"));
  const side = (one) => (/^:-+:$/.test(one) ? "center" : /-:$/.test(one) ? "right" : "left");
  const aligned = cells(lines[at + 1]).map(side);
  const row = (line, tag) => html`<tr>${cells(line).map((cell, column) =>
    html`<${tag} scope=${tag === "th" ? "col" : undefined} class=${aligned[column]}>${inline(cell)}<//>`)}</tr>`;
  const rows = lines.slice(at + 2, end).map((line) => row(line, "td"));
  const shown = html`<div class="table" role="region" aria-label="Table" tabindex="0">
    <table><thead>${row(lines[at], "th")}</thead><tbody>${rows}</tbody></table></div>`;
  return [shown, end];
}

const INLINE = [
  [/^\\([\\`*_~[\](){}#+\-.!<>|])/, (found) => found[1]],
  [/^<([^<>\n]+)>/, (found) => entity(found[1], inline)],
  [/^!?\[([^[\]\n]*)\]\(\s*<?([^\s()<>]+)>?(?:\s+"[^"\n]*")?\s*\)/, (found) =>
    html`<${Link} url=${unescaped(found[2])}>${inline(found[1] || found[2])}<//>`],
  [/^\*\*(?=\S)([^\n]*?\S)\*\*/, (found) => html`<b>${inline(found[1])}</b>`],
  [/^__(?=\S)([^\n]*?\S)__(?!\w)/, (found) => html`<b>${inline(found[1])}</b>`],
  [/^~~(?=\S)([^\n]*?\S)~~/, (found) => html`<s>${inline(found[1])}</s>`],
  [/^\*(?=[^\s*])([^\n*]*[^\s*])\*/, (found) => html`<i>${inline(found[1])}</i>`],
  [/^_(?=[^\s_])([^\n_]*[^\s_])_(?!\w)/, (found) => html`<i>${inline(found[1])}</i>`],
  [/^https?:\/\/[^\s<>|"]*[^\s<>|".,;:!?)\]}'*_~]/, (found) =>
    html`<${Link} url=${unescaped(found[0])}>${unescaped(found[0])}<//>`],
];
const SPECIAL = /[\\`<!*_~h[]/;
const LONGEST = 3000;

const inline = (text) => scanned(text, SPECIAL, (at) => special(text, at), (words) => withEmoji(unescaped(words)));

/** Code between as many backticks as it begins with; as it is typed where they do not end. */
function code(rest, at) {
  const [ticks] = /^`+/.exec(rest);
  const end = ticks.length > 9 ? null : new RegExp(`[^\`](${ticks})(?!\`)`).exec(rest.slice(ticks.length));
  if (!end) return { node: ticks, end: at + ticks.length };
  const length = end.index + 1;
  return {
    node: html`<code>${unescaped(rest.slice(ticks.length, ticks.length + length))}</code>`,
    end: at + 2 * ticks.length + length,
  };
}

function special(text, at) {
  const isInWord = "_h".includes(text[at]) && /[\p{L}\p{N}]/u.test(text[at - 1] ?? "");
  const rest = isInWord ? "" : text.slice(at, at + LONGEST);
  if (text[at] === "`") return code(rest, at);
  for (const [pattern, draw] of INLINE) {
    const found = pattern.exec(rest);
    if (found) return { node: draw(found), end: at + found[0].length };
  }
  return undefined;
}
