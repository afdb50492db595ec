// The question that an element may ask before it does anything:
// https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
import { useLayoutEffect, useId, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { plain, Text } from "./mrkdwn.js";

/**
 * @param {object} [question]  what to ask; nothing is asked without it
 * @returns {[() => Promise<boolean>, object]}  asks and tells the answer; and what is to be drawn
 */
export function useConfirm(question) {
  const [asked, setAsked] = useState(null);
  const confirmed = () =>
    question ? new Promise((resolve) => setAsked({ question, resolve })) : Promise.resolve(true);
  const answer = (yes) => {
    asked.resolve(yes);
    setAsked(null);
  };
  return [confirmed, asked && html`<${Confirm} question=${asked.question} onAnswer=${answer} />`];
}

function Confirm({ question, onAnswer }) {
  const dialog = useRef(null);
  const id = useId();
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown.showModal();
    return () => shown.close();
  }, []);
  const answer = (yes) => {
    dialog.current.close(); // gives the focus back to where it was
    onAnswer(yes);
  };
  const style = question.style === "danger" ? "danger" : "primary";
  return html`
    <dialog class="confirm" ref=${dialog} aria-labelledby=${`${id}t`} aria-describedby=${`${id}d`}
            onKeyDown=${(event) => event.stopPropagation()}
            onCancel=${(event) => { event.preventDefault(); event.stopPropagation(); answer(false); }}>
      <h2 id=${`${id}t`}>${plain(question.title)}</h2>
      <div id=${`${id}d`}><${Text} of=${question.text} /></div>
      <div class="answers">
        <button type="button" class="button" onClick=${() => answer(false)}>${plain(question.deny)}</button>
        <button type="button" class=${`button ${style}`} onClick=${() => answer(true)}>
          ${plain(question.confirm)}</button>
      </div>
    </dialog>`;
}
