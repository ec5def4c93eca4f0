// A drawn digit as MNIST would show it: white on black, scaled, and centered by its mass. The same steps as
// cutaway/data/pictures/centering.py, which says why.

import { resizePicture } from "./resampling.js";

/** @typedef {import("./resampling.js").GrayPicture} GrayPicture */

/** MNIST's digits fit into 20 x 20 pixels, and their center of mass is the center of 28 x 28. */
const DIGIT_SIDE = 28;
const DIGIT_BOX = 20;

/** Difference between ink and paper, of 1 between black and white, below which nothing is drawn. */
const LEAST_CONTRAST = 0.15;

/** Pixels that a stroke has at least in 20 x 20. */
const LEAST_STROKE = 2;

/**
 * Prepare a picture of one digit as MNIST's were.
 *
 * Source: LeCun, Cortes and Burges, the MNIST database of handwritten digits; Otsu 1979.
 * @param {GrayPicture} picture Of any size, dark on light or light on dark.
 * @returns {GrayPicture | null} 28 x 28, white on black; null if nothing is drawn.
 */
export function centerDigit(picture) {
  const { values, width, height } = picture;
  const ink = findInk(picture);
  const inside = ink ? inkCount(ink) : 0;
  if (!ink || inside === 0 || inside === ink.length) return null;
  const [paper, drawn] = [medianWhere(values, ink, 0), medianWhere(values, ink, 1)];
  if (Math.abs(drawn - paper) < 255 * LEAST_CONTRAST) return null;
  const box = inkBox(ink, { width, height });
  const cutInk = cutPicture({ values: ink, width, height }, box);
  const near = growInk(cutInk.values, cutInk);
  const levels = Uint8Array.from({ length: 256 }, (_, level) => {
    return Math.trunc(Math.min(Math.max(Math.fround((level - paper) / (drawn - paper)), 0), 1) * 255);
  });
  /** @type {Uint8Array} */
  let digit = cutPicture(picture, box).values.map((value, i) => (near[i] ? levels[value] : 0));
  const ratio = DIGIT_BOX / Math.max(cutInk.width, cutInk.height);
  for (let times = missingPixels(cutInk, ratio); times > 0; times--) digit = growInk(digit, cutInk);
  const [columns, rows] = [cutInk.width, cutInk.height].map((side) => Math.max(1, roundHalfEven(side * ratio)));
  return placeDigit(resizePicture({ ...cutInk, values: digit }, { width: columns, height: rows }));
}

/**
 * Tell ink from paper by Otsu's threshold: ink is what the border has less of.
 * @param {GrayPicture} picture
 * @returns {Uint8Array | null} 1 for ink; null for an empty picture.
 */
function findInk({ values, width, height }) {
  if (!values.length) return null;
  const threshold = otsuThreshold(values);
  let light = 0;
  const seen = (/** @type {number} */ at) => (light += values[at] > threshold ? 1 : 0);
  for (let column = 0; column < width; column++) seen(column), seen((height - 1) * width + column);
  for (let row = 0; row < height; row++) seen(row * width), seen(row * width + width - 1);
  const isLight = light / (2 * (width + height)) > 0.5;
  return values.map((value) => (value > threshold === isLight ? 0 : 1));
}

/**
 * The level that separates the pixels into the two groups whose means differ most, weighted by their sizes.
 * @param {Uint8Array} values
 * @returns {number}
 */
function otsuThreshold(values) {
  const counts = new Float64Array(256);
  for (const value of values) counts[value]++;
  const mass = counts.reduce((sum, count, level) => sum + count * level, 0);
  let [best, threshold, below, massBelow] = [-1, 0, 0, 0];
  for (let level = 0; level < 256; level++) {
    below += counts[level];
    massBelow += counts[level] * level;
    const above = values.length - below;
    const between = below && above ? below * above * (massBelow / below - (mass - massBelow) / above) ** 2 : 0;
    if (between > best) [best, threshold] = [between, level];
  }
  return threshold;
}

/**
 * The largest value of each pixel and the eight beside it.
 * @param {Uint8Array} values
 * @param {{ width: number, height: number }} size
 * @returns {Uint8Array}
 */
function growInk(values, { width, height }) {
  const wider = values.map((value, i) => {
    const column = i % width;
    return Math.max(value, column ? values[i - 1] : 0, column < width - 1 ? values[i + 1] : 0);
  });
  return wider.map((value, i) => {
    const row = Math.floor(i / width);
    return Math.max(value, row ? wider[i - width] : 0, row < height - 1 ? wider[i + width] : 0);
  });
}

