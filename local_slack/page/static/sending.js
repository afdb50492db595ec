// Sending what was pressed or chosen to the app: asks first where the element wants it, shows that it
// is under way, and says what went wrong.
import { useContext, useState } from "preact/hooks";
import { useConfirm } from "./confirm.js";
import { html } from "./html.js";
import { Surface } from "./surface.js";

const WORDS = {
  operation_timeout: "The app did not answer in time",
  dispatch_failed: "The app could not be reached",
};

/** Slack's name of a failure, in words. @param {string} error @returns {string} */
export const failure = (error) => (WORDS[error] ? `${WORDS[error]} (${error})` : `It failed: ${error}`);

/**
 * @param {object} block
 * @param {object} element
 * @returns {{send: Function, press: Function, sending: boolean, status: object}}  `send(value)` promises whether
 *   the app took it, or nothing if the person thought better of it; `press` does nothing while it is under way;
 *   `status` is to be drawn beside the element
 */
export function useSending(block, element) {
  const surface = useContext(Surface);
  const [sending, setSending] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [confirmed, dialog] = useConfirm(element.confirm);
  const send = async (value) => {
    if (!(await confirmed())) return undefined;
    setSending(true);
    const error = await surface.click(block, element, value).then(
      (outcome) => outcome.error && failure(outcome.error),
      (refused) => refused.message,
    );
    setSending(false);
    setTrouble(error || "");
    return !error;
  };
  const status = html`${dialog}${trouble && html`<span class="failed" role="alert">⚠ ${trouble}</span>`}`;
  return { send, press: (value) => (sending ? undefined : send(value)), sending, status };
}

/**
 * What an element that keeps its choice shows, and what to call when another choice is made.
 *
 * In an input block it is kept for later; elsewhere, or with `dispatch_action`, the app is told.
 *
 * @returns {{value: unknown, current: Function, choose: Function, keep: Function, tell: Function, sending: boolean,
 *   status: object}}  `choose(value)` does both: `keep` it here and `tell` the app; `current()` is the value by now
 */
export function useChoice(block, element, initial) {
  const surface = useContext(Surface);
  const [, redraw] = useState(0);
  const { send, sending, status } = useSending(block, element);
  const { values } = surface;
  const current = () => (values.has(block, element) ? values.get(block, element) : initial);
  const value = current();
  const isInput = block.type === "input";
  const keep = (next) => {
    values.set(block, element, next);
    redraw((count) => count + 1);
    if (isInput) surface.filled?.(block);
  };
  const tell = async (next) => (isInput && !block.dispatch_action ? true : send(next));
  const choose = async (next) => {
    keep(next);
    if ((await tell(next)) === undefined) keep(value);
  };
  return { value, current, choose, keep, tell, sending, status };
}
