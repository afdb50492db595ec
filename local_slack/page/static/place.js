// Where a window is: who one is, in which conversation, and which thread is open beside it.
// It stands in the fragment of the address, so that a reload stays there, two windows can be two
// people, and the server never sees it.

/**
 * @typedef {object} Place
 * @property {string} person   a user's name, such as `carol`; empty for the first person there is
 * @property {string} channel  a channel's id; empty for the first there is
 * @property {"messages"|"home"} tab  the Home tab belongs to the direct messages with the bot
 * @property {string} thread   the timestamp of the message whose thread is open; empty for none
 */

/** @param {string} fragment @returns {Place} */
export function placeOf(fragment) {
  const [person = "", channel = "", rest = ""] = fragment.replace(/^#/, "").split("/").map(decoded);
  const tab = rest === "home" ? "home" : "messages";
  return { person, channel, tab, thread: tab === "home" ? "" : rest };
}

/** @param {Partial<Place>} place @returns {string} */
export function fragmentOf({ person, channel, tab, thread = "" }) {
  const parts = [person, channel, tab === "home" ? "home" : thread];
  const needed = parts.filter((part, at) => part || parts.slice(at).some(Boolean));
  return `#${needed.map(encodeURIComponent).join("/")}`;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // typed by hand
  }
}
