// Block Kit's layout blocks: https://docs.slack.dev/reference/block-kit/blocks
import { useContext } from "preact/hooks";
import { html } from "./html.js";
import { Markup } from "./mrkdwn.js";
import { Surface } from "./surface.js";

export function Blocks({ blocks }) {
  return blocks.map((block) => html`<${Block} key=${block.block_id} block=${block} />`);
}

function Block({ block }) {
  const surface = useContext(Surface);
  switch (block.type) {
    case "header":
      return html`<h3>${block.text.text}</h3>`;
    case "divider":
      return html`<hr />`;
    case "actions":
      return html`<div class="actions">${block.elements.map((one) => html`<button type="button" onClick=${() => surface.click(one.action_id)}>${one.text?.text}</button>`)}</div>`;
    default:
      return html`<p class="section"><${Markup} text=${block.text?.text ?? block.type} /></p>`;
  }
}
