// The open conversation: what it is about, its messages, and the box to write in.
import { useClient } from "./client.js";
import { Composer } from "./composer.js";
import { html } from "./html.js";
import { Messages } from "./messages.js";
import { channelTitle } from "./names.js";

export function Conversation() {
  const client = useClient();
  const { workspace, place, conversations } = client.model;
  const channel = workspace.channels.get(place.channel);
  const loaded = conversations.get(place.channel);
  return html`
    <main class="conversation">
      <header>
        <h2>${channelTitle(workspace, channel)}</h2>
        ${channel.topic && html`<p class="topic">${channel.topic}</p>`}
      </header>
      <${Messages} messages=${[...(loaded?.messages.values() ?? [])]} more=${loaded?.more} onOlder=${() => client.older(channel.id)} />
      <${Composer} channel=${channel} />
    </main>`;
}
