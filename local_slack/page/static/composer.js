// The box to write in: slash commands and messages, with completion, drafts and what was sent before.
import { Component, createRef } from "preact";
import { ClientContext } from "./client.js";
import { completed, completionOf, usageParts } from "./completion.js";
import { draftOf, keepDraft, keepSent, sentBefore } from "./drafts.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { channelName } from "./names.js";

const TALLEST = 240; // px
/** What Slack's words mean here: https://docs.slack.dev/interactivity/implementing-slash-commands#responding */
const MEANING = {
  operation_timeout: "The app did not answer within 3 seconds.",
  dispatch_failed: "The app is not connected.",
};

/** @typedef {{channel: object, thread?: string}} Props  use a key: each place has its own draft */
export class Composer extends Component {
  static contextType = ClientContext;

  box = createRef();
  #drop = () => {};
  #connections; // of the bot, at the last look
  #unreached = ""; // what was said of it when a command did not reach it

  constructor(props, context) {
    super(props, context);
    const { me, offered, connections } = context.model;
    this.place = [me.id, props.channel.id, props.thread ?? ""].join("/");
    this.offered = offered;
    this.#connections = connections;
    this.id = props.thread ? "reply" : "message";
    const text = draftOf(this.place);
    this.state = { text, caret: text.length, active: -1, isOpen: false, trouble: "", recalled: -1 };
  }

