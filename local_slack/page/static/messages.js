// A list of messages that stays at its end while one is there, and loads older ones at its top.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { html } from "./html.js";
import { Message } from "./message.js";

export function Messages({ messages, more, onOlder, label = "Messages" }) {
  const list = useRef(null);
  const top = useRef(null);
  const wasAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (wasAtEnd.current) list.current.scrollTop = list.current.scrollHeight;
  }, [messages]);
  useEffect(() => {
    if (!more) return undefined;
    const watcher = new IntersectionObserver(([entry]) => entry.isIntersecting && onOlder(), { root: list.current });
    watcher.observe(top.current);
    return () => watcher.disconnect();
  }, [more, messages.length]);
  const scrolled = ({ target }) => { wasAtEnd.current = target.scrollHeight - target.scrollTop - target.clientHeight < 40; };
  return html`
    <div class="messages" ref=${list} onScroll=${scrolled} tabindex="0" role="log" aria-label=${label}>
      ${more && html`<p class="older" ref=${top}>Loading older messages…</p>`}
      ${messages.map((message) => html`<${Message} key=${message.ts} message=${message} />`)}
    </div>`;
}
