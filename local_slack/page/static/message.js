// One message: who, when, what it says, its files, its reactions and its thread.
import { Component } from "preact";
import { Blocks } from "./blocks.js";
import { ClientContext } from "./client.js";
import { formatted, inFull } from "./dates.js";
import { Files } from "./files.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { Markup } from "./mrkdwn.js";
import { hueOf, initials, person, personName } from "./names.js";
import { messageSurface, Surface } from "./surface.js";
import { counted, timeOf } from "./time.js";

const FACES = 4; // of those who replied

/** Drawn again only when the message itself changed: a channel holds thousands. */
export class Message extends Component {
  static contextType = ClientContext;

  shouldComponentUpdate({ message, isFirst }) {
    return message !== this.props.message || isFirst !== this.props.isFirst;
  }

  render({ message, isFirst, inThread }) {
    const client = this.context;
    const { workspace } = client.model;
    const author = person(workspace, message.user);
    const isPrivate = Boolean(message.only_for);
    const open = inThread || isPrivate ? undefined : () => client.go({ thread: message.ts });
    const kinds = ["message", isFirst && "first", isPrivate && "ephemeral"];
    const keys = (event) => {
      if (event.target !== event.currentTarget || !open || !["Enter", "t"].includes(event.key)) return;
      event.preventDefault();
      open();
    };
    return html`
      <article class=${kinds.filter(Boolean).join(" ")} data-ts=${message.ts} tabindex="-1" onKeyDown=${keys}>
        <div class="margin">
          ${isFirst
            ? html`<${Avatar} who=${author} id=${message.user} />`
            : html`<${Time} ts=${message.ts} isShort />`}</div>
        <div class="body">
          ${isPrivate && html`<${OnlyYou} onDismiss=${() => client.dismiss(message)} />`}
          <${By} author=${author} name=${personName(workspace, message.user)} ts=${message.ts} isFirst=${isFirst} />
          <${Surface.Provider} value=${messageSurface(client, message)}>
            <${Content} message=${message} />
          <//>
          ${message.edited > 0 && author?.kind !== "bot" && html`<span class="edited"> (edited)</span>`}
          ${message.files.length > 0 && html`<${Files} files=${message.files} />`}
          ${message.reactions.length > 0 && html`<${Reactions} message=${message} workspace=${workspace} />`}
          ${message.thread && open && html`
            <${Replies} thread=${message.thread} workspace=${workspace} onOpen=${open} />`}
        </div>
        ${open && html`
          <div class="hover-acts"><button type="button" tabindex="-1" aria-label="Reply in thread"
            title="Reply in thread" onClick=${open}><${Icon} name="reply" /></button></div>`}
      </article>`;
  }
}

function Content({ message }) {
  if (message.blocks.length) return html`<${Blocks} blocks=${message.blocks} />`;
  return message.text && html`<div class="said"><${Markup} text=${message.text} /></div>`;
}

/** Who wrote it and when; only to be heard where it stands below another one of theirs. */
function By({ author, name, ts, isFirst }) {
  if (!isFirst) return html`<p class="hidden">${name}</p>`;
  return html`
    <p class="by"><b>${name}</b>
      ${author?.kind === "bot" && html` <span class="app">APP</span>`}
      ${author?.isGuest && html` <span class="app">GUEST</span>`} <${Time} ts=${ts} /></p>`;
}

/** In the margin there is no room for more than the numbers. */
const Time = ({ ts, isShort }) => html`
  <time datetime=${new Date(ts * 1000).toISOString()} title=${inFull(ts)}>
    ${isShort ? timeOf(ts).replace(/\s?[AP]M$/i, "") : timeOf(ts)}</time>`;

function Avatar({ who, id, size = "" }) {
  const name = who?.realName ?? "?";
  const kind = who?.kind === "bot" ? "bot" : `hue-${hueOf(id)}`;
  return html`<span class=${`avatar ${kind} ${size}`} aria-hidden="true">${initials(name)}</span>`;
}

const OnlyYou = ({ onDismiss }) => html`
  <p class="only"><${Icon} name="eye" /> Only visible to you
    <button type="button" class="link" onClick=${onDismiss}>Dismiss</button></p>`;

function Reactions({ message, workspace }) {
  const by = Map.groupBy(message.reactions, ([name]) => name);
  return html`
    <ul class="reactions" aria-label="Reactions">
      ${[...by].map(([name, all]) => html`
        <li key=${name} title=${all.map(([, who]) => personName(workspace, who)).join(", ")}>
          <${Markup} text=${`:${name}:`} /> ${all.length}</li>`)}
    </ul>`;
}

function Replies({ thread, workspace, onOpen }) {
  const faces = thread.users.slice(0, FACES);
  return html`
    <button type="button" class="replies" onClick=${onOpen}>
      ${faces.map((id) => html`<${Avatar} key=${id} who=${person(workspace, id)} id=${id} size="small" />`)}
      <b>${counted(thread.count, "reply", "replies")}</b>
      <span class="quiet">Last reply: ${formatted(thread.latest, "{date_short_pretty} at {time}")}</span>
    </button>`;
}
