// What Slack's own client says about inputs before it submits a view.

/**
 * @param {object} view
 * @param {import("./surface.js").Values} values
 * @param {HTMLFormElement} form  where the browser knows more, such as a half-typed date
 * @returns {Record<string, string>}  what is wrong, by block id
 */
export function complaints(view, values, form) {
  const found = {};
  for (const block of view.blocks.filter((one) => one.type === "input")) {
    const text = complaint(block, values, form);
    if (text) found[block.block_id] = text;
  }
  return found;
}

function complaint(block, values, form) {
  const control = form.querySelector(`[data-block=${CSS.escape(block.block_id)}] :is(input, textarea)`);
  if (control && !control.validity.valid) return control.validationMessage;
  return isEmpty(block, values) && !block.optional ? "Please fill in this field." : "";
}

function isEmpty(block, values) {
  const { element } = block;
  const value = values.has(block, element) ? values.get(block, element) : initial(element);
  return value === null || value === undefined || value === "" || value.length === 0;
}

const initial = (element) => Object.entries(element).find(([name]) => name.startsWith("initial_"))?.[1];
