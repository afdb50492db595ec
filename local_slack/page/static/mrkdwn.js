// Slack's markup: https://docs.slack.dev/messaging/formatting-message-text
import { html } from "./html.js";

export function Markup({ text }) {
  return html`${text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&")}`;
}
