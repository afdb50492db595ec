// The way to the server. Every address is relative, so the token in the page's address goes along.

const SOONEST = 300; // ms until a lost connection is tried again; twice as long each time
const LATEST = 3000;
const PAUSES = [200, 500, 1000]; // ms until a request is made again that got no answer

/** Something the server refused, with its words. */
export class Refused extends Error {}

/** @param {string} path @param {Record<string, string>} query @returns {Promise<object>} throws Refused */
export async function get(path, query) {
  return answered(asked(`${path}?${new URLSearchParams(query)}`));
}

/** @param {string} path @param {object} body @returns {Promise<object>} throws Refused */
export async function post(path, body) {
  const headers = { "content-type": "application/json" };
  return answered(asked(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** @param {string} path @param {object} query @param {Blob} body @returns {Promise<object>} throws Refused */
export async function upload(path, query, body) {
  return answered(asked(`${path}?${new URLSearchParams(query)}`, { method: "POST", body }));
}

/** A browser gives up what is under way when a network of the machine comes or goes, as containers make it. */
async function asked(path, options) {
  for (const pause of [...PAUSES, 0]) {
    try {
      return await fetch(path, options);
    } catch {
      if (pause) await new Promise((done) => setTimeout(done, pause));
    }
  }
  throw new Refused("The local Slack does not answer. Is it still running?");
}

async function answered(asking) {
  const response = await asking;
  const nothing = { error: `the server answered with status ${response.status}` };
  const body = await response.json().catch(() => nothing);
  if (!response.ok) throw new Refused(body.error ?? nothing.error);
  return body;
}

/**
 * Listens to what happens, and connects again when the connection is lost.
 *
 * @param {{person: string, after: number, on: (event: object) => void, lost: () => void}} wishes
 * @returns {() => void} ends it
 */
export function listen({ person, after, on, lost }) {
  let socket, again;
  let [ended, newest, wait] = [false, after, SOONEST];
  const connect = () => {
    const query = new URLSearchParams({ as: person, after: String(newest) });
    const address = new URL(`live?${query}`, location.href.split("#")[0]);
    socket = new WebSocket(address.href.replace(/^http/, "ws"));
    socket.onmessage = ({ data }) => {
      if (ended) return;
      wait = SOONEST;
      const event = JSON.parse(data);
      if (event.number) newest = event.number;
      on(event);
    };
    socket.onclose = () => {
      if (ended) return;
      lost();
      again = setTimeout(connect, wait);
      wait = Math.min(wait * 2, LATEST);
    };
  };
  connect();
  return () => {
    ended = true;
    clearTimeout(again);
    socket.close();
  };
}