  componentDidMount() {
    this.#drop = this.context.subscribe(() => {
      this.#takeOffer();
      this.#lookForBot();
    });
    this.#takeOffer();
    this.#grow();
    if (this.props.thread || matchMedia("(hover: hover)").matches) this.box.current.focus(); // no keyboard on top
  }

  componentWillUnmount() {
    this.#drop();
  }

  componentDidUpdate(_, before) {
    const { text, caret } = this.state;
    if (before.text === text) return;
    this.#grow();
    const box = this.box.current;
    if (box.selectionStart !== caret && document.activeElement === box) box.setSelectionRange(caret, caret);
  }

  #grow() {
    const { style } = this.box.current;
    style.height = "auto";
    style.height = `${Math.min(this.box.current.scrollHeight, TALLEST)}px`;
  }

  /** What a button elsewhere wants to have written here. */
  #takeOffer() {
    const { offered } = this.context.model;
    if (offered === this.offered || this.props.thread) return;
    this.offered = offered;
    this.#write(offered.text);
    this.box.current.focus();
  }

  /** The bot is there again: that it was not reached is of no use any more. */
  #lookForBot() {
    const { connections } = this.context.model;
    if (connections > this.#connections && this.state.trouble === this.#unreached) this.setState({ trouble: "" });
    this.#connections = connections;
  }

  #write(text, more = {}) {
    keepDraft(this.place, text);
    this.setState({ text, caret: text.length, trouble: "", active: -1, recalled: -1, isOpen: false, ...more });
  }

  #completion({ text, caret } = this.state) {
    const { workspace } = this.context.model;
    const { members } = this.props.channel;
    const present = workspace.people.filter((one) => one.kind !== "deactivated");
    const near = (one) => Number(!members.includes(one.id));
    return completionOf(text, caret, {
      table: this.props.thread ? {} : workspace.commands,
      people: present.toSorted((one, other) => near(one) - near(other)),
      groups: workspace.groups,
      channels: [...workspace.channels.values()].filter((one) => one.kind !== "direct"),
    });
  }

  #typed = ({ target }) => {
    const [text, caret] = [target.value, target.selectionStart];
    const { suggestions, takesFirst } = this.#completion({ text, caret });
    this.#write(text, { caret, isOpen: true, active: takesFirst && suggestions.length ? 0 : -1 });
  };

  /** The caret went elsewhere: what was suggested belongs to where it was. */
  #moved = ({ target }) => {
    if (target.selectionStart !== this.state.caret) this.setState({ caret: target.selectionStart, isOpen: false });
  };

  #choose(suggestion) {
    const { text, caret } = completed(this.state.text, suggestion);
    this.#write(text, { caret, isOpen: suggestion.kind !== "example" });
  }

  #key = (event, completion) => {
    if (event.isComposing) return;
    const { suggestions } = completion;
    const isHandled = (this.state.isOpen && suggestions.length && this.#keyInList(event, suggestions))
      || (event.key === "Enter" && !event.shiftKey && this.#send())
      || (event.key === "ArrowUp" && this.#recall(1))
      || (event.key === "ArrowDown" && this.#recall(-1));
    if (!isHandled) return;
    event.preventDefault();
    event.stopPropagation();
  };

  #keyInList({ key, shiftKey }, suggestions) {
    const { active } = this.state;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) {
      const count = suggestions.length + 1; // one place more: none of them
      this.setState({ active: ((active + 1 + step + count) % count) - 1 });
    } else if (key === "Escape") this.setState({ isOpen: false, active: -1 });
    else if (key === "Tab" && !shiftKey) this.#choose(suggestions[Math.max(active, 0)]);
    else if (key === "Enter" && !shiftKey && active >= 0) this.#choose(suggestions[active]);
    else return false;
    return true;
  }

  /** Bring back what was sent before, while nothing else is written. */
  #recall(step) {
    const { text, recalled } = this.state;
    const sent = sentBefore();
    if (text && text !== sent[recalled]) return false;
    const next = Math.min(recalled + step, sent.length - 1);
    if (next === recalled || recalled + step < -1) return false;
    this.#write(next < 0 ? "" : sent[next], { recalled: next });
    return true;
  }

  /** Empties the box at once, so that Enter twice sends once; what failed comes back into it. */
  #send() {
    const { text } = this.state;
    if (!text.trim()) return true;
    const isCommand = text.startsWith("/");
    if (isCommand && this.props.thread) {
      this.setState({ trouble: `${nameOf(text)} is not supported in threads. Sorry!`, isOpen: false });
      return true;
    }
    keepSent(text);
    this.#write("");
    (isCommand ? this.#command(text) : this.#say(text)).catch((error) => this.#failed(text, error));
    return true;
  }

  async #command(text) {
    const name = nameOf(text);
    const fields = { channel: this.props.channel.id, text: text.slice(name.length).trimStart(), name };
    const { error } = await this.context.act("command", fields);
    const words = `${name} failed with the error “${error}”. ${MEANING[error] ?? ""}`;
    if (error) throw new Error(words, { cause: error });
  }

  /** That the app was not reached is nothing to who writes a message in Slack. */
  #say(text) {
    const { channel, thread } = this.props;
    return this.context.act("say", { channel: channel.id, text: text.trim(), thread_ts: thread ?? null });
  }

  #failed(text, { message, cause }) {
    const hasDraft = Boolean(draftOf(this.place));
    const trouble = hasDraft ? `${message} It is kept: arrow up in the empty box.` : message;
    this.#unreached = cause === "dispatch_failed" ? trouble : "";
    if (hasDraft) this.setState({ trouble });
    else this.#write(text, { trouble });
  }

  render({ channel, thread }, { text, isOpen, trouble, active }) {
    const completion = this.#completion();
    const isListed = isOpen && completion.suggestions.length > 0;
    const label = thread ? "Reply" : `Message ${channelName(this.context.model.workspace, channel)}`;
    const send = (event) => {
      event.preventDefault();
      this.#send();
      this.box.current.focus();
    };
    return html`
      <form class="composer" onSubmit=${send}>
        ${isListed && html`
          <${Suggestions} id=${this.id} suggestions=${completion.suggestions} active=${active}
                          onChoose=${(one) => this.#choose(one)} />`}
        ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
        <div class="box">
          <textarea ref=${this.box} rows="1" aria-label=${label} placeholder=${label} value=${text}
            role="combobox" aria-autocomplete="list" aria-expanded=${isListed} aria-controls=${`${this.id}-list`}
            aria-activedescendant=${isListed && active >= 0 ? `${this.id}-${active}` : undefined}
            aria-describedby=${`${this.id}-hint`} autocomplete="off" autocapitalize="off" spellcheck=${false}
            onInput=${this.#typed} onKeyDown=${(event) => this.#key(event, completion)}
            onKeyUp=${this.#moved} onClick=${this.#moved}
            onBlur=${() => this.setState({ isOpen: false })}></textarea>
          <button type="submit" class="send" aria-label="Send" disabled=${!text.trim()}><${Icon} name="send" /></button>
        </div>
        <${Hint} id=${`${this.id}-hint`} completion=${completion} thread=${thread} />
      </form>`;
  }
}

const nameOf = (text) => text.split(/\s/, 1)[0];

function Suggestions({ id, suggestions, active, onChoose }) {
  const reveal = (element) => element?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  return html`
    <ul class="suggestions" id=${`${id}-list`} role="listbox" aria-label="Suggestions" ref=${reveal}>
      ${suggestions.map((one, at) => html`
        <li id=${`${id}-${at}`} key=${one.label} role="option" aria-selected=${at === active} class=${one.kind}
            onMouseDown=${(event) => event.preventDefault()} onClick=${() => onChoose(one)}>
          <span class="label">${one.label}</span> <span class="detail">${one.detail}</span>
        </li>`)}
    </ul>`;
}

/** How the command is written that is being typed, or which keys there are. */
function Hint({ id, completion, thread }) {
  if (completion.usage) {
    const [before, wanted, rest] = usageParts(completion);
    return html`<p class="hint" id=${id}><code>${before}<b>${wanted}</b>${rest}</code></p>`;
  }
  const keys = thread ? "" : " · / for commands";
  return html`
    <p class="hint" id=${id}>Enter to send<span class="keyboard"> · Shift+Enter for a new line</span>${keys}</p>`;
}
