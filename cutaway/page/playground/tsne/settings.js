// The settings of t-SNE in the playground: what each can be, and how they are written into an address.

import { readField, readSettings, writeSettings } from "../../core/fields.js";
import { NEIGHBORS } from "./measures.js";
import { DIGITS, TOYS } from "./toy_data.js";

/** @typedef {import("./experiment.js").TsneSettings} TsneSettings */

const [MIN_POINTS, MAX_POINTS] = [2 * NEIGHBORS, 400];
export const MIN_PERPLEXITY = 2;
const MAX_PERPLEXITY = 100;

/** @type {Record<keyof TsneSettings, import("../../core/fields.js").Field>} */
export const TSNE_FIELDS = {
  data: {
    label: "Dataset",
    choices: [...Object.entries(TOYS).map(([name, { title }]) => /** @type {[string, string]} */ ([name, title])), [DIGITS, "Handwritten digits (MNIST)"]],
  },
  points: { label: "Points", low: MIN_POINTS, high: MAX_POINTS, isWhole: true },
  dimensions: { label: "Dimensions", low: 2, high: 100, isWhole: true },
  seed: { label: "Seed", low: 0, high: 2 ** 31 - 1, isWhole: true, help: "Decides the data, and a random start." },
  start: {
    label: "Start",
    choices: [
      ["pca", "principal components"],
      ["random", "random"],
    ],
    help: "Where the points stand before the first step, all within a thousandth of a unit.",
  },
  perplexity: { label: "Perplexity", low: MIN_PERPLEXITY, high: MAX_PERPLEXITY },
  learningRate: { label: "Learning rate", low: 0.1, high: 10_000, auto: true, help: "auto: points / 12 in early exaggeration, then the number of points; at least 20." },
};

/** @type {TsneSettings} */
export const TSNE_DEFAULTS = { data: "two", points: 200, dimensions: 2, seed: 0, start: "pca", perplexity: 30, learningRate: "auto" };

/**
 * The largest whole perplexity that is below a third of the points.
 * @param {number} points
 */
export function largestPerplexity(points) {
  return Math.min(MAX_PERPLEXITY, Math.ceil(points / 3) - 1);
}

/**
 * Settings as they are written into an address: those that are not as at first.
 * @param {TsneSettings} settings
 */
export function toTsneAddress(settings) {
  return writeSettings(settings, TSNE_DEFAULTS);
}

/**
 * Settings from an address, and what could not be read. A perplexity is refused that is not below a third of the points.
 * @param {string} text
 */
export function fromTsneAddress(text) {
  const { settings, refused } = readSettings(text, TSNE_DEFAULTS, (name, given) => readField(TSNE_FIELDS[/** @type {keyof TsneSettings} */ (name)], given));
  const most = largestPerplexity(settings.points);
  if (settings.perplexity > most) {
    if (settings.perplexity !== TSNE_DEFAULTS.perplexity) refused.push(`perplexity=${settings.perplexity}`);
    settings.perplexity = Math.min(TSNE_DEFAULTS.perplexity, most);
  }
  return { settings, refused };
}
