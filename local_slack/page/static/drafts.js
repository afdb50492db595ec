// What was typed and not sent yet, and what was sent last: kept for this window, also over a reload.

const SENT = "sent";
const MOST = 50;

/** @param {string} place  of the box: person, channel and thread @returns {string} */
export const draftOf = (place) => sessionStorage.getItem(`draft/${place}`) ?? "";

/** @param {string} place @param {string} text */
export function keepDraft(place, text) {
  if (text) sessionStorage.setItem(`draft/${place}`, text);
  else sessionStorage.removeItem(`draft/${place}`);
}

/** What was sent in this window, the newest first. @returns {string[]} */
export const sentBefore = () => JSON.parse(sessionStorage.getItem(SENT) ?? "[]");

/** @param {string} text */
export function keepSent(text) {
  const all = [text, ...sentBefore().filter((one) => one !== text)];
  sessionStorage.setItem(SENT, JSON.stringify(all.slice(0, MOST)));
}
