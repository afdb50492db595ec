// The box to write in: slash commands and messages.
import { useState } from "preact/hooks";
import { useClient } from "./client.js";
import { html } from "./html.js";
import { channelTitle } from "./names.js";

export function Composer({ channel, thread = "" }) {
  const client = useClient();
  const [text, setText] = useState("");
  const [trouble, setTrouble] = useState("");
  const send = async () => {
    if (!text.trim()) return;
    try {
      const [name, ...rest] = text.split(" ");
      const outcome = name.startsWith("/") && !thread
        ? await client.act("command", { channel: channel.id, text: rest.join(" "), name })
        : await client.act("say", { channel: channel.id, text, ...(thread ? { thread_ts: thread } : {}) });
      if (outcome.error) setTrouble(outcome.error);
      else { setText(""); setTrouble(""); }
    } catch (error) {
      setTrouble(error.message);
    }
  };
  const key = (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); }
  };
  const label = thread ? "Reply" : `Message ${channelTitle(client.model.workspace, channel)}`;
  return html`
    <form class="composer" onSubmit=${(event) => { event.preventDefault(); send(); }}>
      <textarea rows="1" aria-label=${label} placeholder=${label} value=${text} onInput=${(event) => setText(event.target.value)} onKeyDown=${key}></textarea>
      <button type="submit">Send</button>
      ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
    </form>`;
}
