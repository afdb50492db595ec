// What can stand where the caret is: commands with their arguments, people, channels. Pure.

/**
 * @typedef {object} Suggestion
 * @property {string} label   what stands in the list
 * @property {string} detail  what it means
 * @property {string} insert  what takes the place of the text from `from` to `to`
 * @property {number} from
 * @property {number} to
 * @property {"command"|"value"|"option"|"example"|"person"|"group"|"channel"} kind
 *
 * @typedef {object} Completion
 * @property {Suggestion[]} suggestions
 * @property {boolean} takesFirst  whether Enter takes the first one: what was typed is no whole word yet
 * @property {string} usage   how the command is written; empty where none is being typed
 * @property {string} wanted  the part of `usage` that comes next
 *
 * @typedef {object} Known
 * @property {object} table     the command table; an empty object where there is none
 * @property {object[]} people  those who can be mentioned, the nearest first
 * @property {object[]} groups
 * @property {object[]} channels
 */

const MOST = 8;
const SMALL_WORDS = ["to", "as", "on", "in", "from", "for"];
const EVERYBODY = { here: "Everybody in this channel who is active", channel: "Everybody in this channel" };
const NOTHING = { suggestions: [], takesFirst: false, usage: "", wanted: "" };

/** @param {string} text @param {number} caret @param {Known} known @returns {Completion} */
export function completionOf(text, caret, known) {
  const before = text.slice(0, caret);
  const to = caret + /^\S*/.exec(text.slice(caret))[0].length;
  const mention = /(?:^|[\s(])([@#])([\w.-]*)$/.exec(before);
  if (mention) return mentions(mention[1], mention[2], { from: caret - mention[2].length - 1, to }, known);
  if (!before.startsWith("/") || !known.table.command) return NOTHING;
  const space = before.indexOf(" ");
  if (space < 0) return names(before, { from: 0, to }, known.table);
  if (before.slice(0, space) !== known.table.command) return NOTHING;
  return words(before.slice(space + 1), { before, to }, known.table);
}

/** What the text becomes, and where the caret is then. @param {string} text @param {Suggestion} chosen */
export function completed(text, { from, to, insert }) {
  const rest = text.slice(to);
  const inserted = insert.endsWith(" ") && rest.startsWith(" ") ? insert.slice(0, -1) : insert;
  return { text: text.slice(0, from) + inserted + rest, caret: from + insert.length };
}

/** The usage line, cut where the part begins and ends that comes next. @param {Completion} completion */
export function usageParts({ usage, wanted }) {
  const at = wanted ? usage.indexOf(wanted) : -1;
  return at < 0 ? [usage, "", ""] : [usage.slice(0, at), wanted, usage.slice(at + wanted.length)];
}

/** `/`, `/im`, `/dep`: the command with each of its verbs. */
function names(typed, place, table) {
  const isCommand = table.command.startsWith(typed);
  const start = typed.slice(1);
  const verbs = table.verbs.filter((verb) => isCommand || verb.name.startsWith(start));
  return {
    ...NOTHING,
    suggestions: verbs.map((verb) => verbSuggestion(verb, place, `${table.command} `)),
    takesFirst: typed !== table.command,
  };
}

function verbSuggestion(verb, place, prefix = "") {
  const goesOn = verb.arguments.length + verb.options.length > 0;
  const insert = prefix + verb.name + (goesOn ? " " : "");
  return { kind: "command", label: prefix + verb.usage, detail: verb.summary, insert, ...place };
}

/** What follows the command: a verb, then its arguments and options. */
function words(typed, { before, to }, table) {
  const given = typed.split(/\s+/);
  const partial = given.pop();
  const place = { from: before.length - partial.length, to };
  const [name, ...rest] = given.filter(Boolean);
  if (name === undefined) {
    const verbs = table.verbs.filter((verb) => verb.name.startsWith(partial));
    const usage = verbs.length === 1 ? verbs[0].usage : "";
    return { ...NOTHING, usage, suggestions: verbs.map((verb) => verbSuggestion(verb, place)) };
  }
  const verb = table.verbs.find((one) => one.name === name);
  if (!verb) return NOTHING;
  const next = whatComes(verb, rest);
  const fitting = [...values(next, partial, place, table), ...options(next, partial, place)];
  const suggestions = [...fitting.slice(0, MOST), ...examples(verb, before, to, table)];
  return { ...NOTHING, suggestions, usage: verb.usage, wanted: usageOf(next) };
}

/** Which arguments and options are still to come after the words that stand there. */
function whatComes(verb, given) {
  const next = { open: [...verb.arguments], options: [...verb.options], option: null, afterWord: false };
  for (const word of given) {
    const named = next.open.find((one) => one.word === word);
    if (next.option) next.option = null;
    else if (word.startsWith("--")) {
      next.option = next.options.find((one) => one.name === word) ?? null;
      next.options = next.options.filter((one) => one.name !== word);
    } else if (named) {
      next.open = [named, ...next.open.filter((one) => one !== named)];
      next.afterWord = true;
    } else if (SMALL_WORDS.includes(word) && next.open.length) next.afterWord = true;
    else {
      next.open.shift();
      next.afterWord = false;
    }
  }
  return next;
}

/** As it stands in the usage line. */
function usageOf({ open, option }) {
  if (option) return option.value;
  if (!open.length) return "";
  const text = `${open[0].word} ${open[0].name}`.trim();
  return open[0].required ? text : `[${text}]`;
}

function values({ open, option, afterWord }, partial, place, table) {
  const of = (name) => table.values?.[name] ?? [];
  const fits = (text) => text.startsWith(partial) && text !== partial;
  if (option) return of(option.value).filter(fits).map((one) => value(one, option.meaning, place));
  if (afterWord) return of(open[0]?.name).filter(fits).map((one) => value(one, open[0].name, place));
  const reachable = open.slice(0, open.findIndex((one) => one.required) + 1 || undefined);
  return reachable.flatMap(({ name, word }) => {
    if (!word) return of(name).filter(fits).map((one) => value(one, name, place));
    const known = of(name).filter((one) => fits(`${word} ${one}`) || (partial && fits(one)));
    if (known.length) return known.map((one) => value(`${word} ${one}`, name, place));
    return word.startsWith(partial) ? [{ ...value(word, name, place), label: `${word} …` }] : [];
  });
}

/** A value that ends with a colon is only the beginning of one. */
function value(text, detail, place) {
  return { kind: "value", label: text, detail, insert: text.endsWith(":") ? text : `${text} `, ...place };
}

/** Options may stand anywhere, but are offered when everything else that is needed is there. */
function options({ open, options: left, option, afterWord }, partial, place) {
  const isTime = partial.startsWith("-") || !(open.some((one) => one.required) || afterWord);
  if (option || !isTime) return [];
  return left
    .filter((one) => one.name.startsWith(partial))
    .map((one) => ({
      kind: "option", label: `${one.name} ${one.value}`.trim(), detail: one.meaning, insert: `${one.name} `, ...place,
    }));
}

function examples(verb, before, to, table) {
  return verb.examples
    .map((example) => `${table.command} ${example}`)
    .filter((example) => example.startsWith(before) && example !== before)
    .map((example) => ({ kind: "example", label: example, detail: "Example", insert: example, from: 0, to }));
}

function mentions(sign, typed, place, known) {
  const start = typed.toLowerCase();
  const fits = (...texts) => texts.some((text) => text.toLowerCase().split(/\s+/).some((one) => one.startsWith(start)));
  const found = (sign === "#" ? channels(known) : everybody(known)).filter((one) => fits(one.name, one.title));
  const suggestions = found.slice(0, MOST).map(({ name, detail, kind }) => (
    { kind, label: sign + name, detail, insert: `${sign}${name} `, ...place }
  ));
  return { ...NOTHING, suggestions, takesFirst: !found.some((one) => one.name === start) };
}

function channels(known) {
  return known.channels.map(({ name, topic }) => ({ kind: "channel", name, title: name, detail: topic }));
}

function everybody({ people, groups }) {
  const persons = people.map(({ name, realName, title, kind }) => {
    const role = kind === "bot" ? "App" : title;
    return { kind: "person", name, title: realName, detail: [realName, role].filter(Boolean).join(" · ") };
  });
  const named = groups.map(({ handle, name }) => (
    { kind: "group", name: handle, title: name, detail: `${name} · Group` }
  ));
  const all = Object.entries(EVERYBODY).map(([name, detail]) => ({ kind: "group", name, title: name, detail }));
  return [...persons, ...named, ...all];
}
