// Moments, durations and amounts in words; dates are in dates.js.

const TIME = { hour: "numeric", minute: "2-digit" };
const QUARTER = 900; // seconds: midnight is at a full quarter of an hour everywhere
const days = new Map();
// Making a format takes longer than using it, and a channel has thousands of times in it.
const short = new Intl.DateTimeFormat(undefined, TIME);
const long = new Intl.DateTimeFormat(undefined, { ...TIME, second: "2-digit" });

/** `2:03 PM`, or with seconds where the options ask for them. `at` is in seconds since 1970. */
export const timeOf = (at, options = {}) => (options.second ? long : short).format(at * 1000);

/** The same for all moments of one day here. @param {number} at  seconds since 1970 */
export function dayOf(at) {
  const quarter = Math.floor(at / QUARTER);
  if (!days.has(quarter)) days.set(quarter, new Date(quarter * QUARTER * 1000).toDateString());
  return days.get(quarter);
}

/** `3 ms`, `1.2 s` */
export function duration(seconds) {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

/** `1 reply`, `2 replies`. */
export const counted = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** `312 bytes`, `4.2 kB`, `1.5 MB`: thousands, as Slack counts. @param {number} bytes */
export function sizeInWords(bytes) {
  if (bytes < 1000) return counted(bytes, "byte");
  const [size, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}
