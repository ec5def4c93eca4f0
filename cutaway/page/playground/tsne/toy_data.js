// Toy data for t-SNE: points whose groups, sizes and distances a person knows.

import { RandomState } from "../random/mersenne_twister.js";

/**
 * @typedef {object} Toy
 * @property {Float64Array} x (point, dimension)
 * @property {number} dimensions
 * @property {Int32Array} labels The group of each point.
 * @property {string[]} groupNames None where the points have no groups.
 * @property {Float64Array} tones From 0 to 1: where a point lies along what has no groups; empty if there are groups.
 */

/**
 * @typedef {object} ToyKind
 * @property {string} title
 * @property {string} about What is in the data, in words.
 * @property {number} dimensions What it has at first.
 * @property {boolean} [hasDimensions] Whether their number can be chosen.
 * @property {(given: { points: number, dimensions: number, random: RandomState }) => { rows: number[][], labels?: number[], tones?: number[] }} make
 *   `rows`: the first coordinates of each point; those that are missing are 0.
 * @property {string[]} [groupNames]
 */

/** Tests and the page take digits by this name. */
export const DIGITS = "digits";

const TURN = 2 * Math.PI;

/**
 * Normal groups in a row along the first dimension.
 * @param {{ at: number, deviation: number }[]} groups
 * @returns {ToyKind["make"]}
 */
function groupsInARow(groups) {
  return ({ points, dimensions, random }) => {
    const labels = Array.from({ length: points }, (_, k) => Math.floor((k * groups.length) / points));
    const rows = labels.map((label) => {
      const { at, deviation } = groups[label];
      return Array.from({ length: dimensions }, (_, axis) => random.normal(axis ? 0 : at, deviation));
    });
    return { rows, labels };
  };
}

/**
 * @param {number} count
 * @param {number} parts
 */
const share = (count, parts) => (parts > 1 ? count / (parts - 1) : 0);

