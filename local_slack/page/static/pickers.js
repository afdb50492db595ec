// Pickers of dates and times, as the browser's own inputs:
// https://docs.slack.dev/reference/block-kit/block-elements/date-picker-element
import { useRef } from "preact/hooks";
import { asLocal } from "./dates.js";
import { html } from "./html.js";
import { plain } from "./mrkdwn.js";
import { useChoice } from "./sending.js";

const FORMS = {
  datepicker: { type: "date", initial: (element) => element.initial_date },
  timepicker: { type: "time", initial: (element) => element.initial_time },
  datetimepicker: {
    type: "datetime-local",
    initial: (element) => element.initial_date_time,
    shown: asLocal,
    read: (text) => Math.floor(new Date(text).getTime() / 1000),
  },
};
const same = (text) => text;

/** A date, a time of day, or both. The app is told once it is complete, not at every key. */
export function Picker({ block, element, aria }) {
  const { type, initial, shown = same, read = same } = FORMS[element.type];
  const { value, current, keep, tell, sending, status } = useChoice(block, element, initial(element) ?? null);
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
    keep(event.target.value ? read(event.target.value) : null);
    if (!isTyped.current) finish();
  };
  const key = (event) => {
    if (event.key === "Enter") finish();
    else if (event.key !== "Tab") isTyped.current = true;
  };
  return html`
    <input class="picker" type=${type} ...${aria} value=${value === null ? "" : shown(value)} onChange=${change}
           title=${element.placeholder && plain(element.placeholder)} aria-busy=${sending || undefined}
           onKeyDown=${key} onPointerDown=${() => (isTyped.current = false)} onBlur=${finish} />
    ${element.timezone && html`<small class="zone">${element.timezone.replaceAll("_", " ")}</small>`}${status}`;
}
