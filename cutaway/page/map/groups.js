import { HIDDEN } from "./hit_test.js";
import { STEPS } from "./view.js";

/** A label needs at least this many samples. */
const SMALLEST_GROUP = 5;

/** Maximum number of points of each group that are searched for the place of its label. */
const SAMPLED = 500;

/**
 * @typedef {{ group: number, x: number, y: number, count: number }} GroupPlace a group's place in data coordinates 0..1
 */

/**
 * Where the label of each group belongs: at the member that is nearest to the median, one of its points.
 * @param {import("./hit_test.js").Between} between
 * @param {Uint8Array} states
 * @param {ArrayLike<number>} groups of each sample; negative for none
 * @param {number} count number of groups
 * @returns {GroupPlace[]} the largest first
 */
export function findGroups({ a, b, t }, states, groups, count) {
  const sizes = new Uint32Array(count);
  for (let i = 0; i < states.length; i++) if (groups[i] >= 0 && !(states[i] & HIDDEN)) sizes[groups[i]]++;
  const xs = Array.from({ length: count }, () => /** @type {number[]} */ ([]));
  const ys = Array.from({ length: count }, () => /** @type {number[]} */ ([]));
  const seen = new Uint32Array(count);
  for (let i = 0; i < states.length; i++) {
    const group = groups[i];
    if (group < 0 || states[i] & HIDDEN) continue;
    if (seen[group]++ % Math.ceil(sizes[group] / SAMPLED)) continue;
    xs[group].push((a[2 * i] + (b[2 * i] - a[2 * i]) * t) / STEPS);
    ys[group].push((a[2 * i + 1] + (b[2 * i + 1] - a[2 * i + 1]) * t) / STEPS);
  }
  const places = [];
  for (let group = 0; group < count; group++) {
    if (sizes[group] < SMALLEST_GROUP) continue;
    const [x, y] = nearestMember(xs[group], ys[group]);
    places.push({ group, x, y, count: sizes[group] });
  }
  return places.sort((one, other) => other.count - one.count);
}

/**
 * The member nearest to the median of both coordinates.
 * @param {number[]} xs
 * @param {number[]} ys
 * @returns {[number, number]}
 */
function nearestMember(xs, ys) {
  const middle = (/** @type {number[]} */ values) => values.slice().sort((p, q) => p - q)[values.length >> 1];
  const [x, y] = [middle(xs), middle(ys)];
  let best = 0;
  for (let k = 1; k < xs.length; k++) {
    if (Math.hypot(xs[k] - x, ys[k] - y) < Math.hypot(xs[best] - x, ys[best] - y)) best = k;
  }
  return [xs[best], ys[best]];
}

/**
 * Move labels apart, and leave out those that find no place.
 * @template {{ x: number, y: number, width: number, height: number }} Label
 * @param {Label[]} labels middles and sizes in CSS pixels, the most important first
 * @param {number} width of the map
 * @param {number} height of the map
 * @returns {Label[]} the visible ones, moved until no two overlap and all are inside
 */
export function placeLabels(labels, width, height) {
  /** @type {Label[]} */
  const placed = [];
  for (const label of labels) {
    if (label.x < 0 || label.y < 0 || label.x > width || label.y > height) continue;
    const x = Math.min(width - label.width / 2 - 2, Math.max(label.width / 2 + 2, label.x));
    const y = Math.min(height - label.height / 2 - 2, Math.max(label.height / 2 + 2, label.y));
    // above, below, then further away
    for (const step of [0, -1, 1, -2, 2, -3, 3]) {
      const moved = { ...label, x, y: y + step * (label.height + 2) };
      if (moved.y < label.height / 2 || moved.y > height - label.height / 2) continue;
      if (placed.some((other) => overlap(moved, other))) continue;
      placed.push(moved);
      break;
    }
  }
  return placed;
}

/**
 * @param {{ x: number, y: number, width: number, height: number }} one
 * @param {{ x: number, y: number, width: number, height: number }} other
 */
function overlap(one, other) {
  return (
    Math.abs(one.x - other.x) < (one.width + other.width) / 2 &&
    Math.abs(one.y - other.y) < (one.height + other.height) / 2
  );
}
