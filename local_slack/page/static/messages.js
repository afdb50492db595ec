// A list of messages that stays at its end while one is there, and loads older ones at its top.
import { Component, createRef } from "preact";
import { formatted } from "./dates.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { Message } from "./message.js";
import { counted, dayOf } from "./time.js";

const TOGETHER = 5 * 60; // seconds within which messages of one author stand together
const NEAR = 40; // px from the end that are still the end
/** In these the arrow keys mean something else: they move a caret, choose, or scroll. */
const OWN_ARROWS = [
  "input:not([type=checkbox])", "select", "textarea", "[role=combobox]", "[popover]", "dialog",
  ".messages [tabindex='0']",
].join();
const EARLY = "600px 0px 0px 0px"; // before the top comes into sight, older messages are asked for

/**
 * @typedef {object} Props
 * @property {Map<string, object>} messages
 * @property {boolean} [more]   whether there are older ones
 * @property {() => Promise<void>} [onOlder]
 * @property {(isAtEnd: boolean) => void} [onSight]
 * @property {string} [line]    the timestamp after which messages are new
 * @property {string} me
 * @property {boolean} [inThread]
 * @property {object} [empty]   what stands there instead of messages
 */
export class Messages extends Component {
  state = { isAtEnd: true, isLineAbove: false };
  list = createRef();
  inside = createRef();
  top = createRef();
  line = createRef();
  #lastTop = 0;
  #lastSeen = "";
  #grown = new ResizeObserver(() => this.state.isAtEnd && this.toEnd());
  #atTop = null;

  componentDidMount() {
    this.#grown.observe(this.list.current);
    this.#grown.observe(this.inside.current);
    this.#atTop = new IntersectionObserver(this.#older, { root: this.list.current, rootMargin: EARLY });
    this.toEnd();
    this.#watchTop();
    this.#lookForLine();
  }

  componentWillUnmount() {
    this.#grown.disconnect();
    this.#atTop.disconnect();
  }

  shouldComponentUpdate({ messages, more, line }, state) {
    const { props } = this;
    return messages !== props.messages || more !== props.more || line !== props.line || state !== this.state;
  }

  /**
   * Where the oldest message stands: older ones come above it, and what is read must not move. And where the
   * keyboard can be when what it is at goes away: at the same message, else at the one after or before it.
   */
  getSnapshotBeforeUpdate() {
    const oldest = this.inside.current.querySelector("article");
    return { oldest, above: oldest ? oldest.offsetTop - this.list.current.scrollTop : 0, near: this.#nearFocus() };
  }

  #nearFocus() {
    const used = document.activeElement?.closest("article");
    if (!used || !this.inside.current.contains(used)) return [];
    const all = this.#articles();
    const at = all.indexOf(used);
    return [used, all[at + 1], all[at - 1], this.list.current];
  }

