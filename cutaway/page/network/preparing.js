// From the cells of a row of a table to the inputs of a model, as `cutaway.data.Preparation` makes them.

import { normalQuantile } from "./activations.js";

/** @typedef {number | string | null | undefined} Cell Null or undefined if it is not known. */

/** @typedef {Record<string, any>} PreparationStep As run.json keeps it: see cutaway/data/preparation/steps.py. */

/**
 * @typedef {object} ColumnControl What a control for a column needs.
 * @property {string} column
 * @property {string} [title] The column as people read it, without control characters; itself if there is none.
 * @property {"number" | "category" | "date" | "text"} kind Text is for columns of very many values.
 * @property {number} [low] Smallest value in the training samples; seconds since 1970 for a date.
 * @property {number} [high]
 * @property {number} [step] Between neighboring values of a slider.
 * @property {number[]} [quantiles] Values that 5, 25, 50, 75 and 95% of the training samples do not exceed.
 * @property {string[]} [values] Of a category.
 * @property {string[]} [texts] The values as people read them, likewise.
 * @property {boolean} [other] Whether a category has rare values, which share an input.
 * @property {boolean} missing Whether the value was not known in some training samples.
 * @property {Cell} start A usual value.
 */

/**
 * @typedef {object} TablePreparation
 * @property {PreparationStep[]} steps
 * @property {ColumnControl[]} [controls]
 */

/** Inputs are at most this large. */
const LARGEST_INPUT = 1e6;

const SECONDS_A_DAY = 86_400;

/** What a control gives for the values of a category that have no input of their own. */
export const OTHER_VALUE = "\u0000other";

/** @type {Record<string, (step: PreparationStep, cell: Cell) => number[]>} */
const STEP_INPUTS = {
  number(step, cell) {
    const value = cell === null || cell === undefined || cell === "" ? NaN : Number(cell);
    const isUnknown = Number.isNaN(value);
    const filled = isUnknown ? step.fill : value;
    const scaled = step.quantiles ? rankDeviate(filled, step.quantiles) : (filled - step.center) / step.scale;
    const bounded = Math.min(Math.max(scaled, -LARGEST_INPUT), LARGEST_INPUT);
    return step.indicator ? [bounded, isUnknown ? 1 : 0] : [bounded];
  },

  category(step, cell) {
    const inputs = new Array(inputCount(step)).fill(0);
    const isUnknown = cell === null || cell === undefined;
    const place = isUnknown ? -1 : step.values.indexOf(String(cell));
    if (place >= 0) inputs[place] = 1;
    else if (!isUnknown && step.other) inputs[step.values.length] = 1;
    if (isUnknown && step.indicator) inputs[inputs.length - 1] = 1;
    return inputs;
  },

  hash(step, cell) {
    const inputs = new Array(step.inputs).fill(0);
    if (cell === null || cell === undefined || cell === "") return inputs;
    const hash = murmurHash(String(cell));
    inputs[Math.abs(hash) % step.inputs] = hash < 0 ? -1 : 1;
    return inputs;
  },

  date(step, cell) {
    const given = cellSeconds(cell);
    const seconds = given === null ? step.fill : given;
    const inputs = step.parts.map((/** @type {string} */ part) => {
      if (part === "time") return (seconds - step.center) / step.scale;
      const [period, name] = part.split(" ");
      const angle = 2 * Math.PI * turnOf(period, seconds);
      return name === "sin" ? Math.sin(angle) : Math.cos(angle);
    });
    return step.indicator ? [...inputs, given === null ? 1 : 0] : inputs;
  },
};

/**
 * Make the inputs of a model from a row.
 * @param {TablePreparation} preparation
 * @param {Record<string, Cell>} cells By column: numbers, names of categories, and dates as seconds since 1970 or in
 *   ISO 8601.
 * @returns {Float32Array}
 */
export function prepareRow(preparation, cells) {
  // a column may be called "constructor", which every object has
  const cellOf = (/** @type {string} */ column) => (Object.hasOwn(cells, column) ? cells[column] : null);
  return Float32Array.from(preparation.steps.flatMap((step) => STEP_INPUTS[step.kind](step, cellOf(step.column))));
}

/**
 * The number of inputs that a column becomes.
 * @param {PreparationStep} step
 * @returns {number}
 */
