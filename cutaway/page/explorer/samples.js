import { categoryPalette, MISSING_CODE, numberCodes, rampPalette } from "../core/colors.js";
import { shownOf } from "../core/words.js";

/** Categories that a legend names. */
const MOST_NAMED = 100;

/**
 * @typedef {{
 *   key: string, title: string, kind: "category" | "number" | "date" | "text", values: number[], names: string[],
 *   palette: "classes" | "right" | "compared" | "signed" | "", own: boolean, range?: [number, number],
 * }} ColumnRecord `values` are arrays of the bundle: one, or one for each epoch
 * @typedef {{
 *   arrays: Record<string, number>, examples: number, images: { array: number, width: number, height: number } | null,
 *   inputs: number | null, note: string,
 * }} UnitRecord arrays of the bundle
 * @typedef {{
 *   name: string, title: string, detail: string, layouts: number[],
 *   measures: { title: string, values: (number | null)[] }[], units: UnitRecord | null,
 * }} LayerRecord `layouts` are arrays of the bundle: one, or one for each epoch
 * @typedef {{ side: number, tile: number, tiles: number, opacities: number, groups: number }} DensityRecord `side` and
 *   `tile` in cells; the others are arrays of the bundle
 * @typedef {{
 *   name: string, count: number, names: number, epochs: number[], kept: number, columns: ColumnRecord[],
 *   layers: LayerRecord[], layer: number, details: string[],
 *   images: { array: number, width: number, height: number, channels: number } | null,
 *   neighbors: { array: number, k: number, layer: string } | null,
 *   colors: import("../core/colors.js").Colors, network: import("./model.js").NetworkRecord | null, without: string,
 *   density: { grids: DensityRecord[], layer: number, epoch: number } | null,
 *   inputs: number | null, begins: string, python: { run: string, explore: string } | null,
 *   references: { names: number, labels: number, inputs: number, images: number | null } | null,
 * }} ExplorerRecord what Python says of the samples of a run and its layers
 * @typedef {{ name: string, color: string, count: number, code: number }} LegendEntry
 * @typedef {{
 *   codes: Uint8Array<ArrayBuffer>, palette: Uint8Array<ArrayBuffer>, legend: LegendEntry[],
 *   range: [number, number] | null, ramp: string[],
 * }} Coloring the colors of a number go along a ramp, whose ends are those of the range
 */

/** The samples of an explorer, with their columns; arrays of numbers once they are loaded. */
export class Samples {
  /** @type {string[]} */
  names = [];
  /** @type {Map<string, number>} the place of each name */
  places = new Map();
  /** @type {Map<string, (ArrayLike<any>)[]>} */
  #values = new Map();
  /** @type {import("../map/images.js").Images | null} */
  images = null;
  /** @type {{ indices: Int32Array, k: number, layer: string } | null} */
  neighbors = null;

  /**
   * @param {ExplorerRecord} record
   * @param {import("../core/bundle.js").Bundle} bundle
   */
  constructor(record, bundle) {
    this.record = record;
    this.bundle = bundle;
    this.count = record.count;
    this.columns = new Map(record.columns.map((column) => [column.key, column]));
  }

  /** Load names and columns; images and neighbors come later. */
  async load() {
    const { record, bundle } = this;
    const read = (/** @type {ColumnRecord} */ { kind, values }) =>
      Promise.all(values.map((k) => (kind === "text" ? bundle.texts(k) : bundle.array(k))));
    // all of them simultaneously: from a server, one after the other takes as many round trips
    const [names, ...columns] = await Promise.all([bundle.texts(record.names), ...record.columns.map(read)]);
    this.names = names;
    for (const [k, { key }] of record.columns.entries()) this.#values.set(key, columns[k]);
    this.places = new Map(this.names.map((name, index) => [name, index]));
  }

