import { STEPS } from "./view.js";

/** Bits of a sample's state. */
export const HIDDEN = 1;
export const SELECTED = 2;
/** By a search. */
export const FOUND = 4;
/** A mistake, which may get a ring. */
export const RINGED = 8;

/** A sample with one of these bits stands out. */
export const RAISED = SELECTED | FOUND;

/**
 * Positions between two layouts.
 * @typedef {{ a: Uint16Array, b: Uint16Array, t: number }} Between
 */

/**
 * @param {Between} between
 * @param {number} index
 * @returns {[number, number]} data coordinates of a sample, 0..1
 */
export function placeBetween({ a, b, t }, index) {
  const [x, y] = [2 * index, 2 * index + 1].map((k) => (a[k] + (b[k] - a[k]) * t) / STEPS);
  return [x, y];
}

/**
 * The nearest point that is not hidden. Looking at every one takes 0.5 ms for 70,000, so there is no index, and it is
 * right in the middle of a transition as well.
 * @param {Between} between
 * @param {Uint8Array} states
 * @param {number} x 0..65535
 * @param {number} y 0..65535
 * @param {number} radius
 * @param {number} [bits] points without one of these are passed over; 0 for none
 * @returns {number} its index; -1 if none is within the radius
 */
export function nearestPoint({ a, b, t }, states, x, y, radius, bits = 0) {
  let best = radius * radius;
  let found = -1;
  for (let i = 0; i < states.length; i++) {
    const dx = a[2 * i] + (b[2 * i] - a[2 * i]) * t - x;
    if (dx > radius || dx < -radius) continue;
    const dy = a[2 * i + 1] + (b[2 * i + 1] - a[2 * i + 1]) * t - y;
    const distance = dx * dx + dy * dy;
    if (distance <= best && !(states[i] & HIDDEN) && (!bits || states[i] & bits)) {
      best = distance;
      found = i;
    }
  }
  return found;
}

/**
 * The points that are not hidden in a box, in the order of their indices.
 * @param {Between} between
 * @param {Uint8Array} states
 * @param {number[]} box left, bottom, right, top: 0..65535
 * @param {number} most
 * @returns {number[] | null} null if they are more than `most`
 */
export function pointsInBox({ a, b, t }, states, [left, bottom, right, top], most = Infinity) {
  const found = [];
  for (let i = 0; i < states.length; i++) {
    const x = a[2 * i] + (b[2 * i] - a[2 * i]) * t;
    if (x < left || x > right) continue;
    const y = a[2 * i + 1] + (b[2 * i + 1] - a[2 * i + 1]) * t;
    if (y < bottom || y > top || states[i] & HIDDEN) continue;
    if (found.push(i) > most) return null;
  }
  return found;
}

/**
 * The points that are not hidden inside a polygon (even-odd rule), in the order of their indices.
 * @param {Between} between
 * @param {Uint8Array} states
 * @param {ArrayLike<number>} polygon x0, y0, x1, y1, ...: 0..65535
 * @returns {Uint32Array}
 */
export function pointsInside({ a, b, t }, states, polygon) {
  const [xs, ys] = [0, 1].map((axis) => Float64Array.from(polygon).filter((_, k) => k % 2 === axis));
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const found = new Uint32Array(states.length);
  let size = 0;
  for (let i = 0; i < states.length; i++) {
    const x = a[2 * i] + (b[2 * i] - a[2 * i]) * t;
    const y = a[2 * i + 1] + (b[2 * i + 1] - a[2 * i + 1]) * t;
    if (x < left || x > right || y < bottom || y > top || states[i] & HIDDEN) continue;
    let isInside = false;
    for (let k = 0, j = xs.length - 1; k < xs.length; j = k++) {
      if (ys[j] > y !== ys[k] > y && x < xs[j] + ((y - ys[j]) / (ys[k] - ys[j])) * (xs[k] - xs[j])) isInside = !isInside;
    }
    if (isInside) found[size++] = i;
  }
  return found.slice(0, size);
}