  #articles() {
    return [...this.inside.current.querySelectorAll("article")];
  }

  componentDidUpdate(before, _, { oldest, above, near }) {
    if (document.activeElement === document.body) near.find((one) => one?.isConnected)?.focus({ preventScroll: true });
    if (before.messages === this.props.messages) return;
    const list = this.list.current;
    const [first, last] = [oldest?.dataset.ts, newestOf(this.props.messages)];
    const isMine = last?.user === this.props.me && last.ts > (newestOf(before.messages)?.ts ?? "");
    if (this.state.isAtEnd || isMine) this.toEnd();
    else if (oldest?.isConnected && this.props.messages.keys().next().value !== first) {
      list.scrollTop = oldest.offsetTop - above;
      this.#lastTop = list.scrollTop;
    }
    if (!before.messages.size) this.#lookForLine();
    this.#watchTop();
  }

  toEnd() {
    const list = this.list.current;
    list.scrollTop = list.scrollHeight;
    this.#lastTop = list.scrollTop;
    this.#lastSeen = newestOf(this.props.messages)?.ts ?? "";
  }

  /** The observer tells only of changes; what is still in sight after a page was loaded is asked for anew. */
  #watchTop() {
    this.#atTop.disconnect();
    if (this.top.current) this.#atTop.observe(this.top.current);
  }

  #older = ([entry]) => {
    if (!entry.isIntersecting || !this.props.messages.size) return;
    this.props.onOlder().catch(() => {}); // asked for again when one scrolls
  };

  #scrolled = ({ target }) => {
    const isNear = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR;
    // What grows below the end is no scrolling away from it.
    const isAtEnd = isNear || (this.state.isAtEnd && target.scrollTop >= this.#lastTop);
    this.#lastTop = target.scrollTop;
    if (isAtEnd) this.#lastSeen = newestOf(this.props.messages)?.ts ?? "";
    if (isAtEnd !== this.state.isAtEnd) {
      this.setState({ isAtEnd });
      this.props.onSight?.(isAtEnd);
    }
    this.#lookForLine();
  };

  #lookForLine() {
    const line = this.line.current;
    const isLineAbove = Boolean(line) && line.offsetTop < this.list.current.scrollTop - 4;
    if (isLineAbove !== this.state.isLineAbove) this.setState({ isLineAbove });
  }

  /** Arrow keys go from message to message, also from a button or link inside of one. */
  #key = (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const isOnList = event.target === event.currentTarget;
    if (!step || event.defaultPrevented || (!isOnList && event.target.closest(OWN_ARROWS))) return;
    const all = this.#articles();
    const at = isOnList && step < 0 ? all.length : all.indexOf(event.target.closest("article"));
    event.preventDefault();
    (all[at + step] ?? all[at])?.focus();
  };

  render({ messages, more, line, me, inThread, empty, label = "Messages" }, { isAtEnd, isLineAbove }) {
    const rows = rowsOf(messages, line, me, inThread);
    const isUnseen = ({ message }) => message.ts > this.#lastSeen && message.user !== me;
    const unseen = isAtEnd ? 0 : rows.filter(isUnseen).length;
    // New messages are spoken by the announcer, which knows what is worth it; this log only has the role.
    return html`
      <div class="scroll">
        <div class="messages" ref=${this.list} onScroll=${this.#scrolled} onKeyDown=${this.#key} tabindex="0"
             role="log" aria-live="off" aria-label=${label} aria-describedby=${inThread ? undefined : "messages-keys"}>
          <div ref=${this.inside}>
            ${more && html`<p class="older" ref=${this.top}>Loading older messages…</p>`}
            ${!more && empty}
            ${rows.flatMap((row) => this.#row(row, inThread))}
          </div>
        </div>
        ${isLineAbove && html`
          <button type="button" class="jump up" onClick=${() => this.line.current?.scrollIntoView({ block: "start" })}>
            <${Icon} name="up" /> New messages</button>`}
        ${!isAtEnd && html`
          <button type="button" class=${`jump down ${unseen ? "fresh" : ""}`} onClick=${() => this.toEnd()}>
            <${Icon} name="down" /> ${unseen ? counted(unseen, "new message") : "Jump to newest"}</button>`}
      </div>`;
  }

  #row({ message, day, isNew, isFirst, replies }, inThread) {
    const shown = html`<${Message} key=${message.ts} message=${message} isFirst=${isFirst} inThread=${inThread} />`;
    if (!day && !isNew && !replies) return shown;
    return [
      day && html`<h3 class="day" key=${`day ${message.ts}`}><span>${day}</span></h3>`,
      isNew && html`<p class="new" key="new" ref=${this.line}><span>New</span></p>`,
      shown,
      replies && html`<p class="day counted" key="replies"><span>${counted(replies, "reply", "replies")}</span></p>`,
    ];
  }
}

const newestOf = (messages) => {
  let newest;
  for (const message of messages.values()) newest = message;
  return newest;
};

/** What stands around each message, and whether it begins what one author wrote. */
function rowsOf(messages, line, me, inThread) {
  const rows = [];
  let before, today, wasNew = false;
  for (const message of messages.values()) {
    const day = dayOf(message.ts);
    const isOtherDay = day !== today;
    const isNew = line !== undefined && !wasNew && message.ts > line && message.user !== me;
    wasNew ||= isNew;
    const isFirst = isOtherDay || isNew || !belongs(before, message) || (inThread && rows.length === 1);
    const replies = inThread && !before && messages.size - 1;
    const words = isOtherDay && !inThread && formatted(message.ts, "{day_divider_pretty}");
    rows.push({ message, day: words, isNew, isFirst, replies });
    [before, today] = [message, day];
  }
  return rows;
}

const belongs = (before, message) =>
  before.user === message.user
  && Boolean(before.only_for) === Boolean(message.only_for)
  && message.ts - before.ts < TOGETHER;
