// The markup of every component is written with this tag. Values become text nodes and attributes,
// never markup, so whatever comes from outside stays text.
import { h } from "preact";
import htm from "htm";

export const html = htm.bind(h);
