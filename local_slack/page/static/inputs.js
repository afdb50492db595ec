// Input blocks, and the elements that one types into:
// https://docs.slack.dev/reference/block-kit/blocks/input-block
import { useContext, useId } from "preact/hooks";
import { Element } from "./elements.js";
import { html } from "./html.js";
import { plain } from "./mrkdwn.js";
import { useChoice } from "./sending.js";
import { Surface } from "./surface.js";

const GROUPS = ["checkboxes", "radio_buttons"];

/** A label, an element, a hint, and what is wrong with what was put in. */
export function Input({ block }) {
  const { errors = {} } = useContext(Surface);
  const id = useId();
  const { element } = block;
  const error = errors[block.block_id];
  const isGroup = GROUPS.includes(element.type);
  const describes = [block.hint && `${id}h`, error && `${id}e`].filter(Boolean).join(" ") || undefined;
  const aria = {
    id: `${id}i`,
    "aria-labelledby": `${id}l`,
    "aria-describedby": describes,
    "aria-invalid": error ? "true" : undefined,
    "aria-required": block.optional || element.type === "checkboxes" ? undefined : "true",
  };
  const label = html`${plain(block.label)}${block.optional && html` <span class="optional">(optional)</span>`}`;
  return html`
    <div class=${error ? "input wrong" : "input"} data-block=${block.block_id}>
      ${isGroup ? html`<span class="label" id=${`${id}l`}>${label}</span>`
        : html`<label class="label" id=${`${id}l`} for=${`${id}i`}>${label}</label>`}
      <${Element} block=${block} element=${element} aria=${aria} />
      ${error && html`<p class="error" id=${`${id}e`}>${error}</p>`}
      ${block.hint && html`<p class="hint" id=${`${id}h`}>${plain(block.hint)}</p>`}
    </div>`;
}

const TYPES = { email_text_input: "email", url_text_input: "url", number_input: "number" };

/** One line or several; with `dispatch_action` the app is told at Enter, or at every character. */
export function TextInput({ block, element, aria }) {
  const { value, keep, tell, sending, status } = useChoice(block, element, element.initial_value ?? "");
  const moments = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const isLong = element.multiline;
  const typed = ({ target }) => {
    keep(target.value);
    if (moments.includes("on_character_entered")) tell(target.value);
  };
  const key = (event) => {
    if (event.key !== "Enter" || isLong || !block.dispatch_action) return;
    event.preventDefault();
    if (moments.includes("on_enter_pressed")) tell(event.target.value);
  };
  const own = {
    ...aria,
    value,
    placeholder: element.placeholder && plain(element.placeholder),
    maxlength: element.max_length,
    minlength: element.min_length,
    "aria-busy": sending || undefined,
    onInput: typed,
    onKeyDown: key,
  };
  if (isLong) return html`<textarea class="field" rows="4" ...${own}></textarea>${status}`;
  const step = element.type !== "number_input" ? undefined : element.is_decimal_allowed ? "any" : "1";
  return html`
    <input class="field" type=${TYPES[element.type] ?? "text"} step=${step} min=${element.min_value}
           max=${element.max_value} ...${own} />${status}`;
}

/** Formatted text; here it is typed plain. */
export function RichTextInput({ block, element, aria }) {
  const { value, keep, status } = useChoice(block, element, element.initial_value ?? "");
  const text = typeof value === "string" ? value : words(value);
  return html`<textarea class="field" rows="4" ...${aria} value=${text} onInput=${({ target }) => keep(target.value)}
    placeholder=${element.placeholder && plain(element.placeholder)}></textarea>${status}`;
}

const words = (node) => node.text ?? (node.elements ?? []).map(words).join(node.type === "rich_text" ? "\n" : "");
