// What a map keeps of the data, and what it does not: neighbors, distances between groups, sizes of groups, and gaps.

import { nearestNeighbors, squaredDistances } from "./distances.js";

/** Neighbors that are compared. */
export const NEIGHBORS = 10;

/**
 * Points are of one group of the map if one is among the nearest of the other, and nearer than so many times the typical
 * distance: the median of that to the third neighbor.
 */
const [REACH, TYPICAL] = [2, 3];

/** Smaller groups of the map are left out, as a share of the points and as a count. */
const [SMALLEST_SHARE, SMALLEST] = [0.02, 4];

/**
 * @typedef {object} GroupMeasures
 * @property {number[][]} means
 * @property {number[]} spreads Of each group: the root of its mean squared distance from its mean.
 * @property {number[]} distances Between the means of two groups: of A and B, A and C, B and C and so on.
 */

/**
 * @typedef {object} Measures
 * @property {number} kept The share of the nearest neighbors in the data that are among as many in the map, 0 to 1.
 * @property {number} chance That share for a map of points at random.
 * @property {GroupMeasures | null} inData Of the groups of the data.
 * @property {GroupMeasures | null} inMap
 * @property {number[][]} seen The groups that are seen in the map, each as its points.
 * @property {{ data: number, map: number } | null} gaps Between the groups that are seen, see `gapBetween`; null where fewer than
 *   two are seen.
 */

/**
 * The data as the measures need them.
 * @param {import("./toy_data.js").Toy} toy
 */
export function measurable(toy) {
  const squared = squaredDistances(toy.x, toy.dimensions);
  const { x, dimensions, labels, groupNames } = toy;
  const members = groupNames.map((_, label) => Array.from(labels.keys()).filter((k) => labels[k] === label));
  const isGrouped = members.length > 1 && members.every((each) => each.length > 1);
  return { squared, members, nearest: nearestNeighbors(squared, NEIGHBORS), inData: isGrouped ? measureGroups(x, dimensions, members) : null };
}

/**
 * @param {ReturnType<typeof measurable>} data
 * @param {Float32Array} xy (point, 2), the map.
 * @returns {Measures}
 */
export function measure({ squared, members, nearest, inData }, xy) {
  const n = xy.length / 2;
  const apart = squaredDistances(xy, 2);
  const near = nearestNeighbors(apart, NEIGHBORS);
  const seen = groupsOf(apart, near);
  let shared = 0;
  for (let k = 0; k < near.length; k += NEIGHBORS) {
    const here = new Set(nearest.subarray(k, k + NEIGHBORS));
    for (const each of near.subarray(k, k + NEIGHBORS)) shared += here.has(each) ? 1 : 0;
  }
  return {
    kept: shared / near.length,
    chance: NEIGHBORS / (n - 1),
    inData,
    inMap: inData ? measureGroups(xy, 2, members) : null,
    seen,
    gaps: seen.length > 1 ? { data: gapBetween(squared, seen), map: gapBetween(apart, seen) } : null,
  };
}

/**
 * @param {ArrayLike<number>} points (point, column)
 * @param {number} columns
 * @param {number[][]} members The points of each group.
 * @returns {GroupMeasures}
 */
export function measureGroups(points, columns, members) {
  const axes = Array.from({ length: columns }, (_, axis) => axis);
  const means = members.map((each) => axes.map((axis) => each.reduce((sum, k) => sum + points[k * columns + axis] / each.length, 0)));
  const spreads = members.map((each, group) => {
    const squares = each.map((k) => squaredBetween(means[group], points, k, columns));
    return Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / each.length);
  });
  const distances = means.flatMap((mean, k) => means.slice(k + 1).map((other) => Math.sqrt(squaredBetween(mean, other, 0, columns))));
  return { means, spreads, distances };
}

/**
 * The groups that are seen in a map: points that hang together by short ways. As `cutaway.embedding.structure.groups_of`, but
 * with groups of a few points, which a map of a few hundred may have.
 * @param {Float64Array} apart (point, point), squared distances.
 * @param {Int32Array} near (point, neighbor)
 * @returns {number[][]}
 */
export function groupsOf(apart, near) {
  const n = Math.sqrt(apart.length);
  const count = near.length / n;
  const distance = (/** @type {number} */ k) => apart[Math.floor(k / count) * n + near[k]];
  const typical = Array.from({ length: n }, (_, i) => distance(i * count + TYPICAL - 1)).sort((a, b) => a - b)[Math.floor(n / 2)];
  const parent = Int32Array.from({ length: n }, (_, i) => i);
  const root = (/** @type {number} */ i) => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (let k = 0; k < near.length; k++) if (distance(k) <= REACH * REACH * typical) parent[root(Math.floor(k / count))] = root(near[k]);
  /** @type {Map<number, number[]>} */
  const groups = new Map();
  for (let i = 0; i < n; i++) groups.set(root(i), [...(groups.get(root(i)) ?? []), i]);
  return [...groups.values()].filter((each) => each.length > Math.max(SMALLEST, SMALLEST_SHARE * n));
}

/**
 * The median over groups of the gap between a group and the next one: how far their nearest points are from each other, as a
 * multiple of how far a point of the group mostly is from its nearest in the group.
 * @param {Float64Array} squared (point, point), squared distances.
 * @param {number[][]} members The points of each group: at least two groups of at least two points.
 */
export function gapBetween(squared, members) {
  const n = Math.sqrt(squared.length);
  const nearestOf = (/** @type {number} */ i, /** @type {number[]} */ among) => Math.sqrt(among.reduce((least, j) => (j === i ? least : Math.min(least, squared[i * n + j])), Infinity));
  return median(
    members.map((group) => {
      const others = members.filter((each) => each !== group).flat();
      const gap = Math.min(...group.map((i) => nearestOf(i, others)));
      return gap / median(group.map((i) => nearestOf(i, group)));
    }),
  );
}

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/**
 * @param {number[]} mean
 * @param {ArrayLike<number>} points
 * @param {number} row
 * @param {number} columns
 */
function squaredBetween(mean, points, row, columns) {
  return mean.reduce((sum, value, axis) => sum + (value - points[row * columns + axis]) ** 2, 0);
}
