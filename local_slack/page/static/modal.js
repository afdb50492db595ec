// Modals: up to three views on top of each other, of which the topmost is shown.
// https://docs.slack.dev/surfaces/modals
import { useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Blocks } from "./blocks.js";
import { ClientContext, useModel } from "./client.js";
import { html } from "./html.js";
import { plain } from "./mrkdwn.js";
import { failure } from "./sending.js";
import { Surface, viewSurface } from "./surface.js";
import { complaints } from "./validity.js";

const TITLE = "modal-title";
const FIRST = ["[autofocus]", ".input :is(input, textarea, select, .select)"];

/** The modal that is open, if one is. */
export function Modals() {
  const client = useContext(ClientContext);
  const views = useModel((model) => model.views);
  const dialog = useRef(null);
  const top = views.at(-1);
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (top && !shown.open) shown.showModal();
    if (!top && shown.open) shown.close();
    const first = FIRST.map((one) => shown.querySelector(`.view ${one}`)).find(Boolean);
    first?.focus();
  }, [top?.id]);
  const close = () => {
    const gone = top?.clear_on_close ? [...views].reverse() : views.slice(-1);
    for (const view of gone) client.act("close_view", { view: view.id }).catch(() => {}); // it is gone already
  };
  const cancelled = (event) => {
    if (event.target !== dialog.current) return; // a file input has the same event
    event.preventDefault();
    close();
  };
  return html`
    <dialog class="modal" ref=${dialog} aria-labelledby=${TITLE} onCancel=${cancelled}
            onClose=${({ target }) => target === dialog.current && close()}>
      ${top && html`<${View} key=${top.id} view=${top} isStacked=${views.length > 1} onClose=${close} />`}
    </dialog>`;
}

/** What the app said that belongs to no input of the view. */
function strays(view, errors) {
  const known = view.blocks.filter((block) => block.type === "input").map((block) => block.block_id);
  return Object.keys(errors).filter((name) => !known.includes(name)).map((name) => `${name}: ${errors[name]}`);
}

/** Sending a view to its app, and what is wrong with what was put in. */
function useSubmission(client, view, surface) {
  const [state, setState] = useState({ sending: false, errors: {}, trouble: "" });
  const form = useRef(null);
  useEffect(() => setState((before) => ({ ...before, errors: {}, trouble: "" })), [view.hash]);
  const failed = (errors, trouble) => {
    setState({ sending: false, errors, trouble: [trouble, ...strays(view, errors)].filter(Boolean).join("\n") });
  };
  useLayoutEffect(() => {
    form.current.querySelector("[aria-invalid]")?.focus();
  }, [state.errors]);
  const submit = async (event) => {
    event.preventDefault();
    if (state.sending) return;
    const wrong = complaints(view, surface.values, form.current);
    if (Object.keys(wrong).length) {
      failed(wrong, "");
      return;
    }
    setState({ sending: true, errors: {}, trouble: "" });
    try {
      const outcome = await client.act("submit", { view: view.id, values: surface.values.ofInputs(view.blocks) });
      failed(outcome.errors, outcome.error ? failure(outcome.error) : "");
    } catch (refused) {
      failed({}, refused.message);
    }
  };
  const filled = (block) =>
    setState((before) => ({ ...before, errors: { ...before.errors, [block.block_id]: undefined } }));
  return { ...state, form, submit, filled };
}

function View({ view, isStacked, onClose }) {
  const client = useContext(ClientContext);
  const surface = useMemo(() => viewSurface(client, view), [view]);
  const { form, submit, filled, sending, errors, trouble } = useSubmission(client, view, surface);
  return html`
    <form class="view" ref=${form} onSubmit=${submit} noValidate aria-busy=${sending || undefined}>
      <header>
        ${isStacked && html`<button type="button" class="plain" aria-label="Back" onClick=${onClose}>←</button>`}
        <h2 id=${TITLE}>${plain(view.title)}</h2>
        <button type="button" class="plain" aria-label="Close" onClick=${onClose}>✕</button>
      </header>
      ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
      <div class="inside" tabindex="-1">
        <${Surface.Provider} value=${{ ...surface, errors, filled }}><${Blocks} blocks=${view.blocks} /><//>
      </div>
      <footer>
        <button type="button" class="button" onClick=${onClose}>
          ${view.close ? plain(view.close) : view.submit ? "Cancel" : "Close"}</button>
        ${view.submit && html`
          <button type="submit" class=${`button primary ${sending ? "sending" : ""}`} aria-busy=${sending || undefined}>
            ${plain(view.submit)}</button>`}
      </footer>
    </form>`;
}
