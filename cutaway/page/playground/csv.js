// A CSV file of a person's own: numbers, and the class in the last column.

import { MAX_CLASSES, MAX_SAMPLES } from "./fields.js";

export const MAX_BYTES = 5_000_000;
export const MAX_INPUTS = 50;

/** Letters of the name of a column or a class. */
export const MAX_NAME = 80;

/**
 * Rows of a CSV file. Quotes may hold commas, line ends and doubled quotes.
 * @param {string} text
 * @param {string} separator
 * @returns {string[][]}
 */
export function parseCsv(text, separator) {
  const cells = new RegExp(`(?:"([^"]*(?:""[^"]*)*)"|([^${separator}\\r\\n]*))(${separator}|\\r\\n|\\r|\\n|$)`, "gy");
  /** @type {string[][]} */
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(cells)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== separator) rows.push([]);
  }
  return rows.filter((row) => row.some((value) => value.trim()));
}

/** A number with a decimal comma, as Excel writes it in Germany. */
const COMMA_NUMBER = /^\s*[+-]?\d*,\d+(e[+-]?\d+)?\s*$/i;

/**
 * Samples from a CSV file. Columns are standardized: less their mean, divided by their standard deviation. Between columns there
 * are commas, semicolons or tabs; with the last two, numbers may have a decimal comma.
 * @param {string} text
 * @returns {{ rows: number[][], classNames: string[], columns: string[], hasCommas: boolean }}
 * @throws {RangeError} With the rule, what came, and what to do.
 */
export function samplesFromCsv(text) {
  const parsed = [";", "\t", ","].map((separator) => parseCsv(text.replace(/^\uFEFF/, ""), separator));
  const widths = parsed.map((lines) => lines[0]?.length ?? 0);
  // the separator that gives all lines the same length: commas of decimals may be as many as semicolons
  const even = parsed.findIndex((lines, k) => widths[k] > 1 && lines.every((line) => line.length === widths[k]));
  const chosen = even < 0 ? widths.indexOf(Math.max(...widths)) : even;
  const rows = parsed[chosen];
  const hasCommas = chosen < 2 && rows.some((row) => row.slice(0, -1).some((cell) => COMMA_NUMBER.test(cell)));
  // a point in such a file is between thousands, and is refused
  const valueOf = (/** @type {string} */ cell) => (!cell.trim() || (hasCommas && cell.includes(".")) ? NaN : Number(hasCommas ? cell.replace(",", ".") : cell));
  const isNumber = (/** @type {string} */ cell) => Number.isFinite(valueOf(cell));
  const isHead = rows.length > 1 && !rows[0].slice(0, -1).every(isNumber);
  const columns = isHead ? rows[0].map((name) => name.trim().slice(0, MAX_NAME)) : (rows[0] ?? []).map((_, k) => `column ${k + 1}`);
  const samples = rows.slice(isHead ? 1 : 0);
  const width = columns.length;
  const refuse = (/** @type {string} */ message) => {
    throw new RangeError(message);
  };
  if (width < 2) refuse(`A file has one or more columns of numbers and the class last; this one has ${width} column. Separate columns by commas, semicolons or tabs.`);
  if (width - 1 > MAX_INPUTS) refuse(`A file has ${MAX_INPUTS} columns of numbers at most; this one has ${width - 1}. Take columns away.`);
  if (samples.length < 10 || samples.length > MAX_SAMPLES) refuse(`A file has 10 to ${MAX_SAMPLES} samples; this one has ${samples.length}.`);
  samples.forEach((row, k) => {
    const line = k + (isHead ? 2 : 1);
    const halves = chosen === 2 && row.length > width ? " Decimal commas need semicolons between columns." : "";
    if (row.length !== width) refuse(`Every line has ${width} cells; line ${line} has ${row.length}.${halves}`);
    const bad = row.slice(0, -1).findIndex((cell) => !isNumber(cell));
    const mend = bad >= 0 && /^[\d.,'\s+-]+$/.test(row[bad]) ? " Write nothing between thousands; decimal commas need semicolons between columns." : "";
    if (bad >= 0) refuse(`All columns but the last hold numbers; line ${line} has "${row[bad].slice(0, 40)}" in ${columns[bad]}.${mend}`);
    if (!row[width - 1].trim()) refuse(`The last column is the class; line ${line} has none.`);
    if (row[width - 1].trim().length > MAX_NAME) refuse(`The last column is the class, of ${MAX_NAME} letters at most; line ${line} has ${row[width - 1].trim().length}.`);
  });
  const classNames = [...new Set(samples.map((row) => row[width - 1].trim()))].toSorted((a, b) => (isNumber(a) && isNumber(b) ? Number(a) - Number(b) : a < b ? -1 : 1));
  if (classNames.length < 2 || classNames.length > MAX_CLASSES) refuse(`The last column is one of 2 to ${MAX_CLASSES} classes; it has ${classNames.length} different values.`);
  const numbers = samples.map((row) => row.slice(0, -1).map(valueOf));
  const scales = columns.slice(0, -1).map((_, column) => {
    const mean = numbers.reduce((sum, row) => sum + row[column], 0) / numbers.length;
    const variance = numbers.reduce((sum, row) => sum + (row[column] - mean) ** 2, 0) / numbers.length;
    return { mean, deviation: Math.sqrt(variance) || 1 };
  });
  const standardized = numbers.map((row, k) => [
    ...row.map((value, column) => (value - scales[column].mean) / scales[column].deviation),
    classNames.indexOf(samples[k][width - 1].trim()),
  ]);
  return { rows: standardized, classNames, columns, hasCommas };
}
