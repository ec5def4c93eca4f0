// Data to learn from: the toy data of scikit-learn and a few more, each as it is made here and in Python.

import { percent } from "../core/words.js";
import { RandomState } from "./random/mersenne_twister.js";

/**
 * @typedef {object} Samples
 * @property {Float32Array} x (sample, input)
 * @property {Float32Array} y The class of each sample, or the value that a function has there.
 * @property {number} inputs
 * @property {number} outputs Classes; 1 for the value of a function.
 * @property {boolean} isRegression Whether `y` holds values, not classes.
 * @property {string[]} classNames
 * @property {string[]} [inputNames]
 */

/**
 * @typedef {object} DataSettings
 * @property {string} data The name of a dataset.
 * @property {number} samples Of training and test together.
 * @property {number} classes Where a dataset can have any number of them.
 * @property {number} noise Standard deviation of the noise in each value.
 * @property {number} seed
 */

/**
 * @typedef {object} OwnData Samples that are not made from settings.
 * @property {number[][]} [rows] Inputs, and the class last.
 * @property {string[]} [classNames]
 * @property {string[]} [inputNames]
 * @property {{ train: Samples, test: Samples }} [parts] Or samples that are divided already.
 */

/**
 * @typedef {object} DataSet
 * @property {string} title
 * @property {number} noise What it has at first.
 * @property {boolean} [hasClasses] Whether the number of classes can be chosen.
 * @property {boolean} [isRegression]
 * @property {(settings: DataSettings) => number[][]} make Rows of inputs, and the class or the value last.
 * @property {(settings: DataSettings) => string[]} python Lines that make `x` and `y`; `np` is there.
 */

/** Largest coordinate of the data that are drawn here, but for noise. */
const SIZE = 3;

const TURNS = 1.25;

/**
 * Points on an arc of the unit circle, and as many on a second one; shuffled and with noise, in scikit-learn's order.
 * @param {{ title: string, noise: number, last: number, isClosed: boolean, inner: (x: number, y: number) => number[] }} given
 *   `last`: the angle of the last point, which is one if `isClosed`. `inner`: where a point of the first arc is on the second.
 * @param {{ maker: string, more: string }} python The function of scikit-learn.
 * @returns {DataSet}
 */
function twoCurves({ title, noise: usual, last, isClosed, inner }, { maker, more }) {
  const arc = (/** @type {number} */ count) =>
    Array.from({ length: count }, (_, k) => (count > 1 ? (k * last) / (count - (isClosed ? 1 : 0)) : 0)).map((angle) => [Math.cos(angle), Math.sin(angle)]);
  return {
    title,
    noise: usual,
    make({ samples, noise, seed }) {
      const outer = Math.floor(samples / 2);
      const rows = [...arc(outer).map((point) => [...point, 0]), ...arc(samples - outer).map(([x, y]) => [...inner(x, y), 1])];
      const random = new RandomState(seed);
      return Array.from(random.permutation(rows.length), (k) => {
        const [x, y, label] = rows[k];
        return [x + random.normal(0, noise), y + random.normal(0, noise), label];
      });
    },
    python: ({ samples, noise, seed }) => [
      `from sklearn.datasets import ${maker}`,
      `x, y = ${maker}(${samples}, noise=${noise}, ${more}random_state=${seed})`,
    ],
  };
}

/**
 * A function of one or two variables, which are drawn uniformly.
 * @param {string} title
 * @param {(...x: number[]) => number} compute
 * @param {string} python The same, of the columns of an array `x`.
 * @returns {DataSet}
 */
function functionData(title, compute, python) {
  const inputs = compute.length;
  return {
    title: `${title}: ${inputs === 1 ? "f(x)" : "f(x1, x2)"}`,
    noise: 0.1,
    isRegression: true,
    make({ samples, noise, seed }) {
      const random = new RandomState(seed);
      const places = Array.from({ length: samples }, () => Array.from({ length: inputs }, () => random.uniform(-SIZE, SIZE)));
      return places.map((x) => [...x, compute(...x) + random.normal(0, noise)]);
    },
    python: ({ samples, noise, seed }) => [
      `random = np.random.RandomState(${seed})`,
      `x = random.uniform(-${SIZE}, ${SIZE}, (${samples}, ${inputs}))`,
      `y = ${python} + random.normal(0, ${noise}, ${samples})`,
    ],
  };
}

