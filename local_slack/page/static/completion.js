// What can stand where the caret is: commands with their arguments, people, channels. Pure.

/**
 * @typedef {object} Suggestion
 * @property {"command"|"value"|"option"|"example"|"person"|"group"|"channel"} kind
 * @property {string} label   what stands in the list
 * @property {string} detail  what it means
 * @property {string} insert  what takes the place of the text between `from` and `to`
 * @property {number} from
 * @property {number} to
 *
 * @typedef {object} Completion
 * @property {Suggestion[]} suggestions
 * @property {boolean} [takesFirst]  whether Enter takes the first one: what was typed is no whole word yet
 * @property {string} [usage]   how the command is written that is being typed
 * @property {string} [wanted]  the part of `usage` that comes next
 *
 * @typedef {{table: object, people: object[], groups: object[], channels: object[]}} Known  the command table (an
 *   empty object where there is none), and who can be mentioned, the nearest first
 */

const MOST = 8;
const SMALL_WORDS = ["to", "as", "on", "in", "from", "for"];
const EVERYBODY = { here: "Everybody in this channel who is active", channel: "Everybody in this channel" };
const NOTHING = { suggestions: [] };

/** @param {string} text @param {number} caret @param {Known} known @returns {Completion} */
export function completionOf(text, caret, known) {
  const before = text.slice(0, caret);
  const to = caret + /^\S*/.exec(text.slice(caret))[0].length;
  const mention = /(?:^|[\s(])([@#])([\w.-]*)$/.exec(before);
  if (mention) return mentions(mention[1], mention[2], { from: caret - mention[2].length - 1, to }, known);
  const { command } = known.table;
  if (!command || !before.startsWith("/")) return NOTHING;
  const [name, ...rest] = before.split(" ");
  if (!rest.length) return names(before, { from: 0, to }, known.table);
  return name === command ? words(rest.join(" "), { before, to }, known.table) : NOTHING;
}

/** What the text becomes, and where the caret is then. @param {string} text @param {Suggestion} chosen */
export function completed(text, { from, to, insert }) {
  const rest = text.slice(to);
  const inserted = rest.startsWith(" ") ? insert.trimEnd() : insert;
  return { text: text.slice(0, from) + inserted + rest, caret: from + insert.length };
}

/** The usage line, cut where the part begins and ends that comes next. @param {Completion} completion */
export function usageParts({ usage, wanted }) {
  const at = wanted ? usage.indexOf(wanted) : usage.length;
  return [usage.slice(0, at), wanted, usage.slice(at + wanted.length)];
}

/** `/`, `/im`, `/dep`: the command with each of its verbs. */
function names(typed, place, { command, verbs }) {
  const fits = (verb) => command.startsWith(typed) || `/${verb.name}`.startsWith(typed);
  const suggestions = verbs.filter(fits).map((verb) => verbSuggestion(verb, place, `${command} `));
  return { suggestions, takesFirst: typed !== command };
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
  const fits = (verb) => (name === undefined ? verb.name.startsWith(partial) : verb.name === name);
  const verbs = table.verbs.filter(fits);
  if (name === undefined) return { suggestions: verbs.map((verb) => verbSuggestion(verb, place)) };
  if (!verbs.length) return NOTHING;
  const [verb] = verbs;
  const next = whatComes(verb, rest);
  const fitting = [...values(next, partial, place, table), ...options(next, partial, place)].slice(0, MOST);
  return { suggestions: [...fitting, ...examples(verb, before, to, table)], usage: verb.usage, wanted: usageOf(next) };
}

/** Which arguments and options are still to come after the words that stand there. */
function whatComes(verb, given) {
  const next = { open: [...verb.arguments], options: [...verb.options], option: null, afterWord: false };
  for (const word of given) {
    const named = next.open.find((one) => one.word === word);
    if (next.option) next.option = null;
    else if (word.startsWith("--")) {
      next.option = next.options.find((one) => one.name === word);
      next.options = next.options.filter((one) => one.name !== word);
    } else if (next.open.length && (named || SMALL_WORDS.includes(word))) {
      next.open = [named ?? next.open[0], ...next.open.filter((one) => one !== (named ?? next.open[0]))];
      next.afterWord = true;
    } else {
      next.open.shift();
      next.afterWord = false;
    }
  }
  return next;
}

/** As it stands in the usage line. */
function usageOf({ open: [first], option }) {
  if (option) return option.value;
  if (!first) return "";
  const text = `${first.word} ${first.name}`.trim();
  return first.required ? text : `[${text}]`;
}

function values({ open, option, afterWord }, partial, place, table) {
  const fits = (text) => text.startsWith(partial) && text !== partial;
  // A value that ends with a colon is only the beginning of one.
  const value = (text, detail) => (
    { kind: "value", label: text, detail, insert: text.endsWith(":") ? text : `${text} `, ...place }
  );
  const known = (name, detail) => (table.values?.[name] ?? []).filter(fits).map((one) => value(one, detail));
  if (option) return known(option.value, option.meaning);
  if (afterWord) return known(open[0].name, open[0].name);
  const reachable = open.slice(0, open.findIndex((one) => one.required) + 1 || undefined);
  return reachable.flatMap(({ name, word }) => {
    if (!word) return known(name, name);
    const all = table.values?.[name] ?? [];
    const after = all.filter((one) => fits(`${word} ${one}`) || (partial && fits(one)));
    if (after.length) return after.map((one) => value(`${word} ${one}`, name));
    return word.startsWith(partial) ? [value(word, name)] : [];
  });
}

/** Options may stand anywhere, but are offered when everything else that is needed is there. */
function options({ open, options: left, option, afterWord }, partial, place) {
  const isTime = partial.startsWith("-") || !(afterWord || open.some((one) => one.required));
  return left.filter((one) => isTime && !option && one.name.startsWith(partial)).map(({ name, value, meaning }) => (
    { kind: "option", label: `${name} ${value}`.trim(), detail: meaning, insert: `${name} `, ...place }
  ));
}

function examples(verb, before, to, { command }) {
  const all = verb.examples.map((example) => `${command} ${example}`);
  return all.filter((example) => example.startsWith(before) && example !== before).map((example) => (
    { kind: "example", label: example, detail: "Example", insert: example, from: 0, to }
  ));
}

function mentions(sign, typed, place, known) {
  const start = typed.toLowerCase();
  const wordsOf = ({ name, title = "" }) => `${name} ${title}`.toLowerCase().split(" ");
  const fits = (one) => wordsOf(one).some((word) => word.startsWith(start));
  const found = (sign === "#" ? channels(known) : everybody(known)).filter(fits);
  const suggestions = found.slice(0, MOST).map(({ name, detail, kind }) => (
    { kind, label: sign + name, detail, insert: `${sign}${name} `, ...place }
  ));
  return { suggestions, takesFirst: !found.some((one) => one.name === start) };
}

const channels = (known) =>
  known.channels.map(({ name, topic }) => ({ kind: "channel", name, detail: inWords(topic) }));

/** A topic in plain words; one with several commands to try is no description, but a tour. */
function inWords(topic) {
  const signs = topic.split("`").length - 1;
  return signs > 2 ? "" : topic.replaceAll("`", "");
}

function everybody({ people, groups }) {
  const persons = people.map(({ name, realName, title, kind }) => {
    const role = kind === "bot" ? "App" : title;
    return { kind: "person", name, title: realName, detail: [realName, role].filter(Boolean).join(" · ") };
  });
  const named = groups.map(({ handle, name }) => (
    { kind: "group", name: handle, title: name, detail: `${name} · Group` }
  ));
  const all = Object.entries(EVERYBODY).map(([name, detail]) => ({ kind: "group", name, detail }));
  return [...persons, ...named, ...all];
}
