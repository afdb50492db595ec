// One message: who, when, what it says, its files and its thread.
import { Component } from "preact";
import { Blocks } from "./blocks.js";
import { ClientContext } from "./client.js";
import { html } from "./html.js";
import { Markup } from "./mrkdwn.js";
import { person, personName } from "./names.js";
import { Surface } from "./surface.js";

/** Drawn again only when the message itself changed: a channel holds thousands. */
export class Message extends Component {
  static contextType = ClientContext;

  shouldComponentUpdate({ message }) {
    return message !== this.props.message;
  }

  render({ message }) {
    const client = this.context;
    const { workspace } = client.model;
    const author = person(workspace, message.user);
    const click = (action_id, value) =>
      client.act("click", { channel: message.channel, ts: message.ts, action_id, value });
    return html`
      <article class=${`message ${message.only_for ? "ephemeral" : ""}`} data-ts=${message.ts}>
        <span class="avatar" data-who=${message.user} aria-hidden="true">${(author?.realName ?? "?")[0]}</span>
        <div class="body">
          <p class="by"><b>${personName(workspace, message.user)}</b>
            ${author?.kind === "bot" && html`<span class="app">APP</span>`}
            <time>${new Date(Number(message.ts) * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}</time></p>
          ${message.only_for && html`<p class="only">Only visible to you</p>`}
          <${Surface.Provider} value=${{ kind: "message", click }}>
            ${message.blocks.length ? html`<${Blocks} blocks=${message.blocks} />` : html`<div class="text"><${Markup} text=${message.text} /></div>`}
          <//>
          ${message.thread && html`<button type="button" class="replies" onClick=${() => client.go({ thread: message.ts })}>${message.thread.count} ${message.thread.count === 1 ? "reply" : "replies"}</button>`}
        </div>
      </article>`;
  }
}