/** @type {Record<string, DataSet>} */
export const DATA_SETS = {
  moons: twoCurves(
    { title: "Two moons", noise: 0.15, last: Math.PI, isClosed: true, inner: (x, y) => [1 - x, 0.5 - y] },
    { maker: "make_moons", more: "" },
  ),
  circles: twoCurves(
    { title: "Circles", noise: 0.1, last: 2 * Math.PI, isClosed: false, inner: (x, y) => [0.5 * x, 0.5 * y] },
    { maker: "make_circles", more: "factor=0.5, " },
  ),
  spirals: {
    title: "Spirals",
    noise: 0.1,
    hasClasses: true,
    make({ samples, classes, noise, seed }) {
      const random = new RandomState(seed);
      return Array.from({ length: samples }, (_, k) => {
        const label = k % classes;
        const share = (Math.floor(k / classes) + 1) / Math.ceil(samples / classes);
        const angle = 2 * Math.PI * (TURNS * share + label / classes);
        const x = SIZE * share * Math.sin(angle) + random.normal(0, noise);
        return [x, SIZE * share * Math.cos(angle) + random.normal(0, noise), label];
      });
    },
    python: ({ samples, classes, noise, seed }) => [
      `random, y = np.random.RandomState(${seed}), np.arange(${samples}) % ${classes}`,
      `share = (np.arange(${samples}) // ${classes} + 1) / ${Math.ceil(samples / classes)}`,
      `angle = 2 * np.pi * (${TURNS} * share + y / ${classes})`,
      `x = ${SIZE} * share[:, None] * np.c_[np.sin(angle), np.cos(angle)] + random.normal(0, ${noise}, (${samples}, 2))`,
    ],
  },
  xor: {
    title: "XOR",
    noise: 0.1,
    make({ samples, noise, seed }) {
      const random = new RandomState(seed);
      const places = Array.from({ length: samples }, () => [random.uniform(-SIZE, SIZE), random.uniform(-SIZE, SIZE)]);
      return places.map(([x, y]) => [x + random.normal(0, noise), y + random.normal(0, noise), x * y > 0 ? 1 : 0]);
    },
    python: ({ samples, noise, seed }) => [
      `random = np.random.RandomState(${seed})`,
      `x = random.uniform(-${SIZE}, ${SIZE}, (${samples}, 2))`,
      "y = (x[:, 0] * x[:, 1] > 0).astype(int)",
      `x += random.normal(0, ${noise}, x.shape)`,
    ],
  },
  blobs: {
    title: "Blobs",
    noise: 0.6,
    hasClasses: true,
    make({ samples, classes, noise, seed }) {
      const random = new RandomState(seed);
      const centers = Array.from({ length: classes }, () => [random.uniform(-SIZE, SIZE), random.uniform(-SIZE, SIZE)]);
      const rows = centers.flatMap(([x, y], label) => {
        const count = Math.floor(samples / classes) + (label < samples % classes ? 1 : 0);
        return Array.from({ length: count }, () => [random.normal(x, noise), random.normal(y, noise), label]);
      });
      return Array.from(random.permutation(rows.length), (k) => rows[k]);
    },
    python: ({ samples, classes, noise, seed }) => [
      "from sklearn.datasets import make_blobs",
      `x, y = make_blobs(${samples}, centers=${classes}, cluster_std=${noise}, center_box=(-${SIZE}, ${SIZE}), random_state=${seed})`,
    ],
  },
  sine: functionData("Sine", (x) => Math.sin(2 * x), "np.sin(2 * x[:, 0])"),
  step: functionData("Step", (x) => (x > 0 ? 1 : -1), "np.where(x[:, 0] > 0, 1, -1)"),
  absolute: functionData("Absolute value", (x) => Math.abs(x), "np.abs(x[:, 0])"),
  bump: functionData("Bump", (x) => 2 * Math.exp(-x * x), "2 * np.exp(-x[:, 0] ** 2)"),
  plane: functionData("Plane", (x, y) => (2 * x + y) / 4, "(2 * x[:, 0] + x[:, 1]) / 4"),
  saddle: functionData("Saddle", (x, y) => (x * x - y * y) / 4, "(x[:, 0] ** 2 - x[:, 1] ** 2) / 4"),
  ripple: functionData("Ripple", (x, y) => Math.cos(2 * Math.hypot(x, y)), "np.cos(2 * np.hypot(x[:, 0], x[:, 1]))"),
  step2: functionData("Step", (x, y) => (x + y > 0 ? 1 : -1), "np.where(x[:, 0] + x[:, 1] > 0, 1, -1)"),
};

