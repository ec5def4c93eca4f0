// Colors of the playground, which are those of Python's figures.

import { rgb } from "../core/colors.js";

/**
 * @typedef {object} Look How things are drawn.
 * @property {boolean} isDark
 * @property {string} ink
 * @property {string} ground What colors are mixed with.
 * @property {string[]} classes A color for each class.
 * @property {string} positive For numbers above 0.
 * @property {string} negative
 * @property {{ regions: boolean, test: boolean }} shows
 */

/**
 * A color between two, both as "#rrggbb".
 * @param {string} from
 * @param {string} to
 * @param {number} share
 */
export function mixed(from, to, share) {
  const [first, last] = [rgb(from), rgb(to)];
  return `rgb(${first.map((value, k) => Math.round(value + share * (last[k] - value))).join(" ")})`;
}