  /** Load images and neighbors. */
  async loadMore() {
    const { images, neighbors } = this.record;
    if (neighbors) {
      const { array, k, layer } = neighbors;
      this.neighbors = { indices: await this.bundle.array(array), k, layer };
    }
    if (images) {
      const { array, width, height, channels } = images;
      this.images = { bytes: await this.bundle.array(array), width, height, channels };
    }
  }

  /**
   * Add or replace a column that the page itself has computed.
   * @param {ColumnRecord} column
   * @param {ArrayLike<any>} values
   */
  add(column, values) {
    this.columns.set(column.key, column);
    this.#values.set(column.key, [values]);
  }

  /**
   * The values of a column after an epoch.
   * @param {string} key
   * @param {number} epoch its place among the epochs
   * @returns {ArrayLike<any>}
   */
  values(key, epoch) {
    const all = this.#values.get(key) ?? [];
    return all[Math.min(all.length - 1, Math.round(epoch))] ?? [];
  }

  /** @param {string} key */
  changes(key) {
    return (this.columns.get(key)?.values.length ?? 0) > 1;
  }

  /**
   * The value of a sample in words.
   * @param {string} key
   * @param {number} index
   * @param {number} epoch
   */
  text(key, index, epoch) {
    const column = this.columns.get(key);
    const value = this.values(key, epoch)[index];
    if (!column || value === undefined) return "";
    if (column.kind === "text") return value;
    if (column.kind === "category") return column.names[value] ?? "–";
    return this.words(column, value);
  }

  /**
   * What a sample is labeled and what is predicted, in words, and whether that is another class; a number is never wrong.
   * @param {number} index
   * @param {number} epoch
   */
  told(index, epoch) {
    const key = this.columns.has("target") ? "target" : "label";
    const [label, predicted] = [key, "predicted"].map((each) => this.text(each, index, epoch));
    return { label, predicted, wrong: key === "label" && predicted !== "" && predicted !== label };
  }

  /**
   * A number or a date of a column in words.
   * @param {ColumnRecord} column
   * @param {number} value
   */
  words(column, value) {
    if (Number.isNaN(value)) return "–";
    return column.kind === "date" ? dateText(value) : numberText(value);
  }

  /**
   * The colors of all samples by a column.
   * @param {string} key
   * @param {number} epoch
   * @param {boolean} dark whether the page is dark
   * @returns {Coloring}
   */
  coloring(key, epoch, dark) {
    const column = this.columns.get(key);
    const { colors } = this.record;
    if (!column || column.kind === "text") {
      const palette = categoryPalette([colors.missing], colors.missing);
      return { codes: new Uint8Array(this.count), palette, legend: [], range: null, ramp: [] };
    }
    const values = this.values(key, epoch);
    if (column.kind === "category") return categories(column, values, colors, dark);
    const range = column.range ?? this.#range(column);
    const ramp = (column.palette === "signed" && colors.diverging) || colors.sequential;
    return { codes: numberCodes(values, ...range), palette: rampPalette(ramp, colors.missing), legend: [], range, ramp };
  }

  /**
   * The range of a column over all epochs, so that colors mean the same in each.
   * @param {ColumnRecord} column
   * @returns {[number, number]}
   */
  #range(column) {
    let [low, high] = [Infinity, -Infinity];
    for (const values of this.#values.get(column.key) ?? []) {
      for (let i = 0; i < values.length; i++) {
        if (values[i] < low) low = values[i];
        if (values[i] > high) high = values[i];
      }
    }
    return low <= high ? [low, high] : [0, 1];
  }
}

/** @param {number} value */
function numberText(value) {
  // four digits may be a year
  if (Number.isInteger(value)) return value.toLocaleString("en", { useGrouping: Math.abs(value) >= 10_000 });
  return Math.abs(value) >= 999.5 ? value.toLocaleString("en", { maximumFractionDigits: 0 }) : value.toPrecision(3);
}

