// The inspector: what bot and Slack say to each other, how much of Slack's rates the bot uses, and
// faults to cause, so that one can watch what the bot makes of them.
import { useEffect, useState } from "preact/hooks";
import { useClient } from "./client.js";
import { html } from "./html.js";
import { get, post } from "./server.js";
import { duration, timeOf } from "./time.js";

/** What a person can cause, as the server calls it. */
const TROUBLES = [
  ["delay", "Slow Slack", "Every answer comes 2 s late, for a minute"],
  ["rate_limit", "429 for a minute", "Slack takes no message and no update, and says: later"],
  ["server_error", "500 for a minute", "Slack fails at every message and update"],
  ["lost_answer", "Lose an answer", "Slack posts the next message, and its answer gets lost"],
  ["repeat", "Repeat the delivery", "Slack sends the bot once more what it sent last"],
  ["disconnect", "Lose the connection", "The bot's connections end without a word"],
];
const KINDS = {
  slow: "slow", rate_limited: "429", server_error: "500", lost_answer: "answer lost", refused: "refused",
};
/** What a note says where something was delivered before. */
const AGAIN = /^retry \d+|^the same delivery again$|^sent \d+ times/;
const USAGE_EVERY = 1000; // ms

export function Inspector({ onClose }) {
  const client = useClient();
  const [only, setOnly] = useState("all");
  const [usage, refresh] = useUsage();
  useEffect(() => void client.loadExchanges(), [client]);
  const fits = (one) => only === "all" || one.direction === only || (only === "error" && one.error);
  const shown = client.model.exchanges.filter(fits);
  return html`
    <aside class="inspector" aria-label="Inspector">
      <header>
        <h2 tabindex="-1">Inspector</h2>
        <button type="button" class="icon" aria-label="Close the inspector" onClick=${onClose}>✕</button>
      </header>
      <${Faults} inForce=${usage?.faults ?? []} refresh=${refresh} />
      <${Rates} usage=${usage} />
      <div class="exchanges-head">
        <h3>Requests and answers</h3>
        <label><span class="hidden">Show</span>
          <select value=${only} onChange=${(event) => setOnly(event.target.value)}>
            <option value="all">all</option>
            <option value="to_app">Slack → bot</option>
            <option value="from_app">bot → Slack</option>
            <option value="error">failed</option>
          </select>
        </label>
      </div>
      <ol class="exchanges" reversed tabindex="0" aria-label="Requests and answers, newest first">
        ${shown.toReversed().map((one) => html`<${Exchange} key=${one.number} exchange=${one} />`)}
        ${!shown.length && html`<li class="quiet">Nothing yet.</li>`}
      </ol>
    </aside>`;
}

function Faults({ inForce, refresh }) {
  const [trouble, setTrouble] = useState("");
  const cause = async (what) => {
    try {
      await post("trouble", { what });
      setTrouble("");
    } catch (error) {
      setTrouble(error.message);
    }
    refresh();
  };
  return html`
    <section class="faults" aria-label="Faults">
      <div class="buttons">
        ${TROUBLES.map(([what, label, meaning]) => html`
          <button type="button" title=${meaning} aria-describedby=${`fault-${what}`} onClick=${() => cause(what)}>
            ${label}</button>
          <span class="meaning quiet" id=${`fault-${what}`}>${meaning}</span>`)}
      </div>
      ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
      ${inForce.length > 0 && html`
        <p class="in-force" role="status">
          <span><b>In force:</b> ${[...new Set(inForce.map(inWords))].join(", ")}</span>
          <button type="button" onClick=${() => cause("mend")}>End all</button>
        </p>`}
    </section>`;
}

/** `429 (43 s left)`; what is in force for several methods is said once */
function inWords({ kind, calls_left, seconds_left }) {
  const left = calls_left === null ? `${Math.ceil(seconds_left)} s left` : `at the next ${calls_left}`;
  return `${KINDS[kind]} (${left})`;
}

function Rates({ usage }) {
  const { model } = useClient();
  if (!usage) return null;
  const channels = model.workspace.channels;
  const methods = usage.methods.filter((one) => one.used);
  const posts = usage.posts.filter((one) => channels.has(one.channel) && Math.round(one.burst - one.left));
  return html`
    <details class="rates" open>
      <summary>Rates <span class="quiet">calls in the last minute, of those that Slack allows</span></summary>
      ${!methods.length && html`<p class="quiet">None.</p>`}
      <ul>
        ${methods.map((one) => html`
          <${Rate} key=${one.method} name=${one.method} used=${one.used} most=${one.per_minute} />`)}
        ${posts.map((one) => html`
          <${Rate} key=${one.channel} name=${`messages at once in ${channels.get(one.channel).name}`}
                   used=${Math.round(one.burst - one.left)} most=${one.burst} />`)}
      </ul>
    </details>`;
}

function Rate({ name, used, most }) {
  return html`
    <li><label>${name} <meter min="0" max=${most} high=${most * 0.8} value=${used}></meter>
      <span>${used}/${most}</span></label></li>`;
}

/** The usage, asked for again every second while somebody looks, and a way to ask at once. */
function useUsage() {
  const [usage, setUsage] = useState(null);
  const ask = () => get("usage", {}).then(setUsage, () => {});
  useEffect(() => {
    ask();
    const timer = setInterval(() => document.hidden || ask(), USAGE_EVERY);
    return () => clearInterval(timer);
  }, []);
  return [usage, ask];
}

function Exchange({ exchange }) {
  const [whole, setWhole] = useState(null);
  const open = async (event) => {
    if (!event.target.open || whole) return;
    const lost = (error) => ({ request: error.message, answer: "" });
    setWhole(await get("exchange", { number: exchange.number }).catch(lost));
  };
  const again = exchange.note.split(", ").filter((part) => AGAIN.test(part)).join(", ");
  const toBot = exchange.direction === "to_app";
  return html`
    <li class=${`exchange ${exchange.error ? "failed" : ""}`}>
      <details onToggle=${open}>
        <summary>
          <span class="way" title=${toBot ? "Slack to the bot" : "The bot to Slack"}>${toBot ? "→ bot" : "bot →"}</span>
          <span class="name">${exchange.name} <span class="quiet">${exchange.about}</span>
            ${again && html` <span class="again">↻ ${again}</span>`}</span>
          ${exchange.error && html`<span class="error">${exchange.error}</span>`}
          <span class="took">${duration(exchange.took)}</span>
          <time>${timeOf(exchange.at, { second: "2-digit" })}</time>
        </summary>
        ${exchange.note && html`<p class="quiet">${exchange.note}</p>`}
        ${whole && html`
          <h4>Request</h4><pre tabindex="0">${body(whole.request)}</pre>
          <h4>Answer</h4><pre tabindex="0">${body(whole.answer) || "(empty)"}</pre>`}
      </details>
    </li>`;
}

const body = (content) => (typeof content === "string" ? content : JSON.stringify(content, null, 2));
