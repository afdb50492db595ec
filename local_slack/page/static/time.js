// Moments and durations in words.

const FORMATS = {
  time: { hour: "numeric", minute: "2-digit" },
  seconds: { hour: "numeric", minute: "2-digit", second: "2-digit" },
  day: { weekday: "long", day: "numeric", month: "long" },
  dayOfYear: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  full: { dateStyle: "full", timeStyle: "medium" },
};
const formats = new Map();
const days = new Map();
const QUARTER = 900; // seconds: midnight is at a full quarter of an hour everywhere
const DAY = 86_400;

/** Making a format takes longer than using it, and a channel has thousands of times in it. */
function written(at, name, locale) {
  if (!formats.has(name)) formats.set(name, new Intl.DateTimeFormat(locale, FORMATS[name]));
  return formats.get(name).format(at * 1000);
}

/** `14:03`, or with seconds where the options ask for them. `at` is in seconds since 1970. */
export const timeOf = (at, options = {}) => written(at, options.second ? "seconds" : "time");

/** `Tuesday, 24 November 2026 at 14:03:12`. @param {number} at  seconds since 1970 */
export const fullTime = (at) => written(at, "full", "en-GB");

/** For `<time datetime>`. @param {number} at  seconds since 1970 */
export const machineTime = (at) => new Date(at * 1000).toISOString();

/** The same for all moments of one day here. @param {number} at  seconds since 1970 */
export function dayOf(at) {
  const quarter = Math.floor(at / QUARTER);
  if (!days.has(quarter)) days.set(quarter, new Date(quarter * QUARTER * 1000).toDateString());
  return days.get(quarter);
}

/** `Today`, `Yesterday`, `Monday, 23 November`. @param {number} at  seconds since 1970 */
export function dayInWords(at, now = Date.now() / 1000) {
  if (dayOf(at) === dayOf(now)) return "Today";
  if (dayOf(at) === dayOf(now - DAY)) return "Yesterday";
  const isThisYear = new Date(at * 1000).getFullYear() === new Date(now * 1000).getFullYear();
  return written(at, isThisYear ? "day" : "dayOfYear", "en-GB");
}

/** `today at 14:03`, `Monday, 23 November at 14:03`. @param {number} at  seconds since 1970 */
export const momentInWords = (at, now = Date.now() / 1000) =>
  `${dayInWords(at, now).replace(/^Today|^Yesterday/, (day) => day.toLowerCase())} at ${timeOf(at)}`;

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
