// Small pictures beside or instead of words. None of them says anything to a screen reader.
import { html } from "./html.js";

const PATHS = {
  lock: "M5 7V5a3 3 0 0 1 6 0v2M3.5 7h9v6.5h-9z",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  menu: "M2 4h12M2 8h12M2 12h12",
  send: "M2 2.5l12 5.5-12 5.5 2-5.5zM4 8h5",
  reply: "M2 3h12v8H8l-3.5 3v-3H2zM5 6h6M5 8.5h4",
  down: "M8 3v10M3.5 8.5L8 13l4.5-4.5",
  up: "M8 13V3M3.5 7.5L8 3l4.5 4.5",
  save: "M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11",
  file: "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3",
  window: "M2 3h12v10H2zM2 6h12",
  pulse: "M1.5 8h3L6.5 3l3 10 2-5h3",
  people: "M8 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 13.5c0-2.5 2-4 5-4s5 1.5 5 4",
};

/** @param {{name: keyof typeof PATHS}} props */
export const Icon = ({ name }) => html`
  <svg class="picture" viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor"
       stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"><path d=${PATHS[name]} /></svg>`;
