// The Home tab, where an app keeps a page for each person: https://docs.slack.dev/surfaces/app-home
import { useContext, useMemo } from "preact/hooks";
import { Blocks } from "./blocks.js";
import { ClientContext, useModel } from "./client.js";
import { html } from "./html.js";
import { Surface, viewSurface } from "./surface.js";

/** What the app published for the person of this window. */
export function Home() {
  const client = useContext(ClientContext);
  const view = useModel((model) => model.home);
  const surface = useMemo(() => view && viewSurface(client, view), [view]);
  return html`
    <section class="home" aria-label="Home">
      ${view
        ? html`<${Surface.Provider} value=${surface}><${Blocks} blocks=${view.blocks} /><//>`
        : html`<p class="nothing">The app has not made a Home tab for you yet.</p>`}
    </section>`;
}