/**
 * A selection after a gesture.
 * @param {Uint32Array} old sorted
 * @param {Uint32Array} found sorted
 * @param {"replace" | "add" | "remove"} how
 * @returns {Uint32Array} sorted
 */
export function combineSelections(old, found, how) {
  if (how === "replace") return found;
  const members = new Set(old);
  for (const index of found) {
    if (how === "add") members.add(index);
    else members.delete(index);
  }
  return Uint32Array.from(members).sort();
}

/**
 * Indices of the samples that are not hidden: those that stand out, null where nothing is searched or selected; the rest of
 * them; and the mistakes among those that stand out, or else among all.
 * @typedef {{ rest: Uint32Array<ArrayBuffer>, raised: Uint32Array<ArrayBuffer> | null, ringed: Uint32Array<ArrayBuffer> }} Parts
 */

/**
 * The samples in the order of painting. It is computed when states change, and not in each frame.
 * @param {Uint8Array} states
 * @param {boolean} searched whether samples stand out that were found, even if these are none
 * @returns {Parts}
 */
export function partsOf(states, searched) {
  const [rest, raised, ringed] = Array.from({ length: 3 }, () => new Uint32Array(states.length));
  let [others, some, mistakes] = [0, 0, 0];
  for (let i = 0; i < states.length; i++) {
    if (states[i] & HIDDEN) continue;
    if (states[i] & RAISED) raised[some++] = i;
    else rest[others++] = i;
    if (states[i] & RINGED) ringed[mistakes++] = i;
  }
  const stands = searched || some > 0;
  return {
    rest: rest.slice(0, others),
    raised: stands ? raised.slice(0, some) : null,
    ringed: ringed.slice(0, mistakes).filter((i) => !stands || states[i] & RAISED),
  };
}

/**
 * Looks of samples.
 * @typedef {{ codes: Uint8Array<ArrayBuffer>, palette: Uint8Array<ArrayBuffer>, parts: Parts }} Looks the index of the color of
 *   each in the palette, and RGBA of 256 colors
 */

/**
 * What is painted.
 * @typedef {{
 *   a: string, b: string, t: number, view: import("./view.js").View, size: number, alpha: number, count: number,
 *   ring: Uint8Array | null,
 * }} Painting positions go from layout `a` to layout `b`; `size` is in CSS pixels; `count` is 0 where no point is painted;
 *   `ring` is red, green and blue of the rings around mistakes, null for none
 */

/** What opacity is multiplied with outside what was found or selected. */
export const DIM = 0.15;

/**
 * The diameter of points that stand out: few would not be seen among others.
 * @param {number} size of others
 * @param {Parts} parts
 */
export function grown(size, { raised }) {
  if (!raised) return size;
  return raised.length <= 300 ? Math.max(2 * size, 4.5) : 1.25 * size;
}

/**
 * What is painted one after another.
 * @param {Parts} parts
 * @param {Painting} painting
 * @returns {{ of: keyof Parts, size: number, alpha: number }[]}
 */
export function passesOf(parts, { size, alpha, count, ring }) {
  /** @type {ReturnType<typeof passesOf>} */
  const passes = count ? [{ of: "rest", size, alpha: parts.raised ? alpha * DIM : alpha }] : [];
  if (count && parts.raised) passes.push({ of: "raised", size: grown(size, parts), alpha: Math.max(alpha, 0.9) });
  if (count && ring && parts.ringed.length) passes.push({ of: "ringed", size: grown(size, parts) + 5, alpha: 0.9 });
  return passes;
}

/**
 * Half the width of the line of a ring; of a disc half of its side.
 * @param {keyof Parts} of
 * @param {number} side in device pixels
 */
export function halfWidth(of, side) {
  return of === "ringed" ? Math.min(0.07 * side, 1) : side / 2;
}
