// Red notes for who works on the bot: what Slack would not have taken, with Slack's own words.
import { useClient } from "./client.js";
import { html } from "./html.js";

/** The calls about this channel, or about none, that were refused. */
export function DeveloperNotes({ channel }) {
  const client = useClient();
  const notes = client.model.notes.filter((one) => one.channel === null || one.channel === channel);
  if (!notes.length) return null;
  return html`
    <section class="developer-notes" aria-label="Notes for developers" role="alert">
      ${notes.slice(-3).map((one) => html`
        <div class="developer-note" key=${one.number}>
          <p><b>Slack refused <code>${one.name}</code>: ${one.error}</b></p>
          ${one.reasons.length > 0 && html`<ul>${one.reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}
          <button type="button" class="icon" aria-label=${`Dismiss the note about ${one.name}`}
                  onClick=${() => client.dismissNote(one.number)}>✕</button>
        </div>`)}
    </section>`;
}
