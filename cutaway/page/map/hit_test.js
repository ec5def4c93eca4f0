/** Bits of a sample's state. */
export const HIDDEN = 1;
export const SELECTED = 2;

/**
 * Positions between two layouts.
 * @typedef {{ a: Uint16Array, b: Uint16Array, t: number }} Between
 */

/**
 * The nearest point that is not hidden. Looking at every one takes 0.5 ms for 70,000, so there is no index, and it is
 * right in the middle of a transition as well.
 * @param {Between} between
 * @param {Uint8Array} states
 * @param {number} x 0..65535
 * @param {number} y 0..65535
 * @param {number} radius
 * @returns {number} its index; -1 if none is within the radius
 */
export function nearestPoint({ a, b, t }, states, x, y, radius) {
  let best = radius * radius;
  let found = -1;
  for (let i = 0; i < states.length; i++) {
    const dx = a[2 * i] + (b[2 * i] - a[2 * i]) * t - x;
    if (dx > radius || dx < -radius) continue;
    const dy = a[2 * i + 1] + (b[2 * i + 1] - a[2 * i + 1]) * t - y;
    const distance = dx * dx + dy * dy;
    if (distance <= best && !(states[i] & HIDDEN)) {
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
  const [left, bottom, right, top] = boundingBox(polygon);
  const strips = edgesByStrip(polygon, bottom, top);
  const height = (top - bottom) / strips.length || 1;
  const found = new Uint32Array(states.length);
  let size = 0;
  for (let i = 0; i < states.length; i++) {
    const x = a[2 * i] + (b[2 * i] - a[2 * i]) * t;
    const y = a[2 * i + 1] + (b[2 * i + 1] - a[2 * i + 1]) * t;
    if (x < left || x > right || y < bottom || y > top || states[i] & HIDDEN) continue;
    const edges = strips[Math.min(strips.length - 1, Math.floor((y - bottom) / height))];
    if (crossings(edges, x, y) & 1) found[size++] = i;
  }
  return found.slice(0, size);
}

/**
 * @param {ArrayLike<number>} polygon
 * @returns {[number, number, number, number]} left, bottom, right, top
 */
function boundingBox(polygon) {
  let [left, bottom, right, top] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let k = 0; k + 1 < polygon.length; k += 2) {
    left = Math.min(left, polygon[k]);
    right = Math.max(right, polygon[k]);
    bottom = Math.min(bottom, polygon[k + 1]);
    top = Math.max(top, polygon[k + 1]);
  }
  return [left, bottom, right, top];
}

/**
 * The edges of a polygon by horizontal strips, so that each point meets only those that cross its strip.
 * @param {ArrayLike<number>} polygon
 * @param {number} bottom
 * @param {number} top
 * @returns {number[][]} for each strip x0, y0, x1, y1 of each edge
 */
function edgesByStrip(polygon, bottom, top) {
  const strips = Array.from({ length: 64 }, () => /** @type {number[]} */ ([]));
  const height = (top - bottom) / strips.length || 1;
  const strip = (/** @type {number} */ y) => Math.min(strips.length - 1, Math.floor((y - bottom) / height));
  const points = polygon.length >> 1;
  for (let k = 0, j = points - 1; k < points; j = k++) {
    const edge = [polygon[2 * j], polygon[2 * j + 1], polygon[2 * k], polygon[2 * k + 1]];
    const last = strip(Math.max(edge[1], edge[3]));
    for (let s = strip(Math.min(edge[1], edge[3])); s <= last; s++) strips[s].push(...edge);
  }
  return strips;
}

/**
 * How often a ray to the right crosses edges.
 * @param {number[]} edges
 * @param {number} x
 * @param {number} y
 */
function crossings(edges, x, y) {
  let count = 0;
  for (let k = 0; k < edges.length; k += 4) {
    const [x0, y0, x1, y1] = [edges[k], edges[k + 1], edges[k + 2], edges[k + 3]];
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) count++;
  }
  return count;
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

/** @typedef {{ codes: Uint8Array<ArrayBuffer>, palette: Uint8Array<ArrayBuffer>, states: Uint8Array<ArrayBuffer> }} Looks of samples: the index of the color of each in the palette, RGBA of 256 colors, and the bits of each state */

/**
 * What is painted.
 * @typedef {{
 *   a: string, b: string, t: number, view: import("./view.js").View,
 *   size: number, alpha: number, dim: number, count: number, selected: number,
 * }} Painting positions go from layout `a` to layout `b`; `size` is in CSS pixels; `dim` is multiplied with the opacity of
 * samples outside the selection; `selected` is the number of samples in it
 */

/**
 * How much larger the points of a selection are: few would not be seen among others.
 * @param {number} selected
 */
export function enlarged(selected) {
  return selected <= 300 ? 2 : 1.25;
}

/**
 * Whether a sample is painted in the pass of the selection.
 * @param {number} state
 */
export function passOf(state) {
  return state & SELECTED ? 1 : 0;
}
