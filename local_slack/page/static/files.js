// The files of a message: text and pictures are shown, everything can be saved.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { sizeInWords } from "./time.js";

const PICTURES = /\.(?:png|jpe?g|gif|webp)$/i;
const TEXTS = /(?:\.(?:txt|log|md|json|ya?ml|toml|ini|conf|csv|xml|html?|css|js|py|sh|sql|diff|patch)|dockerfile)$/i;
const LINES = 12;
const LARGEST = 1_000_000; // bytes that are fetched to be shown

const contents = new Map(); // file id -> promise of its text; a file never changes

const addressOf = (file) => `files/${encodeURIComponent(file.id)}/${encodeURIComponent(file.name)}`;

/** @param {{files: object[]}} props */
export const Files = ({ files }) => html`
  <ul class="files">${files.map((file) => html`<li key=${file.id}><${File} file=${file} /></li>`)}</ul>`;

function File({ file }) {
  if (PICTURES.test(file.name)) return html`<${Picture} file=${file} />`;
  return html`<${Sheet} file=${file} isText=${TEXTS.test(file.name) && file.size <= LARGEST} />`;
}

function About({ file, children }) {
  return html`
    <figcaption>
      <${Icon} name="file" />
      <span class="name">${file.title || file.name}</span>
      <span class="quiet">${sizeInWords(file.size)}</span>
      ${children}
      <a class="save" href=${addressOf(file)} download=${file.name} aria-label=${`Download ${file.name}`}
         title="Download"><${Icon} name="save" /></a>
    </figcaption>`;
}

function Picture({ file }) {
  return html`
    <figure class="file">
      <${About} file=${file} />
      <a href=${addressOf(file)} target="_blank" rel="noopener">
        <img src=${addressOf(file)} alt=${file.title || file.name} /></a>
    </figure>`;
}

function Sheet({ file, isText }) {
  const text = useText(file, isText);
  const [isWhole, setIsWhole] = useState(false);
  const lines = text?.replace(/\n$/, "").split("\n") ?? [];
  const shown = isWhole ? text : lines.slice(0, LINES).join("\n");
  return html`
    <figure class="file">
      <${About} file=${file}>
        ${lines.length > LINES && html`
          <button type="button" class="link" aria-expanded=${isWhole} onClick=${() => setIsWhole(!isWhole)}>
            ${isWhole ? "Show less" : `Show all ${lines.length} lines`}</button>`}
      <//>
      ${text && html`<pre tabindex="0" role="region" aria-label=${file.name}>${shown}</pre>`}
    </figure>`;
}

/** The text of a file; null while it is on its way, and where it turns out to be something else. */
function useText(file, isText) {
  const [text, setText] = useState(null);
  useEffect(() => {
    if (!isText) return undefined;
    let isWanted = true;
    loaded(file).then((found) => isWanted && setText(found));
    return () => {
      isWanted = false;
    };
  }, [file.id, isText]);
  return text;
}

function loaded(file) {
  if (!contents.has(file.id)) {
    const asked = fetch(addressOf(file)).then((response) => (response.ok ? response.text() : ""));
    contents.set(file.id, asked.then((text) => (text.includes("\0") ? "" : text)).catch(() => {
      contents.delete(file.id);
      return "";
    }));
  }
  return contents.get(file.id);
}
