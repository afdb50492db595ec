// Block Kit's layout blocks: https://docs.slack.dev/reference/block-kit/blocks
import { useState } from "preact/hooks";
import { Element } from "./elements.js";
import { html } from "./html.js";
import { Input } from "./inputs.js";
import { plain, Text } from "./mrkdwn.js";
import { RichText } from "./rich_text.js";

/** All blocks of a message or a view. @param {{blocks: object[]}} props */
export function Blocks({ blocks }) {
  const seen = new Map();
  const keyed = blocks.map((block) => {
    const name = nameOf(block);
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return html`<${Block} key=${`${name}/${seen.get(name)}`} block=${block} />`;
  });
  return html`<div class="blocks">${keyed}</div>`;
}

/** What a block stays when a message is edited (its id may be new): so the focus stays where it is. */
function nameOf(block) {
  const elements = [...(block.elements ?? []), block.accessory, block.element];
  return [block.type, ...elements.map((one) => one?.action_id ?? "")].join("/");
}

const DRAWN = {
  header: ({ block }) => html`<h3 class="header">${plain(block.text)}</h3>`,
  divider: () => html`<hr />`,
  section: Section,
  context: Context,
  actions: Actions,
  input: Input,
  rich_text: RichText,
};

function Block({ block }) {
  const kind = Object.hasOwn(DRAWN, block.type) && DRAWN[block.type];
  if (kind) return html`<${kind} block=${block} />`;
  return html`<p class="unknown">A block of the type ${block.type} is not drawn here.</p>`;
}

function Section({ block }) {
  const { text, fields, accessory } = block;
  return html`
    <div class="section">
      <div class="words">
        ${text && html`<${Cut} text=${text.text} isWhole=${block.expand}><${Text} of=${text} /><//>`}
        ${fields && html`<div class="fields">${fields.map((one) => html`<div><${Text} of=${one} /></div>`)}</div>`}
      </div>
      ${accessory && html`<div class="accessory">
        <${Element} block=${block} element=${accessory} label=${spoken(text ?? fields[0])} /></div>`}
    </div>`;
}

/** The first words of a text, to name what stands beside it. */
const spoken = ({ text }) => text.replace(/<[^>]*>|[*_~`]/g, "").trim().slice(0, 80) || "Choice";

const LONG = { characters: 700, lines: 12 };

/** A long text is cut until somebody wants to read on. */
function Cut({ text, isWhole, children }) {
  const [isOpen, setOpen] = useState(false);
  const isLong = text.length > LONG.characters || text.split("\n").length > LONG.lines;
  if (isWhole || !isLong) return html`<div>${children}</div>`;
  const open = () => setOpen(true);
  return html`
    <div class=${isOpen ? "" : "cut"} onFocusIn=${open}>${children}</div>
    <button type="button" class="more" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>
      ${isOpen ? "See less" : "See more"}</button>`;
}

function Context({ block }) {
  const item = (one) => html`<div><${Text} of=${one} /></div>`;
  return html`<div class="context">${block.elements.map(item)}</div>`;
}

function Actions({ block }) {
  const element = (one) => html`<${Element} key=${one.action_id} block=${block} element=${one} />`;
  return html`<div class="actions">${block.elements.map(element)}</div>`;
}
