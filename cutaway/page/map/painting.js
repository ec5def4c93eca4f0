import { SELECTED } from "./search.js";

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
