// Elements that are pressed: buttons, links that look like buttons, overflow menus.
import { useRef } from "preact/hooks";
import { html } from "./html.js";
import { safe } from "./inline.js";
import { plain } from "./mrkdwn.js";
import { usePopover } from "./popover.js";
import { useSending } from "./sending.js";

const OUT = { target: "_blank", rel: "noopener noreferrer" };
const open = (url) => window.open(url, OUT.target, "noopener,noreferrer");

/** https://docs.slack.dev/reference/block-kit/block-elements/button-element */
export function Button({ block, element }) {
  const { press, sending, status } = useSending(block, element);
  const url = element.url && safe(element.url);
  const style = `button ${element.style ?? ""} ${sending ? "sending" : ""}`;
  const about = { class: style, "aria-label": element.accessibility_label, "aria-busy": sending || undefined };
  const text = plain(element.text);
  if (!url) {
    return html`
      <button type="button" ...${about} onClick=${() => press(element.value)}>${text}</button>${status}`;
  }
  const follow = async (event) => {
    if (element.confirm) event.preventDefault();
    if ((await press(element.value)) && element.confirm) open(url);
  };
  return html`<a ...${about} ...${OUT} href=${url} onClick=${follow}>${text}</a>${status}`;
}

/** Slack runs the workflow itself, which does not happen here. */
export const WorkflowButton = ({ element }) => html`
  <button type="button" class=${`button ${element.style ?? ""}`} disabled title="Workflows do not run here">
    ${plain(element.text)}
  </button>`;

/** https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element */
export function Overflow({ block, element, aria }) {
  const { press, sending, status } = useSending(block, element);
  const opener = useRef(null);
  const popover = usePopover(opener);
  const pick = (option) => {
    popover.hide();
    press(option.value);
  };
  const item = (option) => {
    const url = option.url && safe(option.url);
    const shown = html`${plain(option.text)}${option.description && html`<small>${plain(option.description)}</small>`}`;
    return url
      ? html`<a href=${url} ...${OUT} onClick=${() => pick(option)}>${shown}</a>`
      : html`<button type="button" onClick=${() => pick(option)}>${shown}</button>`;
  };
  return html`
    <button type="button" class=${`button ${sending ? "sending" : ""}`} ref=${opener} ...${popover.opens}
            ...${aria} aria-label="More actions" aria-busy=${sending || undefined}>⋯</button>
    <ul class="menu" ...${popover.own}>
      ${element.options.map((option) => html`<li>${item(option)}</li>`)}
    </ul>${status}`;
}

/** https://docs.slack.dev/reference/block-kit/block-elements/icon-button-element */
export const IconButton = ({ block, element }) =>
  html`<${Signs} block=${block} element=${element} signs=${{ "🗑️": element }} />`;

/** https://docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element */
export function FeedbackButtons({ block, element }) {
  const signs = { "👍": element.positive_button, "👎": element.negative_button };
  return html`<${Signs} block=${block} element=${element} signs=${signs} />`;
}

function Signs({ block, element, signs }) {
  const { press, sending, status } = useSending(block, element);
  const one = ([sign, button]) => html`
    <button type="button" class=${`button ${sending ? "sending" : ""}`} title=${plain(button.text)}
            aria-label=${button.accessibility_label ?? plain(button.text)} aria-busy=${sending || undefined}
            onClick=${() => press(button.value)}><span aria-hidden="true">${sign}</span></button>`;
  return html`${Object.entries(signs).map(one)}${status}`;
}
