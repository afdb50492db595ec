// A channel's topic. What stands between backticks is a command to try: a click puts it into the box.
import { useContext, useState } from "preact/hooks";
import { ClientContext } from "./client.js";
import { html } from "./html.js";
import { Markup } from "./mrkdwn.js";

/** @param {{text: string}} props */
export function Topic({ text }) {
  const client = useContext(ClientContext);
  const [isOpen, setIsOpen] = useState(!matchMedia("(max-width: 760px)").matches);
  const parts = text.split(/`([^`\n]+)`/);
  const commands = parts.filter((_, at) => at % 2).length;
  const put = (command) => client.offer(command);
  return html`
    <div class=${`topic ${isOpen ? "" : "folded"}`}>
      <p>${parts.map((part, at) => (at % 2
        ? html`<button type="button" class="try" title="Put into the box" onClick=${() => put(part)}>${part}</button>`
        : html`<${Markup} text=${escaped(part)} />`))}</p>
      ${commands > 1 && html`
        <button type="button" class="link" aria-expanded=${isOpen} onClick=${() => setIsOpen(!isOpen)}>
          ${isOpen ? "Hide" : "Show"}<span class="hidden"> the topic</span></button>`}
    </div>`;
}

/** A topic is text as people type it. */
const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);
