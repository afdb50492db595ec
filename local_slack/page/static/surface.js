// What blocks are drawn on: a message, a modal or the Home tab. It carries out what a person does
// with their elements.
import { createContext } from "preact";
import { upload } from "./server.js";

/**
 * @typedef {object} Surface
 * @property {"message"|"modal"|"home"} kind
 * @property {string} place    the channel where it is looked at
 * @property {Values} values   what was put into its elements
 * @property {(block: object, element: object, value?: unknown) => Promise<{error: string|null}>} click
 *   press an element, or choose from it
 * @property {(block: object, element: object, text: string) => Promise<Offer>} suggest
 *   what the app suggests for a menu of its own data
 * @property {(file: File) => Promise<{file: string}>} upload  makes a file known, for a file input
 * @property {(block: object) => void} [filled]  something was put into this input block
 * @property {Record<string, string>} [errors]   what is wrong with an input, by block id
 *
 * @typedef {{options: object[], groups: object[], error: string|null}} Offer
 */
export const Surface = createContext(/** @type {Surface|null} */ (null));

/** What was put into the elements of one surface. Slack keeps it while block id and action id stay. */
export class Values {
  #kept = new Map();

  has(block, element) {
    return this.#kept.has(key(block, element));
  }

  get(block, element) {
    return this.#kept.get(key(block, element));
  }

  set(block, element, value) {
    this.#kept.set(key(block, element), value);
  }

  /** What was put into the inputs of `blocks`, as the server takes it. */
  ofInputs(blocks) {
    const inputs = blocks.filter((block) => block.type === "input" && this.has(block, block.element));
    return Object.fromEntries(inputs.map((block) => [key(block, block.element), this.get(block, block.element)]));
  }
}

const key = (block, element) => `${block.block_id}/${element.action_id}`;

const kept = new Map();

/** The values of one message or view, for as long as the page is open. */
function valuesOf(name) {
  if (!kept.has(name)) kept.set(name, new Values());
  return kept.get(name);
}

/** @param {object} client @param {object} message @returns {Surface} */
export function messageSurface(client, message) {
  const at = { channel: message.channel, ts: message.ts };
  return surface(client, "message", message.blocks, at, message.channel);
}

/** @param {object} client @param {object} view  a modal or the Home tab @returns {Surface} */
export function viewSurface(client, view) {
  return surface(client, view.type, view.blocks, { view: view.id }, client.model.place.channel);
}

function surface(client, kind, blocks, at, place) {
  const values = valuesOf([client.model.me.id, ...Object.values(at)].join("/"));
  const one = (block, element, value) => ({ ...at, block_id: block.block_id, action_id: element.action_id, value });
  const act = kind === "message" ? "click" : "click_in_view";
  return {
    kind,
    place,
    values,
    click: (block, element, value) =>
      client.act(act, { ...one(block, element, value), values: values.ofInputs(blocks) }),
    suggest: (block, element, text) => client.act("suggest", one(block, element, text)),
    upload: (file) => upload("upload", { as: client.model.me.id, name: file.name }, file),
  };
}
