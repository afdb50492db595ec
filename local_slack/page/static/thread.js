// A thread at the side: the message that it belongs to, the replies, and the box to write in.
import { useLayoutEffect, useRef } from "preact/hooks";
import { useClient } from "./client.js";
import { Composer } from "./composer.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { Messages } from "./messages.js";
import { threadKey } from "./model.js";
import { channelName } from "./names.js";

const NOTHING = new Map();

export function Thread() {
  const client = useClient();
  const { workspace, place, threads, conversations, me } = client.model;
  const channel = workspace.channels.get(place.channel);
  const replies = threads.get(threadKey(place.channel, place.thread));
  const isGone = replies?.loaded && !replies.messages.size;
  useFocusBack(place.thread);
  const root = useRoot(conversations.get(place.channel), place.thread);
  return html`
    <aside class="thread" aria-label="Thread">
      <header>
        <h2>Thread <span class="quiet">${channelName(workspace, channel)}</span></h2>
        <button type="button" class="icon" aria-label="Close the thread" title="Close (Escape)"
                onClick=${() => client.go({ thread: "" })}><${Icon} name="close" /></button>
      </header>
      <${Messages} messages=${replies?.loaded ? replies.messages : root} me=${me.id} label="Replies" inThread
                   empty=${isGone && html`<p class="empty">This message is gone.</p>`} />
      ${!channel.archived && html`<${Composer} channel=${channel} thread=${place.thread} />`}
    </aside>`;
}

/** The message itself is there before its replies are. */
function useRoot(conversation, ts) {
  const known = conversation?.messages.get(ts);
  const kept = useRef(NOTHING);
  if (known && kept.current.get(ts) !== known) kept.current = new Map([[ts, known]]);
  return kept.current;
}

/** When the thread closes, the keyboard is where it was: at its message, else in the box. */
function useFocusBack(ts) {
  useLayoutEffect(() => () => {
    const message = document.querySelector(`main article[data-ts="${CSS.escape(ts)}"]`);
    (message ?? document.querySelector("main textarea"))?.focus({ preventScroll: true });
  }, [ts]);
}
