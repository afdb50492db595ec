// Files that a person adds to a modal: https://docs.slack.dev/reference/block-kit/block-elements/file-input-element
import { html } from "./html.js";

/** Shown, and not yet to be used: the page has no way to upload. */
export const FileInput = ({ element, aria }) => html`
  <input class="field" type="file" ...${aria} disabled multiple=${(element.max_files ?? 10) > 1}
         accept=${element.filetypes?.map((kind) => `.${kind}`).join()} />`;
