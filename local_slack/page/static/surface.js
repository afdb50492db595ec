// What blocks are drawn on: a message, a modal or the Home tab. It carries out what a person does
// with their elements.
import { createContext } from "preact";

/**
 * @typedef {object} Surface
 * @property {"message"|"modal"|"home"} kind
 * @property {(actionId: string, value?: unknown) => Promise<object>} click  press, or choose from, an element
 * @property {(actionId: string, text: string) => Promise<object[]>} [suggest]  options of an external menu
 * @property {(blockId: string, actionId: string, value: unknown) => void} [fill]  put into an input block
 * @property {Record<string, unknown>} [values]  what was put in, by action id
 * @property {Record<string, string>} [errors]   what the app said about an input, by block id
 */
export const Surface = createContext(/** @type {Surface|null} */ (null));
