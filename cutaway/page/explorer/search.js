import { shownOf } from "../core/words.js";

/**
 * One word of a search.
 * @typedef {{ key: string, relation: "has" | "=" | "<" | ">" | "<=" | ">=", value: string, not: boolean }} Term
 */

const TERM = /(-?)(?:(?:"([^"]*)"|([^\s:<>="]+))(:|<=|>=|<|>|=))?(?:"([^"]*)"|(\S+))/g;

/** @type {Record<string, (a: any, b: any) => boolean>} */
const ORDERS = {
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => a === b,
};

/** A word that still lacks its value. */
const UNFINISHED = /[^:<>=](?::|<=?|>=?|=)$/;

/**
 * The words of a search, which must all fit: `seven`, `label:3`, `confidence<0.5`, `-right`, `name:"test[7]"`,
 * `"hours per week">40`, `sold>=2024-03`.
 * @param {string} text
 * @returns {Term[]}
 */
export function parseSearch(text) {
  const terms = [];
  for (const [, not, named, word = "", sign = "", quoted, plain = ""] of text.matchAll(TERM)) {
    const key = named ?? word;
    // while a word is typed, the map stays as it is
    if (key ? quoted === undefined && plain === "=" : UNFINISHED.test(plain)) continue;
    const relation = /** @type {Term["relation"]} */ (sign === ":" || sign === "" ? "has" : sign);
    terms.push({ key: key.toLowerCase(), relation, value: (quoted ?? plain).toLowerCase(), not: not === "-" });
  }
  return terms;
}

/**
 * The samples that a search finds.
 * @param {import("./samples.js").Samples} samples
 * @param {string} text
 * @param {number} epoch
 * @returns {Uint8Array | null} 1 for samples that do not fit; null if nothing is searched
 */
export function searchMask(samples, text, epoch) {
  const terms = parseSearch(text);
  if (!terms.length) return null;
  const mask = new Uint8Array(samples.count);
  for (const term of terms) {
    const fits = termFits(samples, term, epoch);
    for (let i = 0; i < mask.length; i++) if (fits(i) === term.not) mask[i] = 1;
  }
  return mask;
}

/** How the name of a sample is called. */
const NAMES = ["name", "sample"];

/** Fields that are named where there is none with the name that is searched. */
const MOST_FIELDS = 8;

/**
 * @param {import("./samples.js").Samples} samples
 * @param {string} key
 */
function columnsNamed({ columns }, key) {
  return [...columns.values()].filter(({ key: own, title }) => [own, title].some((name) => name.toLowerCase() === key));
}

/**
 * The fault of a search for a field that there is not, with the fields that there are, those with similar names first.
 * @param {import("./samples.js").Samples} samples
 * @param {string} text
 */
export function unknownField(samples, text) {
  const wrong = parseSearch(text).find(({ key }) => key && !NAMES.includes(key) && !columnsNamed(samples, key).length)?.key;
  if (wrong === undefined) return "";
  const fields = [...samples.columns.values()].map(({ key, title, own }) => (own ? title : key));
  const parts = Array.from(wrong, (_, k) => wrong.slice(k, k + 2));
  const missing = (/** @type {string} */ field) => parts.filter((part) => !field.toLowerCase().includes(part)).length;
  fields.sort((one, other) => missing(one) - missing(other) || one.length - other.length);
  const named = fields.splice(0, shownOf(fields.length, MOST_FIELDS)).map((name) => (/\s/.test(name) ? JSON.stringify(name) : name));
  return `no field ${JSON.stringify(wrong)}; fields: ${named.join(", ")}${fields.length ? ` and ${fields.length} more` : ""}`;
}

/**
 * @param {import("./samples.js").Samples} samples
 * @param {Term} term
 * @param {number} epoch
 * @returns {(index: number) => boolean}
 */
function termFits(samples, { key, relation, value }, epoch) {
  const named = columnsNamed(samples, key);
  if (key && relation !== "has" && named.length) return compares(samples, named[0], relation, value, epoch);
  const searched = key ? named : [...samples.columns.values()].filter((column) => column.kind !== "number");
  const tests = searched.map((column) => contains(samples, column, value, epoch, Boolean(key)));
  if (!key || NAMES.includes(key)) {
    tests.push((index) => samples.names[index].toLowerCase().includes(value));
  }
  return (index) => tests.some((test) => test(index));
}

/**
 * @param {import("./samples.js").Samples} samples
 * @param {import("./samples.js").ColumnRecord} column
 * @param {string} value
 * @param {number} epoch
 * @param {boolean} named whether the column was named: then a category must be the whole word
 * @returns {(index: number) => boolean}
 */
function contains(samples, column, value, epoch, named) {
  const values = samples.values(column.key, epoch);
  if (column.kind === "category") {
    const exact = column.names.some((name) => name.toLowerCase() === value);
    const test = (/** @type {string} */ name) => (named && exact ? name === value : name.includes(value));
    const fitting = new Set(column.names.flatMap((name, code) => (test(name.toLowerCase()) ? [code] : [])));
    return (index) => fitting.has(values[index]);
  }
  if (column.kind === "number") return (index) => values[index] === asKept(values, Number(value));
  if (column.kind === "date") return (index) => samples.text(column.key, index, epoch).includes(value);
  return (index) => values[index].toLowerCase().includes(value);
}

/**
 * @param {import("./samples.js").Samples} samples
 * @param {import("./samples.js").ColumnRecord} column
 * @param {Term["relation"]} relation
 * @param {string} value
 * @param {number} epoch
 * @returns {(index: number) => boolean}
 */
function compares(samples, column, relation, value, epoch) {
  const values = samples.values(column.key, epoch);
  if (column.kind === "date") {
    // dates in ISO 8601 are in the order of their letters; 2024-03 is the whole month
    const begins = (/** @type {number} */ index) => samples.text(column.key, index, epoch).slice(0, value.length);
    const fits = ORDERS[relation];
    return (index) => !Number.isNaN(values[index]) && fits(begins(index), value);
  }
  if (column.kind !== "number") return contains(samples, column, value, epoch, true);
  const number = asKept(values, value.endsWith("%") ? Number(value.slice(0, -1)) / 100 : Number(value));
  const fits = ORDERS[relation];
  return (index) => fits(values[index], number);
}

/**
 * A number as a column keeps it: 0.1 is another number as float32.
 * @param {ArrayLike<any>} values
 * @param {number} number
 */
function asKept(values, number) {
  return values instanceof Float32Array ? Math.fround(number) : number;
}
