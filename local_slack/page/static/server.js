// The way to the server. Every address is relative, so the token in the page's address goes along.

/** Something the server refused, with its words. */
export class Refused extends Error {}

export async function get(path, query) {
  return answered(await fetch(`${path}?${new URLSearchParams(query)}`));
}

export async function post(path, body) {
  const headers = { "content-type": "application/json" };
  return answered(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function answered(response) {
  const body = await response.json().catch(() => ({ error: `the server answered with status ${response.status}` }));
  if (!response.ok) throw new Refused(body.error);
  return body;
}

/**
 * Listens to what happens, and connects again when the connection is lost.
 *
 * @param {{person: string, after: number, on: (event: object) => void, lost: () => void}} wishes
 * @returns {() => void} ends it
 */
export function listen({ person, after, on, lost }) {
  let socket, ended = false, newest = after, again;
  const connect = () => {
    const query = new URLSearchParams({ as: person, after: String(newest) });
    socket = new WebSocket(new URL(`live?${query}`, location.href.split("#")[0]).href.replace(/^http/, "ws"));
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.number) newest = event.number;
      on(event);
    };
    socket.onclose = () => {
      if (ended) return;
      lost();
      again = setTimeout(connect, 1000);
    };
  };
  connect();
  return () => {
    ended = true;
    clearTimeout(again);
    socket.close();
  };
}
