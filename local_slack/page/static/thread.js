// A thread at the side: the message that it belongs to, the replies, and the box to write in.
import { useClient } from "./client.js";
import { Composer } from "./composer.js";
import { html } from "./html.js";
import { Messages } from "./messages.js";
import { threadKey } from "./model.js";

export function Thread() {
  const client = useClient();
  const { workspace, place, conversations, threads } = client.model;
  const root = conversations.get(place.channel)?.messages.get(place.thread);
  const replies = threads.get(threadKey(place.channel, place.thread));
  const messages = [...(root ? [root] : []), ...(replies?.values() ?? [])];
  return html`
    <aside class="thread" aria-label="Thread">
      <header><h2>Thread</h2><button type="button" aria-label="Close the thread" onClick=${() => client.go({ thread: "" })}>✕</button></header>
      <${Messages} messages=${messages} label="Replies" />
      <${Composer} channel=${workspace.channels.get(place.channel)} thread=${place.thread} />
    </aside>`;
}