/**
 * A date as ISO 8601 writes it, in UTC, with a time unless it is midnight.
 * @param {number} seconds since 1970
 */
export function dateText(seconds) {
  const date = new Date(Math.floor(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return "–";
  const [day, time] = date.toISOString().split("T");
  const [hours, minutes, rest] = time.slice(0, 8).split(":");
  if (rest !== "00") return `${day} ${hours}:${minutes}:${rest}`;
  return hours === "00" && minutes === "00" ? day : `${day} ${hours}:${minutes}`;
}

/**
 * @param {ColumnRecord} column
 * @param {ArrayLike<number>} values
 * @param {import("../core/colors.js").Colors} colors
 * @param {boolean} dark
 * @returns {Coloring}
 */
function categories({ names, palette: kind }, values, colors, dark) {
  const list = kind === "right" ? [colors.right, colors.wrong] : ((kind === "compared" && colors.compared) || colors.classes);
  const counts = new Uint32Array(names.length);
  const codes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    codes[i] = value < 0 || value >= names.length ? MISSING_CODE : value % list.length;
    if (value >= 0 && value < names.length) counts[value]++;
  }
  const legend = names
    .slice(0, shownOf(names.length, MOST_NAMED))
    .map((name, code) => ({ name, color: list[code % list.length], count: counts[code], code }));
  return { codes, palette: categoryPalette(list, colors.missing, dark), legend, range: null, ramp: [] };
}

/**
 * The more points, the smaller they are, and the more transparent.
 * @param {number} count
 * @returns {{ size: number, alpha: number }} the diameter in CSS pixels, and the opacity
 */
export function pointStyle(count) {
  const size = Math.min(9, Math.max(1.6, 9 * (300 / Math.max(count, 1)) ** 0.27));
  return { size, alpha: Math.min(0.85, Math.max(0.5, 0.9 - 0.1 * Math.log10(Math.max(count, 100) / 100))) };
}

/**
 * Where a layer's layout at a place of the time slider is kept.
 * @typedef {{ a: string, b: string, t: number }} Place
 */

/** The layouts of all layers and epochs, loaded when they are wanted. */
export class Layouts {
  /** @type {Map<string, Uint16Array<ArrayBuffer>>} */
  loaded = new Map();

  /**
   * @param {ExplorerRecord} record
   * @param {import("../core/bundle.js").Bundle} bundle
   */
  constructor(record, bundle) {
    this.record = record;
    this.bundle = bundle;
  }

  /**
   * @param {number} layer
   * @param {number} epoch its place among the epochs, between two of them as well
   * @returns {Place}
   */
  place(layer, epoch) {
    const count = this.record.layers[layer].layouts.length;
    if (count === 1) return { a: `${layer}/0`, b: `${layer}/0`, t: 0 };
    const before = Math.min(count - 1, Math.floor(epoch));
    const after = Math.min(count - 1, before + 1);
    return { a: `${layer}/${before}`, b: `${layer}/${after}`, t: epoch - before };
  }

  /**
   * Load a layout.
   * @param {string} key
   * @returns {Promise<Uint16Array<ArrayBuffer>>}
   */
  async load(key) {
    const [layer, epoch] = key.split("/").map(Number);
    const positions = await this.bundle.array(this.record.layers[layer].layouts[epoch]);
    this.loaded.set(key, positions);
    return positions;
  }

  /** All keys: the kept epoch first, then from there outward. */
  get keys() {
    const { layers, kept } = this.record;
    const keys = layers.flatMap(({ layouts }, layer) => layouts.map((_, epoch) => ({ layer, epoch, count: layouts.length })));
    const far = (/** @type {{ epoch: number, count: number }} */ { epoch, count }) =>
      count === 1 ? 0 : Math.abs(epoch - kept);
    return keys.sort((one, other) => far(one) - far(other)).map(({ layer, epoch }) => `${layer}/${epoch}`);
  }
}
