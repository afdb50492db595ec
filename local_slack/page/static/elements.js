// Block Kit's elements, each by its type: https://docs.slack.dev/reference/block-kit/block-elements
import { Checkboxes, Radios } from "./boxes.js";
import { Button, FeedbackButtons, IconButton, Overflow, WorkflowButton } from "./buttons.js";
import { FileInput } from "./file_input.js";
import { html } from "./html.js";
import { RichTextInput, TextInput } from "./inputs.js";
import { Thumbnail } from "./media.js";
import { Select } from "./menus.js";
import { plain } from "./mrkdwn.js";
import { Picker } from "./pickers.js";

const DRAWN = {
  button: Button,
  workflow_button: WorkflowButton,
  icon_button: IconButton,
  feedback_buttons: FeedbackButtons,
  overflow: Overflow,
  checkboxes: Checkboxes,
  radio_buttons: Radios,
  datepicker: Picker,
  timepicker: Picker,
  datetimepicker: Picker,
  plain_text_input: TextInput,
  email_text_input: TextInput,
  url_text_input: TextInput,
  number_input: TextInput,
  rich_text_input: RichTextInput,
  file_input: FileInput,
  image: Thumbnail,
};
const NAMES = {
  checkboxes: "Choices", radio_buttons: "Choices", datepicker: "Date", timepicker: "Time",
  datetimepicker: "Date and time",
};

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
