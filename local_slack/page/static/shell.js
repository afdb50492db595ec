// The whole window: who one is and the conversations at the left, the open one, and beside it its
// thread and the inspector.
import { useContext, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ClientContext, useModel } from "./client.js";
import { Conversation } from "./conversation.js";
import { html } from "./html.js";
import { Inspector } from "./inspector.js";
import { Modals } from "./modal.js";
import { channelName } from "./names.js";
import { Sidebar } from "./sidebar.js";
import { Thread } from "./thread.js";

const INSPECTOR = "inspector"; // whether it is open is kept for this window

export function Shell() {
  const workspace = useModel((model) => model.workspace);
  const trouble = useModel((model) => model.trouble);
  if (workspace) return html`<${Window} />`;
  return html`<main class="loading"><p role="status">${trouble || "Connecting…"}</p></main>`;
}

function Window() {
  const client = useContext(ClientContext);
  const { person, channel, thread } = useModel((model) => model.place);
  const isOnline = useModel((model) => model.online);
  const [isListOpen, openList] = useList();
  const [isInspecting, inspect] = useInspector();
  useTitle();
  useKeys((event) => {
    if (event.altKey && event.code === "KeyI") {
      event.preventDefault();
      inspect(!isInspecting, true);
    }
    // Escape closes what lies on top. Modals and menus see to themselves.
    if (event.key !== "Escape" || event.defaultPrevented || client.model.views.length) return;
    if (isListOpen) openList(false);
    else if (event.target.closest?.(".inspector")) inspect(false);
    else if (thread) client.go({ thread: "" });
  });
  const kinds = ["shell", thread && "with-thread", isInspecting && "with-inspector", isListOpen && "with-list"];
  const inPlace = `${person}/${channel}`;
  const fromList = () => {
    openList(false); // it would lie on top
    inspect(!isInspecting, isListOpen);
  };
  const skip = () => document.querySelector("main .composer textarea")?.focus();
  return html`
    <div class=${kinds.filter(Boolean).join(" ")}>
      <button type="button" class="skip" onClick=${skip}>Skip to the message box</button>
      <${Sidebar} onGone=${() => openList(false)} isInspecting=${isInspecting}
                  onInspect=${fromList} />
      <${Conversation} key=${inPlace} onList=${() => openList(true)} isListOpen=${isListOpen} />
      ${thread && html`<${Thread} key=${`${inPlace}/${thread}`} />`}
      ${isInspecting && html`<${Inspector} onClose=${() => inspect(false)} />`}
      ${!isOnline && html`
        <p class="offline" role="status"><b>Not connected.</b> The local Slack does not answer; trying again.
          After a new start, open the address that it prints.</p>`}
      <${Announcer} />
      <${Modals} />
    </div>`;
}

/** Says what happens to those who do not see it. */
function Announcer() {
  const notice = useModel((model) => model.notice);
  return html`
    <div class="hidden" role="status">${notice && html`<p key=${notice.number}>${notice.text}</p>`}</div>`;
}

/** The title of the window says how much is unread. */
function useTitle() {
  const workspace = useModel((model) => model.workspace);
  const open = workspace.channels.get(useModel((model) => model.place.channel));
  const unread = [...workspace.channels.values()].reduce((sum, one) => sum + one.unread, 0);
  const title = [open && channelName(workspace, open), workspace.team.name].filter(Boolean).join(" · ");
  useEffect(() => {
    document.title = unread ? `(${unread}) ${title}` : title;
  }, [unread, title]);
}

/** Whether the inspector is open, and what opens or closes it; the keyboard goes there if wanted, and back. */
function useInspector() {
  const [isOpen, setIsOpen] = useState(sessionStorage.getItem(INSPECTOR) === "open");
  const before = useRef(null); // where the keyboard was
  const isWanted = useRef(false);
  const wasOpen = useRef(isOpen);
  useEffect(() => sessionStorage.setItem(INSPECTOR, isOpen ? "open" : "closed"), [isOpen]);
  useLayoutEffect(() => {
    if (isOpen && isWanted.current) document.querySelector(".inspector h2").focus();
    const isLost = wasOpen.current && !isOpen && document.activeElement === document.body;
    wasOpen.current = isOpen;
    if (!isLost) return;
    const back = [before.current, ...document.querySelectorAll("main .narrow, main .composer textarea")];
    back.find((one) => one?.checkVisibility({ visibilityProperty: true }))?.focus();
  }, [isOpen]);
  const inspect = (opens, isFocused = false) => {
    if (opens) before.current = document.activeElement === document.body ? null : document.activeElement;
    isWanted.current = isFocused;
    setIsOpen(opens);
  };
  return [isOpen, inspect];
}

/** Whether the list is open that a narrow screen has no room for; the keyboard goes there and back. */
function useList() {
  const [isOpen, setIsOpen] = useState(false);
  const before = useRef(isOpen);
  useLayoutEffect(() => {
    if (isOpen !== before.current) document.querySelector(isOpen ? ".sidebar .narrow" : "main .narrow")?.focus();
    before.current = isOpen;
  }, [isOpen]);
  return [isOpen, setIsOpen];
}

/** Keys that count wherever one is. */
function useKeys(pressed) {
  const newest = useRef();
  newest.current = pressed;
  useEffect(() => {
    const key = (event) => newest.current(event);
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
}
