// Select menus. A single choice from a known list is the browser's own <select>; what is searched, or
// chosen several times, is a list that opens beside a button.
// https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
import { useContext, useEffect, useRef } from "preact/hooks";
import { ClientContext } from "./client.js";
import { html } from "./html.js";
import { plain } from "./mrkdwn.js";
import { channelTitle } from "./names.js";
import { usePopover } from "./popover.js";
import { Search } from "./search.js";
import { useChoice } from "./sending.js";
import { Surface } from "./surface.js";

const option = (value, text, description) => ({ value, text, description });
const ofSlack = (one) => option(one.value, plain(one.text), one.description && plain(one.description));

/**
 * What may be chosen, in groups; a group without a label is none.
 * @typedef {{label?: string, options: {value: string, text: string, description?: string}[]}} Group
 */

/** @returns {Group[]} */
const groupsOf = ({ options, option_groups: groups }) =>
  groups?.length
    ? groups.map((group) => ({ label: plain(group.label), options: group.options.map(ofSlack) }))
    : [{ options: (options ?? []).map(ofSlack) }];

/** @returns {Group[]} */
function people(workspace) {
  const here = workspace.people.filter((one) => one.kind !== "deactivated");
  return [{ options: here.map((one) => option(one.id, one.realName, `@${one.name}`)) }];
}

const KINDS = { direct: "im", private: "private", public: "public" };

/** @returns {Group[]} */
function conversations(workspace, element) {
  const all = [...workspace.channels.values()].filter((one) => one.kind === "direct" || !one.archived);
  const wanted = element.type.endsWith("channels_select") ? ["public"] : element.filter?.include;
  const isBot = (id) => workspace.people.find((one) => one.id === id)?.kind === "bot";
  const fitting = all
    .filter((one) => !wanted || wanted.includes(KINDS[one.kind]))
    .filter((one) => !element.filter?.exclude_bot_users || !isBot(one.with));
  const name = (one) => (one.kind === "direct" ? channelTitle(workspace, one) : `#${one.name}`);
  return [{ options: fitting.map((one) => option(one.id, name(one))) }];
}

/** What may be chosen from a menu whose choices are known here. @returns {Group[]} */
function known(workspace, element) {
  if (element.type.includes("static")) return groupsOf(element);
  return element.type.endsWith("users_select") ? people(workspace) : conversations(workspace, element);
}

function initial(element, place) {
  const { type } = element;
  if (/static|external/.test(type)) {
    return type.startsWith("multi_")
      ? (element.initial_options ?? []).map((one) => one.value)
      : element.initial_option?.value ?? null;
  }
  const noun = /(user|conversation|channel)s_select$/.exec(type)[1];
  const here = element.default_to_current_conversation ? place : undefined;
  if (type.startsWith("multi_")) return element[`initial_${noun}s`] ?? (here ? [here] : []);
  return element[`initial_${noun}`] ?? here ?? null;
}

/** The conversation where one is counts as chosen, although nobody chose it. */
function useHere(block, element, { value, keep }) {
  useEffect(() => {
    if (block.type === "input" && element.default_to_current_conversation) keep(value);
  }, [block.block_id]);
}

/** Any select menu. */
export function Select(props) {
  const { type } = props.element;
  return type.startsWith("multi_") || type === "external_select"
    ? html`<${Listed} ...${props} />`
    : html`<${Single} ...${props} />`;
}

function Single({ block, element, aria }) {
  const { workspace } = useContext(ClientContext).model;
  const { place } = useContext(Surface);
  const choice = useChoice(block, element, initial(element, place));
  const { value, choose, sending, status } = choice;
  useHere(block, element, choice);
  const groups = known(workspace, element);
  const item = (one) => html`<option value=${one.value}>${one.text}</option>`;
  const shown = groups.map((group) =>
    group.label ? html`<optgroup label=${group.label}>${group.options.map(item)}</optgroup>` : group.options.map(item),
  );
  const mayBeNone = block.type === "input" && block.optional;
  const placeholder = element.placeholder ? plain(element.placeholder) : "Choose an option";
  return html`
    <select class=${`select ${value ? "" : "unset"}`} ...${aria} value=${value ?? ""} aria-busy=${sending || undefined}
            onChange=${(event) => choose(event.target.value || null)}>
      <option value="" hidden=${!mayBeNone} disabled=${!mayBeNone}>${placeholder}</option>${shown}
    </select>${status}`;
}