/**
 * Make the samples that settings describe.
 * @param {DataSettings} settings `data` is a name of `DATA_SETS`.
 * @returns {Samples}
 */
export function makeSamples(settings) {
  const { make, isRegression = false, hasClasses = false } = DATA_SETS[settings.data];
  return fromRows(make(settings), { isRegression, classNames: numbered(isRegression ? 1 : hasClasses ? settings.classes : 2) });
}

/** Names of classes that have none. */
export const numbered = (/** @type {number} */ count) => Array.from({ length: count }, (_, k) => String(k));

/**
 * @param {number[][]} rows Inputs, and the class or the value last.
 * @param {{ isRegression: boolean, classNames: string[], inputNames?: string[] }} about
 * @returns {Samples}
 */
export function fromRows(rows, { isRegression, classNames, inputNames }) {
  const last = rows[0].length - 1;
  return {
    x: Float32Array.from(rows.flatMap((row) => row.slice(0, last))),
    y: Float32Array.from(rows, (row) => row[last]),
    inputs: last,
    outputs: classNames.length,
    isRegression,
    classNames,
    inputNames,
  };
}

/**
 * What a network is judged by, and how it is written: accuracy, or R² where `y` holds values.
 * @param {{ isRegression: boolean }} samples
 * @returns {[string, (value: number) => string]}
 */
export function scoreOf({ isRegression }) {
  return isRegression ? ["R²", (value) => (Number.isFinite(value) ? value.toFixed(3) : "–")] : ["Accuracy", percent];
}

/**
 * What an output is called: with the name of its class, where that says more than its number.
 * @param {Samples} samples
 * @param {number} output
 */
export function outputName({ classNames }, output) {
  const name = classNames[output] ?? String(output);
  return name === String(output) ? `Output ${output}` : `Output ${output}: ${name}`;
}

/**
 * The number of an input, and the name of its column if it has one.
 * @param {Samples} samples
 * @param {number} input
 */
export function inputName({ inputNames }, input) {
  return inputNames?.length ? `${input + 1}: ${inputNames[input]}` : String(input + 1);
}

/**
 * Divide samples as scikit-learn's `train_test_split` does.
 * @param {Samples} samples
 * @param {number} share Of the test samples, between 0 and 1.
 * @param {number} seed
 * @returns {{ train: Samples, test: Samples }}
 */
export function trainTestSplit(samples, share, seed) {
  const order = new RandomState(seed).permutation(samples.y.length);
  const held = Math.ceil(share * samples.y.length);
  return { train: take(samples, order.subarray(held)), test: take(samples, order.subarray(0, held)) };
}

/**
 * @param {Samples} samples
 * @param {Int32Array} rows
 * @returns {Samples}
 */
export function take(samples, rows) {
  const { x, y, inputs } = samples;
  const taken = new Float32Array(rows.length * inputs);
  rows.forEach((row, k) => taken.set(x.subarray(row * inputs, (row + 1) * inputs), k * inputs));
  return { ...samples, x: taken, y: new Float32Array(rows.length).map((_, k) => y[rows[k]]) };
}

/**
 * The training and test samples that settings describe, or a person's own.
 * @param {DataSettings & { testShare: number }} settings
 * @param {OwnData | null} own
 */
export function trainAndTest(settings, own) {
  if (own?.parts) return own.parts;
  const { rows, classNames = [], inputNames } = own ?? {};
  const samples = rows ? fromRows(rows, { isRegression: false, classNames, inputNames }) : makeSamples(settings);
  return trainTestSplit(samples, settings.testShare, settings.seed);
}
