// The inside of a menu that is searched: a box to type into and the list of what fits.
// https://www.w3.org/WAI/ARIA/apg/patterns/combobox/
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { failure } from "./sending.js";

const PAUSE = 150;

/** What fits a text, without the groups that hold none of it. */
function fitting(groups, text) {
  const wanted = text.trim().toLowerCase();
  const fits = (one) => `${one.text}\n${one.description ?? ""}`.toLowerCase().includes(wanted);
  return groups
    .map((group) => ({ ...group, options: group.options.filter(fits) }))
    .filter((group) => group.options.length);
}

/** The groups that the app suggests for a text, once the person pauses. */
function useSuggestions(ask, text, least) {
  const [state, setState] = useState({ groups: [], said: "" });
  useEffect(() => {
    if (!ask) return undefined;
    if (text.length < least) {
      setState({ groups: [], said: `Type ${least === 1 ? "a character" : `${least} characters`} or more` });
      return undefined;
    }
    let isLate = false;
    setState((before) => ({ ...before, said: "Asking the app…" }));
    const timer = setTimeout(async () => {
      const { groups, error } = await ask(text).catch((refused) => ({ groups: [], error: refused.message }));
      if (!isLate) setState({ groups, said: error ? failure(error) : "" });
    }, text ? PAUSE : 0);
    return () => {
      isLate = true;
      clearTimeout(timer);
    };
  }, [text, least]);
  return state;
}

/**
 * @param {object} props
 * @param {import("./menus.js").Group[]} [props.groups]  what there is; the app is asked where it is missing
 * @param {(text: string) => Promise<{groups: object[], error?: string}>} props.ask
 * @param {number} props.least   characters before the app is asked
 * @param {string[]} props.chosen
 * @param {boolean} props.isMany
 * @param {number} [props.most]  how many may be chosen
 * @param {(value: string) => void} props.onPick
 */
export function Search({ groups, ask, least, chosen, isMany, most = Infinity, onPick }) {
  const id = useId();
  const box = useRef(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const asked = useSuggestions(groups ? undefined : ask, text, least);
  const shown = useMemo(() => (groups ? fitting(groups, text) : asked.groups), [groups, text, asked.groups]);
  const options = shown.flatMap((group) => group.options);
  const active = Math.min(at, options.length - 1);
  const isFull = (one) => isMany && chosen.length >= most && !chosen.includes(one.value);
  const pick = (one) => one && !isFull(one) && onPick(one.value);
  useLayoutEffect(() => box.current.focus(), []);
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const key = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && options.length) setAt((active + step + options.length) % options.length);
    else if (event.key === "Enter") pick(options[active]);
    else return;
    event.preventDefault();
  };
  const typed = (event) => {
    setText(event.target.value);
    setAt(0);
  };
  return html`
    <input class="find" type="text" role="combobox" aria-label="Search" placeholder="Search" autocomplete="off"
           aria-expanded="true" aria-autocomplete="list" aria-controls=${`${id}-list`} ref=${box}
           aria-activedescendant=${options.length ? `${id}-${active}` : undefined} value=${text}
           onInput=${typed} onKeyDown=${key} />
    <p class="said" role="status">${asked.said || (options.length ? "" : "Nothing fits")}</p>
    <div class="options" role="listbox" id=${`${id}-list`} aria-label="Choices"
         aria-multiselectable=${isMany || undefined} onMouseDown=${keepFocus}>
      <${Groups} ...${{ id, shown, active, chosen, isFull, pick }} />
    </div>`;
}

/** A click on a choice leaves the focus in the box; one on the scroll bar does its own. */
function keepFocus(event) {
  if (event.target !== event.currentTarget) event.preventDefault();
}

function Groups({ id, shown, active, chosen, isFull, pick }) {
  let number = 0;
  const item = (one) => {
    const own = number++;
    const look = `${own === active ? "active" : ""} ${chosen.includes(one.value) ? "chosen" : ""}`;
    return html`
      <div role="option" id=${`${id}-${own}`} key=${one.value} class=${look} aria-selected=${chosen.includes(one.value)}
           aria-disabled=${isFull(one) || undefined} onClick=${() => pick(one)}>
        <span class="text">${one.text}</span>${one.description && html`<small>${one.description}</small>`}
      </div>`;
  };
  return shown.map((group) =>
    group.label
      ? html`<div role="group" aria-label=${group.label}><p aria-hidden="true">${group.label}</p>
          ${group.options.map(item)}</div>`
      : group.options.map(item),
  );
}
