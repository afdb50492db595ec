// Who one is, and the conversations with their unread marks.
import { useClient } from "./client.js";
import { html } from "./html.js";
import { channelTitle } from "./names.js";

const SIGNS = { public: "#", private: "🔒", direct: "●" };

export function Sidebar() {
  const client = useClient();
  const { workspace, me, place } = client.model;
  const people = workspace.people.filter((one) => one.canBe);
  return html`
    <nav class="sidebar" aria-label="Conversations">
      <h1>${workspace.team.name}</h1>
      <label class="be">You are
        <select value=${me.name} onChange=${(event) => client.go({ person: event.target.value })}>
          ${people.map((one) => html`<option value=${one.name}>${one.realName} · ${one.title || "member"}</option>`)}
        </select>
      </label>
      <ul>
        ${[...workspace.channels.values()].map((channel) => html`
          <li key=${channel.id}>
            <a href="#" aria-current=${channel.id === place.channel ? "page" : undefined} class=${channel.unread ? "unread" : ""}
               onClick=${(event) => { event.preventDefault(); client.go({ channel: channel.id, tab: "messages" }); }}>
              <span aria-hidden="true">${SIGNS[channel.kind]}</span> ${channelTitle(workspace, channel)}
              ${channel.unread > 0 && html`<span class="count">${channel.unread}<span class="hidden"> unread</span></span>`}
            </a>
          </li>`)}
      </ul>
    </nav>`;
}