function inputCount(step) {
  if (step.kind === "hash") return step.inputs;
  const own = step.kind === "category" ? step.values.length + (step.other ? 1 : 0) : (step.parts?.length ?? 1);
  return own + (step.indicator ? 1 : 0);
}

/**
 * What each column of a table contributes: the sum over the inputs that were made from it.
 * @param {TablePreparation} preparation
 * @param {ArrayLike<number>} contributions of the inputs
 * @returns {{ column: string, value: number }[]} in the order of the columns
 */
export function sumByColumn(preparation, contributions) {
  let at = 0;
  return preparation.steps.map((step) => {
    const end = at + inputCount(step);
    let value = 0;
    for (; at < end; at++) value += contributions[at];
    return { column: step.column, value };
  });
}

/**
 * The rank of a value among quantiles as a normal deviate.
 * @param {number} value
 * @param {number[]} quantiles Ascending.
 * @returns {number}
 */
function rankDeviate(value, quantiles) {
  const shares = quantiles.map((_, i) => i / (quantiles.length - 1)); // of the samples that do not exceed each
  const negative = (/** @type {number[]} */ list) => list.map((one) => -one).reverse();
  // from both sides, so that a value that occurs often gets the middle of its ranks
  const upper = interpolateAt(value, quantiles, shares);
  const rank = 0.5 * (upper - interpolateAt(-value, negative(quantiles), negative(shares)));
  const edge = 1e-7 - Number.EPSILON;
  return normalQuantile(Math.min(Math.max(rank, edge), 1 - edge));
}

/**
 * Interpolate linearly between points, as numpy.interp does: of points with equal places the last one counts.
 * @param {number} x
 * @param {number[]} places Ascending.
 * @param {number[]} values
 * @returns {number}
 */
export function interpolateAt(x, places, values) {
  const last = places.length - 1;
  if (x >= places[last]) return values[last];
  if (x < places[0]) return values[0];
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (places[middle] <= x) low = middle;
    else high = middle;
  }
  return values[low] + ((values[high] - values[low]) * (x - places[low])) / (places[high] - places[low]);
}

/**
 * Which share of the year, the week or the day is over.
 * @param {string} period "month", "weekday" or "hour".
 * @param {number} seconds Since 1970.
 * @returns {number} From 0 to 1.
 */
function turnOf(period, seconds) {
  const days = Math.floor(seconds / SECONDS_A_DAY);
  if (period === "hour") return seconds / SECONDS_A_DAY - days;
  if (period === "weekday") return ((((days + 3) % 7) + 7) % 7) / 7; // 1970 began on a Thursday
  const year = new Date(days * SECONDS_A_DAY * 1000).getUTCFullYear();
  const [start, end] = [year, year + 1].map((one) => new Date(0).setUTCFullYear(one, 0, 1) / (SECONDS_A_DAY * 1000));
  return (days - start) / (end - start);
}

/**
 * @param {Cell} cell
 * @returns {number | null} Seconds since 1970; null if it is not known.
 */
export function cellSeconds(cell) {
  if (cell === null || cell === undefined || cell === "") return null;
  if (typeof cell === "number") return cell;
  // without a time zone it is UTC, as in Python
  const hasTime = /[T ]\d/.test(cell);
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(cell);
  const seconds = Date.parse(hasTime && !hasZone ? `${cell.replace(" ", "T")}Z` : cell) / 1000;
  return Number.isNaN(seconds) ? null : seconds;
}

/**
 * @param {number} value
 * @param {number} bits
 * @returns {number}
 */
function rotateLeft(value, bits) {
  return (value << bits) | (value >>> (32 - bits));
}

/**
 * The hash of a text, as scikit-learn's `murmurhash3_32` computes it with the seed 0.
 *
 * Source: Appleby, MurmurHash3_x86_32, public domain.
 * @param {string} text
 * @returns {number} A signed whole number of 32 bits.
 */
export function murmurHash(text) {
  const bytes = new TextEncoder().encode(text);
  const mixed = (/** @type {number} */ block) => Math.imul(rotateLeft(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
  let hash = 0;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    const block = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    hash = (Math.imul(rotateLeft(hash ^ mixed(block), 13), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let last = bytes.length - 1; last >= at; last--) rest = (rest << 8) | bytes[last];
  if (at < bytes.length) hash ^= mixed(rest);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
