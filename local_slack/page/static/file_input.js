// Files that a person adds to a modal: https://docs.slack.dev/reference/block-kit/block-elements/file-input-element
import { useContext, useState } from "preact/hooks";
import { html } from "./html.js";
import { useChoice } from "./sending.js";
import { Surface } from "./surface.js";

/** Takes files, which go to the server at once; the value is a list of their ids. */
export function FileInput({ block, element, aria }) {
  const surface = useContext(Surface);
  const { choose, status } = useChoice(block, element, []);
  const [said, setSaid] = useState("");
  const take = async (event) => {
    const files = [...event.target.files];
    try {
      setSaid(files.length ? "Uploading…" : "");
      const uploaded = await Promise.all(files.map((file) => surface.upload(file)));
      choose(uploaded.map((one) => one.file));
      setSaid("");
    } catch (refused) {
      setSaid(refused.message);
    }
  };
  return html`
    <input class="field" type="file" ...${aria} multiple=${(element.max_files ?? 10) > 1} onChange=${take}
           accept=${element.filetypes?.map((kind) => `.${kind}`).join()} />
    <span class="hint" role="status">${said}</span>${status}`;
}