/**
 * The columns and rows that hold ink, both ends included.
 * @param {Uint8Array} ink
 * @param {{ width: number, height: number }} size
 * @returns {{ left: number, right: number, top: number, bottom: number }}
 */
function inkBox(ink, { width, height }) {
  const box = { left: width, right: -1, top: height, bottom: -1 };
  for (let at = 0; at < ink.length; at++) {
    if (!ink[at]) continue;
    const [row, column] = [Math.floor(at / width), at % width];
    box.left = Math.min(box.left, column);
    box.right = Math.max(box.right, column);
    box.top = Math.min(box.top, row);
    box.bottom = Math.max(box.bottom, row);
  }
  return box;
}

/**
 * @param {GrayPicture} picture
 * @param {{ left: number, right: number, top: number, bottom: number }} box
 * @returns {GrayPicture}
 */
function cutPicture({ values, width }, { left, right, top, bottom }) {
  const [columns, rows] = [right - left + 1, bottom - top + 1];
  const cut = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    const first = (top + row) * width + left;
    cut.set(values.subarray(first, first + columns), row * columns);
  }
  return { values: cut, width: columns, height: rows };
}

/**
 * How often a stroke is to be made thicker by a pixel on each side, so that it does not fade when it is scaled.
 * @param {GrayPicture} picture 1 for ink.
 * @param {number} ratio By which it will be scaled.
 * @returns {number}
 */
function missingPixels({ values: ink, width, height }, ratio) {
  if (ratio >= 1) return 0;
  let outline = 0;
  for (let at = 0; at < ink.length; at++) {
    if (!ink[at]) continue;
    const [row, column] = [Math.floor(at / width), at % width];
    const atEdge = row === 0 || row === height - 1 || column === 0 || column === width - 1;
    if (atEdge || !(ink[at - width] && ink[at + width] && ink[at - 1] && ink[at + 1])) outline++;
  }
  const stroke = (2 * inkCount(ink)) / Math.max(outline, 1);
  return Math.max(0, Math.min(roundHalfEven((LEAST_STROKE / ratio - stroke) / 2), 100));
}

/**
 * Place a digit so that its center of mass is the center, as far as it stays inside.
 * @param {GrayPicture} digit
 * @returns {GrayPicture}
 */
function placeDigit({ values, width, height }) {
  let [total, down, right] = [0, 0, 0];
  values.forEach((value, at) => {
    total += value;
    down += value * Math.floor(at / width);
    right += value * (at % width);
  });
  const place = (/** @type {number} */ moment, /** @type {number} */ side) =>
    Math.min(Math.max(roundHalfEven(DIGIT_SIDE / 2 - moment / total), 0), DIGIT_SIDE - side);
  const [top, left] = [place(down, height), place(right, width)];
  const canvas = new Uint8Array(DIGIT_SIDE * DIGIT_SIDE);
  for (let row = 0; row < height; row++) {
    canvas.set(values.subarray(row * width, (row + 1) * width), (top + row) * DIGIT_SIDE + left);
  }
  return { values: canvas, width: DIGIT_SIDE, height: DIGIT_SIDE };
}

/**
 * The median of the values that are ink (1), or that are not (0).
 * @param {Uint8Array} values
 * @param {Uint8Array} ink
 * @param {number} wanted
 * @returns {number}
 */
function medianWhere(values, ink, wanted) {
  const counts = new Uint32Array(256);
  for (let at = 0; at < values.length; at++) if (ink[at] === wanted) counts[values[at]]++;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const levelAt = (/** @type {number} */ place) => {
    let level = 0;
    for (let passed = counts[0]; passed <= place; passed += counts[level]) level++;
    return level;
  };
  return (levelAt((total - 1) >> 1) + levelAt(total >> 1)) / 2;
}

/**
 * @param {Uint8Array} flags
 * @returns {number}
 */
function inkCount(flags) {
  return flags.reduce((sum, flag) => sum + flag, 0);
}

/**
 * Round as Python does: halves to the even neighbor.
 * @param {number} value
 * @returns {number}
 */
function roundHalfEven(value) {
  const below = Math.floor(value);
  const isHalf = value - below === 0.5;
  return isHalf ? below + (below & 1) : Math.round(value);
}
