// The whole window: who one is and the conversations at the left, the open one, its thread beside it.
import { Conversation } from "./conversation.js";
import { useClient } from "./client.js";
import { html } from "./html.js";
import { Sidebar } from "./sidebar.js";
import { Thread } from "./thread.js";

export function Shell() {
  const { model } = useClient();
  if (!model.workspace) return html`<p class="loading">Connecting…</p>`;
  const { channel, thread } = model.place;
  return html`
    <div class="shell">
      <${Sidebar} />
      <${Conversation} key=${channel} />
      ${thread && html`<${Thread} key=${thread} />`}
      ${!model.online && html`<p class="offline" role="status">The connection to the server is lost; trying again…</p>`}
    </div>`;
}
