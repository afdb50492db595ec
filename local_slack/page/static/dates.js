// Dates as Slack's templates write them: https://docs.slack.dev/reference/block-kit/block-elements/date-element

const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };
const ordinals = new Intl.PluralRules("en", { type: "ordinal" });
const DAY = 86_400_000;
const formats = new Map();

/** Making a format takes longer than using it, and a channel has thousands of dates in it. */
function part(date, options, locale = "en") {
  const name = JSON.stringify(options);
  if (!formats.has(name)) formats.set(name, new Intl.DateTimeFormat(locale, options));
  return formats.get(name).format(date);
}

const twoDigits = (number) => String(number).padStart(2, "0");
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

function near(date) {
  const days = Math.round((midnight(date) - midnight(new Date())) / DAY);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

const ordinal = (date) => `${date.getDate()}${ENDINGS[ordinals.select(date.getDate())]}`;
const day = (date) => `${part(date, { month: "long" })} ${ordinal(date)}, ${date.getFullYear()}`;
const short = (date) => part(date, { month: "short", day: "numeric", year: "numeric" });
const long = (date) => `${part(date, { weekday: "long" })}, ${day(date)}`;
const numbers = (date) => [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())];

/** How long ago, or how soon: `3 minutes ago`. */
function ago(date) {
  const seconds = (date - Date.now()) / 1000;
  const steps = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

const TOKENS = {
  date_num: (date) => numbers(date).join("-"),
  date_slash: (date) => numbers(date).reverse().join("/"),
  date: day,
  date_long: long,
  date_long_full: (date) => part(date, { month: "long", day: "numeric", year: "numeric" }),
  date_short: short,
  date_pretty: (date) => near(date) ?? day(date),
  date_short_pretty: (date) => near(date) ?? short(date),
  date_long_pretty: (date) => near(date) ?? long(date),
  day_divider_pretty: (date) => near(date) ?? long(date),
  time: (date) => part(date, { hour: "numeric", minute: "2-digit" }, []),
  time_secs: (date) => part(date, { hour: "numeric", minute: "2-digit", second: "2-digit" }, []),
  ago,
};

/**
 * @param {number} timestamp  seconds
 * @param {string} format     such as `{date_short_pretty} at {time}`
 * @returns {string|undefined}  nothing for a time or a token that there is not
 */
export function formatted(timestamp, format) {
  const date = new Date(timestamp * 1000);
  const tokens = [...format.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  if (Number.isNaN(date.getTime()) || tokens.some((name) => !Object.hasOwn(TOKENS, name))) return undefined;
  const text = format.replace(/\{(\w+)\}/g, (_, name) => TOKENS[name](date));
  return /^\{\w+_pretty\}/.test(format) ? text[0].toUpperCase() + text.slice(1) : text;
}

/** In full, to look at while the pointer rests on it. @param {number} timestamp @returns {string} */
export const inFull = (timestamp) => part(new Date(timestamp * 1000), { dateStyle: "full", timeStyle: "long" }, []);
