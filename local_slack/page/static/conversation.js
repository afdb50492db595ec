// The open conversation: what it is about, its messages, and the box to write in.
import { useRef } from "preact/hooks";
import { useClient } from "./client.js";
import { Composer } from "./composer.js";
import { Home } from "./home.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { Messages } from "./messages.js";
import { channelName, channelTitle, personName, person, roleOf } from "./names.js";
import { DeveloperNotes } from "./notes.js";
import { usePopover } from "./popover.js";
import { counted } from "./time.js";
import { Topic } from "./topic.js";

const TABS = { messages: "Messages", home: "Home" };

/** @param {{onList: () => void, isListOpen: boolean}} props  shows the conversations on narrow screens */
export function Conversation({ onList, isListOpen }) {
  const client = useClient();
  const { workspace, place } = client.model;
  const channel = workspace.channels.get(place.channel);
  if (!channel) return html`<main class="conversation"><p class="empty">You are in no conversation yet.</p></main>`;
  const hasHome = channel.kind === "direct" && workspace.bot.homeTab;
  return html`
    <main class="conversation">
      <header>
        <div class="bar">
          <button type="button" class="icon narrow" aria-label="Show the list" aria-controls="conversations"
                  aria-expanded=${isListOpen} onClick=${onList}><${Icon} name="menu" /></button>
          <h2>${channel.kind === "private" && html`<${Icon} name="lock" /> `}
            ${channel.kind === "public" && html`<span class="sign" aria-hidden="true">#</span>`}
            ${channelTitle(workspace, channel)}</h2>
          ${channel.kind !== "direct" && html`<${Members} workspace=${workspace} channel=${channel} />`}
        </div>
        ${channel.topic && html`<${Topic} text=${channel.topic} />`}
        ${hasHome && html`<${Tabs} tab=${place.tab} onTab=${(tab) => client.go({ tab, thread: "" })} />`}
      </header>
      ${place.tab === "home" && hasHome
        ? html`<div class="panel" role="tabpanel" id="panel" aria-labelledby="tab-home" tabindex="0"><${Home} /></div>`
        : html`<${Talk} channel=${channel} hasTabs=${hasHome} />`}
    </main>`;
}

function Talk({ channel, hasTabs }) {
  const client = useClient();
  const { workspace, conversations, lines, me, trouble } = client.model;
  const loaded = conversations.get(channel.id);
  const panel = hasTabs ? { role: "tabpanel", id: "panel", "aria-labelledby": "tab-messages" } : {};
  return html`
    <div class="talk" ...${panel}>
      ${loaded?.loaded
        ? html`
          <${Messages} messages=${loaded.messages} more=${loaded.more} line=${lines.get(channel.id)} me=${me.id}
                       onOlder=${() => client.older(channel.id)} onSight=${(isAtEnd) => client.sees(isAtEnd)}
                       empty=${html`<${Beginning} channel=${channel} />`} />`
        : html`<div class="scroll"><p class="older" role="status">${trouble || "Loading messages…"}</p></div>`}
      <p class="hidden" id="messages-keys">The arrow keys go from message to message, Enter opens the thread of one.</p>
      <${DeveloperNotes} channel=${channel.id} />
      ${channel.archived
        ? html`<p class="closed">${channelName(workspace, channel)} is archived: nobody can write here any more.</p>`
        : html`<${Composer} key=${channel.id} channel=${channel} />`}
    </div>`;
}

/** What stands above the first message there ever was. */
function Beginning({ channel }) {
  const client = useClient();
  const { workspace } = client.model;
  const hasBot = channel.members.includes(workspace.bot.user);
  const command = `${workspace.commands.command ?? "/image"} help`;
  const name = channelName(workspace, channel);
  return html`
    <div class="beginning">
      <p class="large">${channel.kind === "direct" ? `You and ${name}` : name}</p>
      <p>This is the very beginning of ${channel.kind === "direct" ? "your conversation" : "the channel"}.
        ${!channel.archived && html` Try it: ${" "}
          <button type="button" class="try" onClick=${() => client.offer(command)}>${command}</button>`}</p>
      ${!hasBot && html`<p class="quiet">${personName(workspace, workspace.bot.user)} was not invited here.</p>`}
    </div>`;
}

function Members({ workspace, channel }) {
  const people = channel.members.map((id) => person(workspace, id)).filter(Boolean);
  people.sort((one, other) => one.realName.localeCompare(other.realName));
  const opener = useRef(null);
  const popover = usePopover(opener, { isToLeft: true });
  return html`
    <button type="button" class="members" ref=${opener} ...${popover.opens}
            aria-label=${counted(people.length, "member")}><${Icon} name="people" /> ${people.length}</button>
    <div class="members-list" ...${popover.own} role="group" aria-label="Members">
      <ul>${people.map((one) => html`
        <li key=${one.id}><b>${one.realName}</b> <span class="quiet">@${one.name} · ${roleOf(one)}</span></li>`)}</ul>
    </div>`;
}

function Tabs({ tab, onTab }) {
  const names = Object.keys(TABS);
  const key = ({ key: pressed }) => {
    if (!["ArrowLeft", "ArrowRight"].includes(pressed)) return;
    const other = names[(names.indexOf(tab) + 1) % names.length];
    onTab(other);
    document.getElementById(`tab-${other}`).focus();
  };
  return html`
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown=${key}>
      ${names.map((name) => html`
        <button type="button" role="tab" id=${`tab-${name}`} key=${name} aria-selected=${name === tab}
                aria-controls="panel" tabindex=${name === tab ? 0 : -1} onClick=${() => onTab(name)}>
          ${TABS[name]}</button>`)}
    </div>`;
}
