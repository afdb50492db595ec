// The picker of a date, as the browser's own input:
// https://docs.slack.dev/reference/block-kit/block-elements/date-picker-element
import { useRef } from "preact/hooks";
import { html } from "./html.js";
import { plain } from "./mrkdwn.js";
import { useChoice } from "./sending.js";

/** The app is told once the date is complete, not at every key. */
export function DatePicker({ block, element, aria }) {
  const { value, current, keep, tell, sending, status } = useChoice(block, element, element.initial_date ?? null);
  const isTyped = useRef(false);
  const told = useRef(value);
  const finish = async () => {
    isTyped.current = false;
    const [before, now] = [told.current, current()];
    if (now === before) return;
    told.current = now;
    if ((await tell(now)) === undefined) keep((told.current = before));
  };
  const change = (event) => {
    keep(event.target.value || null);
    if (!isTyped.current) finish();
  };
  const key = (event) => {
    if (event.key === "Enter") finish();
    else if (event.key !== "Tab") isTyped.current = true;
  };
  return html`
    <input class="picker" type="date" ...${aria} value=${value ?? ""} onChange=${change}
           title=${element.placeholder && plain(element.placeholder)} aria-busy=${sending || undefined}
           onKeyDown=${key} onPointerDown=${() => (isTyped.current = false)} onBlur=${finish} />${status}`;
}
