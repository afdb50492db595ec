// Block Kit's elements, each by its type: https://docs.slack.dev/reference/block-kit/block-elements
import { Checkboxes, Radios } from "./boxes.js";
import { Button } from "./buttons.js";
import { FileInput } from "./file_input.js";
import { html } from "./html.js";
import { RichTextInput, TextInput } from "./inputs.js";
import { Select } from "./menus.js";
import { plain } from "./mrkdwn.js";
import { DatePicker } from "./pickers.js";

const DRAWN = {
  button: Button,
  checkboxes: Checkboxes,
  radio_buttons: Radios,
  datepicker: DatePicker,
  plain_text_input: TextInput,
  email_text_input: TextInput,
  url_text_input: TextInput,
  number_input: TextInput,
  rich_text_input: RichTextInput,
  file_input: FileInput,
};
const NAMES = { checkboxes: "Choices", radio_buttons: "Choices", datepicker: "Date" };

/**
 * @param {object} props
 * @param {object} props.block    what the element is in
 * @param {object} props.element
 * @param {object} [props.aria]   its id, and what names and describes it; its placeholder names it without
 * @param {string} [props.label]  what it is called where its placeholder does not say
 */
export function Element({ block, element, aria, label }) {
  const kind = element.type.endsWith("_select") ? Select : Object.hasOwn(DRAWN, element.type) && DRAWN[element.type];
  if (!kind) return html`<span class="unknown">An element of the type ${element.type} is not drawn here.</span>`;
  const name = element.placeholder ? plain(element.placeholder) : label ?? NAMES[element.type] ?? "Choice";
  return html`<${kind} block=${block} element=${element} aria=${aria ?? { "aria-label": name }} />`;
}
