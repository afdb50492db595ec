// Who one is, and the conversations with their unread marks.
import { useClient, useModel } from "./client.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { channelTitle, inOrder, peopleToBe, roleOf, somebodyElse } from "./names.js";
import { fragmentOf } from "./place.js";
import { counted } from "./time.js";

/** @param {{onGone: () => void, isInspecting: boolean, onInspect: () => void}} props */
export function Sidebar({ onGone, isInspecting, onInspect }) {
  const workspace = useModel((model) => model.workspace);
  const { channels, direct } = inOrder(workspace);
  const entry = (channel) => html`<${Entry} key=${channel.id} channel=${channel} onGone=${onGone} />`;
  return html`
    <nav class="sidebar" id="conversations" aria-label="Conversations">
      <div class="team">
        <h1>${workspace.team.name}</h1>
        <button type="button" class="icon narrow" aria-label="Close the list" onClick=${onGone}>
          <${Icon} name="close" /></button>
      </div>
      <${Who} />
      <div class="lists">
        <h2 id="channels-title">Channels</h2>
        <ul aria-labelledby="channels-title">${channels.map(entry)}</ul>
        <h2 id="direct-title">Direct messages</h2>
        <ul aria-labelledby="direct-title">${direct.map(entry)}</ul>
      </div>
      <div class="foot">
        <${Bot} />
        <button type="button" class="inspect" aria-pressed=${isInspecting} aria-keyshortcuts="Alt+I"
                onClick=${onInspect}><${Icon} name="pulse" /> Inspector <kbd>Alt+I</kbd></button>
      </div>
    </nav>`;
}

/** The switch between people, and the way to be two of them. */
function Who() {
  const client = useClient();
  const { workspace, me, place } = client.model;
  const other = somebodyElse(workspace, me);
  const channel = workspace.channels.get(place.channel)?.kind === "direct" ? "" : place.channel;
  return html`
    <div class="who">
      <label>You are
        <select value=${me.name} onChange=${(event) => client.go({ person: event.target.value })}>
          ${peopleToBe(workspace).map((one) => html`
            <option key=${one.name} value=${one.name}>${one.realName} · ${roleOf(one)}</option>`)}
        </select>
      </label>
      ${other && html`
        <p>Open a second window to be two people at once:
          <a href=${fragmentOf({ person: other.name, channel })} target="_blank" rel="noopener">
            <${Icon} name="window" /> as ${other.realName}</a></p>`}
    </div>`;
}

function Entry({ channel, onGone }) {
  const client = useClient();
  const { workspace, place, me } = client.model;
  const { id, kind, unread, mentions, archived } = channel;
  const isOpen = id === place.channel;
  const go = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another window of the same person
    event.preventDefault();
    client.go({ channel: id, tab: "messages" });
    onGone();
  };
  const kinds = [unread ? "unread" : "", archived ? "archived" : ""].filter(Boolean).join(" ");
  const sign = { public: "#", private: html`<${Icon} name="lock" />`, direct: html`<${Dot} />` }[kind];
  return html`
    <li><a href=${fragmentOf({ person: me.name, channel: id })} class=${kinds}
           aria-current=${isOpen ? "page" : undefined} onClick=${go}>
      <span class="sign" aria-hidden="true">${sign}</span>
      <span class="title">${channelTitle(workspace, channel)}
        ${kind === "private" && html`<span class="hidden"> (private)</span>`}
        ${archived && html` <span class="note">archived</span>`}</span>
      ${unread > 0 && html`<${Unread} unread=${unread} mentions=${mentions} />`}
    </a></li>`;
}

/** How much is unread; where one is mentioned, that stands out. */
function Unread({ unread, mentions }) {
  const number = mentions || unread;
  const words = mentions ? `${counted(mentions, "mention")}, ${unread} unread` : `${unread} unread`;
  return html`
    <span class=${`count ${mentions ? "mentions" : ""}`} title=${words}>
      <span aria-hidden="true">${number > 99 ? "99+" : number}</span><span class="hidden"> (${words})</span></span>`;
}

const Dot = () => {
  const isConnected = useModel((model) => model.connections > 0);
  return html`<span class=${`dot ${isConnected ? "on" : ""}`}></span>`;
};

function Bot() {
  const bot = useModel((model) => model.workspace.bot);
  const isConnected = useModel((model) => model.connections > 0);
  return html`
    <p class="bot" role="status"><${Dot} /> @${bot.name} is ${isConnected ? "connected" : "not connected"}</p>`;
}