/** @type {Record<string, ToyKind>} */
export const TOYS = {
  two: {
    title: "Two equal groups",
    about: "Two normal clouds with a standard deviation of 1, and 10 between their means.",
    dimensions: 2,
    hasDimensions: true,
    groupNames: ["A", "B"],
    make: groupsInARow([{ at: 0, deviation: 1 }, { at: 10, deviation: 1 }]),
  },
  sizes: {
    title: "A narrow and a wide group",
    about: "Two normal clouds: B is ten times as wide as A, and 60 lies between their means.",
    dimensions: 2,
    hasDimensions: true,
    groupNames: ["A, narrow", "B, wide"],
    make: groupsInARow([{ at: 0, deviation: 1 }, { at: 60, deviation: 10 }]),
  },
  three: {
    title: "Two groups near, one far",
    about: "Three normal clouds with a standard deviation of 1: from A to B it is 10, and from B to C 50.",
    dimensions: 2,
    hasDimensions: true,
    groupNames: ["A", "B", "C"],
    make: groupsInARow([{ at: 0, deviation: 1 }, { at: 10, deviation: 1 }, { at: 60, deviation: 1 }]),
  },
  cloud: {
    title: "One cloud, no groups",
    about: "One normal cloud: there are no groups in it.",
    dimensions: 50,
    hasDimensions: true,
    make({ points, dimensions, random }) {
      const rows = Array.from({ length: points }, () => Array.from({ length: dimensions }, () => random.normal()));
      const order = rows.toSorted(([one], [other]) => one - other);
      const ranks = new Map(order.map((row, rank) => [row, share(rank, points)]));
      return { rows, tones: rows.map((row) => ranks.get(row) ?? 0) };
    },
  },
  walk: {
    title: "A random walk",
    about: "Each point is the one before and a normal step, from dark to light.",
    dimensions: 50,
    hasDimensions: true,
    make({ points, dimensions, random }) {
      const at = new Array(dimensions).fill(0);
      const rows = Array.from({ length: points }, () => at.map((_, axis) => (at[axis] += random.normal())));
      return { rows, tones: rows.map((_, k) => share(k, points)) };
    },
  },
  line: {
    title: "Points on a line",
    about: "Points at equal distances on a line, with a little noise.",
    dimensions: 2,
    make({ points, random }) {
      return { rows: Array.from({ length: points }, (_, k) => [k, random.normal(0, 0.1)]), tones: Array.from({ length: points }, (_, k) => share(k, points)) };
    },
  },
  parallel: {
    title: "Parallel lines",
    about: "Three lines of points at equal distances; between two lines it is 6 times as far as between two points of a line.",
    dimensions: 2,
    groupNames: ["A", "B", "C"],
    make({ points, random }) {
      const labels = Array.from({ length: points }, (_, k) => k % 3);
      return { labels, rows: labels.map((label, k) => [Math.floor(k / 3), 6 * label + random.normal(0, 0.1)]) };
    },
  },
  grid: {
    title: "A grid",
    about: "Rows and columns of points at equal distances.",
    dimensions: 2,
    make({ points }) {
      const side = Math.ceil(Math.sqrt(points));
      const rows = Array.from({ length: points }, (_, k) => [k % side, Math.floor(k / side)]);
      return { rows, tones: rows.map(([x]) => share(x, side)) };
    },
  },
  ring: {
    title: "A ring",
    about: "Points at equal distances on a circle.",
    dimensions: 2,
    make({ points }) {
      const rows = Array.from({ length: points }, (_, k) => [10 * Math.cos((TURN * k) / points), 10 * Math.sin((TURN * k) / points)]);
      return { rows, tones: rows.map(([, y]) => (y + 10) / 20) };
    },
  },
  rings: {
    title: "Two linked rings",
    about: "Two circles in space, each through the middle of the other.",
    dimensions: 3,
    groupNames: ["A", "B"],
    make({ points }) {
      const labels = Array.from({ length: points }, (_, k) => k % 2);
      const rows = labels.map((label, k) => {
        const angle = (TURN * Math.floor(k / 2)) / Math.ceil(points / 2);
        const [x, y] = [10 * Math.cos(angle), 10 * Math.sin(angle)];
        return label ? [x + 10, 0, y] : [x, y, 0];
      });
      return { rows, labels };
    },
  },
};

/**
 * Make the data that settings describe.
 * @param {{ data: string, points: number, dimensions: number, seed: number }} settings `data` is a name of `TOYS`.
 * @returns {Toy}
 */
export function makeToy({ data, points, dimensions, seed }) {
  const kind = TOYS[data];
  const columns = kind.hasDimensions ? dimensions : kind.dimensions;
  const { rows, labels = [], tones = [] } = kind.make({ points, dimensions: columns, random: new RandomState(seed) });
  const x = new Float64Array(points * columns);
  rows.forEach((row, k) => x.set(row, k * columns));
  return { x, dimensions: columns, labels: Int32Array.from({ length: points }, (_, k) => labels[k] ?? 0), groupNames: kind.groupNames ?? [], tones: Float64Array.from(tones) };
}

/**
 * Some digits, the same ones for each seed.
 * @param {Uint8Array} images (digit, pixel)
 * @param {Uint8Array} labels
 * @param {{ points: number, seed: number }} settings
 * @returns {Toy}
 */
export function toyOfDigits(images, labels, { points, seed }) {
  const pixels = images.length / labels.length;
  const chosen = new RandomState(seed).permutation(labels.length).subarray(0, points);
  const x = new Float64Array(points * pixels);
  chosen.forEach((row, k) => {
    for (let pixel = 0; pixel < pixels; pixel++) x[k * pixels + pixel] = images[row * pixels + pixel] / 255;
  });
  const groupNames = Array.from({ length: 10 }, (_, k) => String(k));
  return { x, dimensions: pixels, labels: Int32Array.from(chosen, (row) => labels[row]), groupNames, tones: new Float64Array() };
}
