// The settings of the playground: what each is called, what it can be, and how they are written into an address.

import { readField, readSettings, writeSettings } from "../core/fields.js";
import { DATA_SETS } from "./data_sets.js";
import { ACTIVATIONS, INITIALIZERS } from "./dense_network.js";

/** @typedef {import("./session.js").Settings} Settings */

/** @typedef {import("../core/fields.js").Field & { group: "data" | "model" | "training" }} Field Changes of "training" go on from here; the others begin again. */

/** The names of data that are not made from a formula. */
export const OWN_DATA = { painted: "Points that you paint", file: "A CSV file", digits: "Handwritten digits (MNIST)" };

export const MAX_SAMPLES = 5000;
export const MAX_CLASSES = 10;
export const MAX_LAYERS = 6;
export const MAX_UNITS = 128;

/** @param {readonly string[]} names */
const plain = (names) => names.map((name) => /** @type {[string, string]} */ ([name, name.replaceAll("_", " ")]));

/** @type {Record<Exclude<keyof Settings, "hidden">, Field>} */
export const FIELDS = {
  data: {
    label: "Dataset",
    group: "data",
    choices: [...Object.entries(DATA_SETS).map(([name, { title }]) => /** @type {[string, string]} */ ([name, title])), ...Object.entries(OWN_DATA)],
  },
  samples: { label: "Samples", group: "data", low: 10, high: MAX_SAMPLES, isWhole: true },
  classes: { label: "Classes", group: "data", low: 2, high: MAX_CLASSES, isWhole: true },
  noise: { label: "Noise", group: "data", low: 0, high: 5, help: "The standard deviation of the noise added to each value." },
  testShare: { label: "Test share", group: "data", low: 0.05, high: 0.9, help: "Of the samples, the network never learns from these." },
  seed: { label: "Seed", group: "data", low: 0, high: 2 ** 31 - 1, isWhole: true, help: "Decides samples, first weights and batches." },
  activation: { label: "Activation", group: "model", choices: plain(ACTIVATIONS) },
  initializer: { label: "First weights", group: "model", choices: plain(INITIALIZERS) },
  loss: {
    label: "Loss",
    group: "training",
    choices: [
      ["categorical_crossentropy", "cross-entropy"],
      ["mean_squared_error", "squared error"],
    ],
  },
  optimizer: {
    label: "Optimizer",
    group: "training",
    choices: [
      ["sgd", "SGD"],
      ["adam", "Adam"],
    ],
  },
  learningRate: { label: "Learning rate", group: "training", low: 0.000001, high: 1000 },
  momentum: { label: "Momentum", group: "training", low: 0, high: 0.999, help: "Of SGD." },
  batchSize: { label: "Batch size", group: "training", low: 1, high: MAX_SAMPLES, isWhole: true },
  weightDecay: { label: "Weight decay", group: "training", low: 0, high: 10 },
  dropout: { label: "Dropout", group: "training", low: 0, high: 0.95, help: "The share of hidden units that a step leaves out." },
};

/** @type {Settings} */
export const DEFAULTS = {
  ...{ data: "moons", samples: 500, classes: 2, noise: 0.15, testShare: 0.3, seed: 0 },
  ...{ hidden: [8, 8], activation: "relu", initializer: "glorot_uniform" },
  ...{ loss: "categorical_crossentropy", optimizer: "adam", learningRate: 0.01, momentum: 0, batchSize: 32, weightDecay: 0, dropout: 0 },
};

/**
 * A setting and its value, in words.
 * @param {string} name
 * @param {string | number} value
 */
export function inWords(name, value) {
  return `${/** @type {Record<string, Field>} */ (FIELDS)[name].label.toLowerCase()} ${valueInWords(name, value)}`;
}

/**
 * @param {string} name
 * @param {string | number} value
 */
export function valueInWords(name, value) {
  const { choices } = /** @type {Record<string, Field>} */ (FIELDS)[name];
  return choices?.find(([each]) => each === value)?.[1] ?? String(value);
}

/**
 * Settings as they are written after the # of an address: those that are not as at first.
 * @param {Settings} settings
 */
export function toAddress(settings) {
  return writeSettings(settings, DEFAULTS);
}

/**
 * Settings from the part of an address after the #, and unreadable ones.
 * @param {string} text
 */
export function fromAddress(text) {
  return readSettings(text, DEFAULTS, (name, given) => {
    if (name !== "hidden") return readField(/** @type {Record<string, Field>} */ (FIELDS)[name], given);
    const units = given ? given.split("-").map(Number) : []; // such as "8-8"
    const fits = units.every((count) => Number.isInteger(count) && count >= 1 && count <= MAX_UNITS);
    return fits && units.length <= MAX_LAYERS ? units : null;
  });
}

/**
 * Whether a setting has an effect.
 * @param {string} name
 * @param {Settings} settings
 */
export function isUsed(name, settings) {
  const known = DATA_SETS[settings.data];
  if (name === "samples" || name === "noise") return Boolean(known);
  if (name === "classes") return Boolean(known?.hasClasses);
  if (name === "testShare") return settings.data !== "digits";
  if (name === "momentum") return settings.optimizer === "sgd";
  if (name === "loss") return !known?.isRegression;
  return true;
}

/**
 * The settings that have an effect and are not as at first, in words; not dataset and noise, which are chosen together.
 * @param {Settings} settings
 */
export function changedInWords(settings) {
  const [now, first] = /** @type {Record<string, any>[]} */ ([settings, DEFAULTS]);
  const names = Object.keys(FIELDS).filter((name) => name !== "data" && name !== "noise" && isUsed(name, settings) && now[name] !== first[name]);
  const hidden = settings.hidden.join("-");
  const units = hidden === DEFAULTS.hidden.join("-") ? [] : [hidden ? `hidden units ${hidden}` : "no hidden layer"];
  return [...units, ...names.map((name) => inWords(name, now[name]))].join(", ");
}
