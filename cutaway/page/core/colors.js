/**
 * Colors from Python: hex, or one for a light and one for a dark page as CSS writes it: "light-dark(#2f7cc4, #6fb0f5)".
 * @typedef {{ classes: string[], sequential: string[], compared?: string[], diverging?: string[], right: string, wrong: string, missing: string }} Colors
 */

/** Codes of numbers go from 0 to this one; 255 is for samples without a value. */
const LARGEST_CODE = 254;
export const MISSING_CODE = 255;

/**
 * @param {string} color
 * @param {boolean} [dark] whether the page is dark
 * @returns {[number, number, number]} 0..255
 */
export function rgb(color, dark = false) {
  const hex = color.match(/#[\da-f]{6}/gi) ?? [];
  const value = Number.parseInt(hex[dark ? hex.length - 1 : 0].slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/**
 * A palette of 256 colors from a list that repeats; the last one is for missing values.
 * @param {string[]} list
 * @param {string} missing
 * @param {boolean} [dark]
 * @returns {Uint8Array<ArrayBuffer>} RGBA
 */
export function categoryPalette(list, missing, dark) {
  const palette = new Uint8Array(4 * 256);
  for (let code = 0; code < 256; code++) {
    palette.set([...rgb(code === MISSING_CODE ? missing : list[code % list.length], dark), 255], 4 * code);
  }
  return palette;
}

/**
 * A color between some, which are in equal steps.
 * @param {string[]} anchors at least two, such as "#3f90da"
 * @param {number} share from 0 for the first to 1 for the last
 * @returns {number[]} red, green and blue, 0..255
 */
export function blended(anchors, share) {
  const place = share * (anchors.length - 1);
  const k = Math.min(anchors.length - 2, Math.floor(place));
  const [from, to] = [anchors[k], anchors[k + 1]].map((anchor) => rgb(anchor));
  return from.map((value, j) => value + (place - k) * (to[j] - value));
}

/**
 * A palette of 255 colors between some, in equal steps, and one for missing values.
 * @param {string[]} anchors at least two
 * @param {string} missing
 * @returns {Uint8Array<ArrayBuffer>} RGBA
 */
export function rampPalette(anchors, missing) {
  const palette = new Uint8Array(4 * 256);
  for (let code = 0; code <= LARGEST_CODE; code++) palette.set([...blended(anchors, code / LARGEST_CODE), 255], 4 * code);
  palette.set([...rgb(missing), 255], 4 * MISSING_CODE);
  return palette;
}

/**
 * Codes of numbers for a ramp.
 * @param {ArrayLike<number>} values NaN if there is none
 * @param {number} low gets code 0
 * @param {number} high gets `LARGEST_CODE`
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function numberCodes(values, low, high) {
  const codes = new Uint8Array(values.length);
  const unit = LARGEST_CODE / (high - low || 1);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    codes[i] = Number.isNaN(value) ? MISSING_CODE : Math.min(LARGEST_CODE, Math.max(0, (value - low) * unit));
  }
  return codes;
}
