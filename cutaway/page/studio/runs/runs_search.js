import { readSettings, writeSettings } from "../../core/fields.js";
import { stateWord } from "../words.js";

/**
 * A run as the list shows it; see `cutaway.runs.RunSummary`.
 * @typedef {{ id: string, state: string, why: string | null, title: string,
 *   created?: string, data?: string, model?: string, settings?: Record<string, string | number | null>, called?: string, like?: string | null, judged_on?: string | null, tested?: number | null, accuracy?: number | null, epochs?: number, planned?: number | null,
 *   val_accuracy?: number | null, val_r2?: number | null, val_epoch?: number | null,
 *   test?: { loss: number, accuracy?: number, r2?: number, cross_entropy?: number } | null, baseline?: number | null, seconds?: number | null,
 *   curves?: Record<string, (number | null)[]>, progress?: RunProgress | null }} RunRow
 * @typedef {{ epoch: number, share: number | null, rate: number | null, seconds_left: number | null }} RunProgress
 */

/** @typedef {typeof FIRST} RunsQuery What the list shows, as it stands in the address: with "-" before a column, the largest come first. */
const FIRST = { find: "", sort: "-created" };

/**
 * What runs are sorted by: a text or a number; undefined and null come last.
 * @type {Record<string, (row: RunRow) => string | number | null | undefined>}
 */
const SORTED = {
  created: (row) => row.created,
  name: (row) => namesOf(row).name.toLowerCase() || null,
  accuracy: (row) => row.test?.accuracy ?? row.test?.r2 ?? row.val_accuracy ?? row.val_r2,
};

/** @type {WeakMap<RunRow, string>} */
const texts = new WeakMap();

/** @param {RunRow} row */
function searchedText(row) {
  let text = texts.get(row);
  if (text === undefined) {
    text = [row.title, row.id, row.data, row.model, stateWord(row.state), ...settingWords(settingsOf(row))].join("\n").toLowerCase();
    texts.set(row, text);
  }
  return text;
}

/**
 * The runs that match, sorted. Each word of the search is in the title, the id, the data, the model, the state or the settings.
 * @param {Iterable<RunRow>} rows
 * @param {RunsQuery} query
 */
export function foundRuns(rows, { find, sort }) {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...rows].filter((row) => words.every((word) => searchedText(row).includes(word)));
  const values = new Map(found.map((row) => [row, SORTED[sort.replace("-", "")](row)]));
  const sign = sort.startsWith("-") ? -1 : 1;
  return found.sort((a, b) => comparedValues(values.get(a), values.get(b), sign) || comparedValues(a.id, b.id, -1));
}

/**
 * @param {string | number | null | undefined} a
 * @param {string | number | null | undefined} b
 * @param {number} sign
 */
function comparedValues(a, b, sign) {
  const [hasNone, otherHasNone] = [a === null || a === undefined, b === null || b === undefined];
  if (hasNone || otherHasNone) return Number(hasNone) - Number(otherHasNone);
  if (a === b) return 0;
  return /** @type {any} */ (a) < /** @type {any} */ (b) ? -sign : sign;
}

/** A folder's name as a training makes it: when it began, its name or that of its data, and four digits. */
const MADE = /^\d{8}-\d{6}-(.*)-([0-9a-f]{4})$/;

/**
 * The name that a person gave a run, "" for none, and what tells it from others of this name.
 * @param {RunRow} row
 */
export function namesOf({ id, title, data = "" }) {
  const [, middle = id, end = ""] = MADE.exec(id) ?? [];
  const plain = (/** @type {string} */ text) => text.replace(/[^\p{L}\p{N}]+/gu, "-");
  return { name: title || (plain(middle) === plain(data) ? "" : middle), end };
}

/**
 * The hidden layers and the settings of a run, by name.
 * @param {RunRow} row
 * @returns {[string, string | number | null][]}
 */
export function settingsOf({ model = "", settings = {} }) {
  const hidden = model.includes("-") ? model.split("-").slice(1, -1).join("-") || "no hidden layer" : null;
  return [["hidden", hidden], ...Object.entries(settings)];
}

/** @param {[string, string | number | null][]} settings */
export function settingWords(settings) {
  const given = settings.filter(([, value]) => value !== null && value !== "");
  return given.map(([name, value]) => (["hidden", "optimizer"].includes(name) ? String(value) : `${name.replaceAll("_", " ")} ${value}`));
}

/**
 * Runs in groups: tested on the same samples or, where that is not known, on the same data. The groups are in the order of
 * their first runs.
 * @param {RunRow[]} rows
 */
export function groupsOf(rows) {
  const samplesOf = (/** @type {RunRow} */ { tested, judged_on: samples }) => (tested && samples) || "";
  /** @type {Map<string | undefined, string>} by the data */
  const first = new Map(rows.filter(samplesOf).reverse().map((row) => [row.data, samplesOf(row)]));
  /** @type {Map<string, RunRow[]>} */
  const groups = new Map();
  for (const row of rows) {
    const key = samplesOf(row) || (first.get(row.data) ?? row.data ?? "");
    groups.set(key, groups.get(key) ?? []);
    groups.get(key)?.push(row);
  }
  return groups;
}

/** Runs of a group at most whose settings are compared: a folder may hold 100,000. */
const COMPARED = 500;

/**
 * What tells each run of a group from the others: settings that at least two of them have with different values, in words.
 * @param {RunRow[]} rows
 */
export function differencesIn(rows) {
  /** @type {Map<string, Set<string | number | null>>} */
  const values = new Map();
  for (const [name, value] of rows.slice(0, COMPARED).flatMap(settingsOf)) values.set(name, (values.get(name) ?? new Set()).add(value));
  return (/** @type {RunRow} */ row) => settingWords(settingsOf(row).filter(([name]) => (values.get(name)?.size ?? 0) > 1));
}

/**
 * @param {string} text the part of an address behind its question mark
 * @returns {RunsQuery}
 */
export function readQuery(text) {
  return readSettings(text, FIRST, (name, given) => (name === "find" || Object.hasOwn(SORTED, given.replace(/^-/, "")) ? given : null)).settings;
}

/**
 * The part of an address behind its question mark; "" for the default view.
 * @param {RunsQuery} query
 */
export function writtenQuery(query) {
  return writeSettings(query, FIRST);
}
