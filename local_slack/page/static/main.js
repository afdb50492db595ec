import { render } from "preact";
import { Client, ClientContext } from "./client.js";
import { html } from "./html.js";
import { Shell } from "./shell.js";

const client = new Client();
render(html`<${ClientContext.Provider} value=${client}><${Shell} /><//>`, document.getElementById("app"));
await client.start();
sessionStorage.removeItem("tries"); // of index.html
