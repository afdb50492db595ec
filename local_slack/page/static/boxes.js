// Checkboxes and radio buttons: https://docs.slack.dev/reference/block-kit/block-elements/checkboxes-element
import { useId } from "preact/hooks";
import { html } from "./html.js";
import { Text } from "./mrkdwn.js";
import { useChoice } from "./sending.js";

/** Several of the options, in their order. */
export function Checkboxes({ block, element, aria }) {
  const initial = (element.initial_options ?? []).map((one) => one.value);
  const { value, choose, sending, status } = useChoice(block, element, initial);
  const offered = element.options.map((one) => one.value);
  const toggle = (one) => choose(offered.filter((other) => (other === one) !== value.includes(other)));
  return html`<${Group} ...${{ element, aria, sending, role: "group" }} type="checkbox" onPick=${toggle}
    isChosen=${(one) => value.includes(one)} />${status}`;
}

/** One of the options. */
export function Radios({ block, element, aria }) {
  const { value, choose, sending, status } = useChoice(block, element, element.initial_option?.value ?? null);
  return html`<${Group} ...${{ element, aria, sending, role: "radiogroup" }} type="radio" onPick=${choose}
    isChosen=${(one) => value === one} />${status}`;
}

function Group({ element, aria, sending, role, type, isChosen, onPick }) {
  const name = useId();
  const { id, "aria-invalid": invalid, "aria-required": required, ...about } = aria;
  const wrong = { "aria-invalid": invalid, "aria-describedby": invalid && about["aria-describedby"] };
  const group = type === "radio" ? { ...about, "aria-required": required } : about;
  const box = (option, at) => html`
    <label class="tick">
      <input type=${type} name=${name} value=${option.value} id=${at === 0 ? id : undefined}
             checked=${isChosen(option.value)} ...${wrong}
             onChange=${() => onPick(option.value)} />
      <span><${Text} of=${option.text} />
        ${option.description && html`<small><${Text} of=${option.description} /></small>`}</span>
    </label>`;
  return html`<div class="boxes" role=${role} ...${group} aria-busy=${sending || undefined}>
    ${element.options.map(box)}</div>`;
}