function Listed({ block, element, aria }) {
  const { workspace } = useContext(ClientContext).model;
  const { place } = useContext(Surface);
  const isMany = element.type.startsWith("multi_");
  const isExternal = element.type.endsWith("external_select");
  const choice = useChoice(block, element, initial(element, place));
  const { value, choose, keep, sending, status } = choice;
  const opener = useRef(null);
  const popover = usePopover(opener, useTelling(choice, isMany));
  const groups = isExternal ? groupsOf({ options: initialOptions(element) }) : known(workspace, element);
  const { ask, nameOf } = useOffered(block, element, groups);
  useHere(block, element, choice);
  const chosen = isMany ? value : [value].filter((one) => one !== null);
  const without = (one) => chosen.filter((other) => other !== one);
  const pick = (one) => {
    if (isMany) return keep(chosen.includes(one) ? without(one) : [...chosen, one]);
    popover.hide();
    return choose(one);
  };
  const mayDrop = isMany || (block.type === "input" && block.optional);
  const chip = (one) => html`
    <button type="button" class="chip" key=${one} aria-label=${`Remove ${nameOf(one)}`}
            onClick=${() => choose(isMany ? without(one) : null)}>
      <span>${nameOf(one)}</span><span aria-hidden="true">✕</span></button>`;
  const shown = isMany || !chosen.length ? "" : nameOf(chosen[0]);
  return html`
    <span class="listed">
      <${Opener} ...${{ aria, element, shown, sending, popover, opener, isMany }} />${mayDrop && chosen.map(chip)}
    </span>
    <div class="menu search" ...${popover.own}>
      ${popover.isOpen && html`
        <${Search} groups=${isExternal ? undefined : groups} ask=${ask} least=${element.min_query_length ?? 3}
                   chosen=${chosen} isMany=${isMany} most=${element.max_selected_items} onPick=${pick} />`}
    </div>${status}`;
}

/** Several choices are told when the list is closed, all at once. */
function useTelling({ value, current, tell, keep }, isMany) {
  const before = useRef(value);
  const closed = async () => {
    const now = current();
    if (!isMany || same(before.current, now)) return;
    if ((await tell(now)) === undefined) keep(before.current);
  };
  return { opened: () => (before.current = value), closed };
}

const same = (one, other) => [...one].sort().join() === [...other].sort().join();

/** A way to ask the app for more, and the names of all that was ever offered. */
function useOffered(block, element, groups) {
  const { suggest } = useContext(Surface);
  const names = useRef(new Map());
  const learn = (all) => all.flatMap((group) => group.options).forEach((one) => names.current.set(one.value, one.text));
  learn(groups);
  const ask = async (text) => {
    const { options, groups: grouped, error } = await suggest(block, element, text);
    const found = error ? [] : groupsOf({ options, option_groups: grouped });
    learn(found);
    return { groups: found, error };
  };
  return { ask, nameOf: (value) => names.current.get(value) ?? value };
}

const initialOptions = (element) => element.initial_options ?? (element.initial_option ? [element.initial_option] : []);

/** What opens the list, with what is chosen. https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ */
function Opener({ aria, element, shown, sending, popover, opener, isMany }) {
  const placeholder = element.placeholder ? plain(element.placeholder) : isMany ? "Choose options" : "Choose an option";
  return html`
    <button type="button" role="combobox" class=${`select ${shown ? "" : "unset"}`} ref=${opener}
            ...${popover.opens} ...${aria} aria-haspopup="listbox" aria-expanded=${popover.isOpen}
            aria-controls=${popover.own.id} aria-busy=${sending || undefined}>
      <span>${shown || placeholder}</span></button>`;
}
