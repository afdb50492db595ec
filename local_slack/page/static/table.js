// Tables; the first row names the columns: https://docs.slack.dev/reference/block-kit/blocks/table-block
import { html } from "./html.js";
import { RichText } from "./rich_text.js";

export function Table({ block }) {
  const settings = block.column_settings ?? [];
  const [head, ...rows] = block.rows;
  const look = (at) => `${settings[at]?.align ?? "left"} ${settings[at]?.is_wrapped ? "" : "unwrapped"}`;
  const row = (cells, draw) => html`<tr>${cells.map((cell, at) => draw(cell, look(at)))}</tr>`;
  const title = (cell, style) => html`<th scope="col" class=${style}><${Cell} cell=${cell} /></th>`;
  const data = (cell, style) => html`<td class=${style}><${Cell} cell=${cell} /></td>`;
  return html`
    <div class="table" role="region" aria-label="Table" tabindex="0">
      <table>
        <thead>${row(head, title)}</thead>
        <tbody>${rows.map((cells) => row(cells, data))}</tbody>
      </table>
    </div>`;
}

function Cell({ cell }) {
  if (cell.type === "rich_text") return html`<${RichText} block=${cell} />`;
  return html`<span class="text">${cell.text ?? String(cell.value)}</span>`;
}
