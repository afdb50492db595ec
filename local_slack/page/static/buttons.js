// Elements that are pressed: buttons, and links that look like buttons.
import { html } from "./html.js";
import { safe } from "./inline.js";
import { plain } from "./mrkdwn.js";
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
