// A drawn digit as the images of a dataset show it: cut out, scaled and centered by the same rule. The same steps as
// cutaway/data/images/centering.py, which says why.

import { resizeImage } from "./resampling.js";

/** @typedef {import("./resampling.js").GrayImage} GrayImage */

/** @typedef {{ width: number, height: number }} Size */

/** Difference between ink and paper, of 1 between black and white, below which nothing is drawn. */
const LEAST_CONTRAST = 0.15;

/** Minimum number of pixels of a stroke in the scaled ink. */
const LEAST_STROKE = 2;

/** Side of the blocks whose pixels are counted where the rule is "upright". */
const BLOCK = 4;

/** Shares of the pixels below which, and above which, strokes are made thicker or thinner where the rule is "upright". */
const LITTLE_INK = [256 / 1024, 108 / 1024];
const MUCH_INK = [412 / 1024, 560 / 1024];

/**
 * The rules of how images of a dataset were made: the image of the cut ink, with the ink as 1.
 * @type {Record<"mass" | "upright", (cut: GrayImage, ink: GrayImage, size: Size) => GrayImage>}
 */
const RULES = {
  /** The center of mass becomes the center, as far as the digit stays inside. */
  mass(cut, ink, size) {
    const [boxHeight, boxWidth] = [size.height, size.width].map((side) => Math.max(1, roundHalfEven((side * 20) / 28)));
    const ratio = Math.min(boxHeight / cut.height, boxWidth / cut.width);
    const [width, height] = [cut.width, cut.height].map((side) => Math.max(1, roundHalfEven(side * ratio)));
    const { values } = scaleInk(cut, { ink, ratio, size: { width, height } });
    let [total, down, right] = [0, 0, 0];
    values.forEach((value, at) => {
      total += value;
      down += value * Math.floor(at / width);
      right += value * (at % width);
    });
    const place = (/** @type {number} */ moment, /** @type {number} */ side, /** @type {number} */ room) =>
      Math.min(Math.max(roundHalfEven(room / 2 - moment / Math.max(total, 1)), 0), room - side);
    const [top, left] = [place(down, height, size.height), place(right, width, size.width)];
    const canvas = new Uint8Array(size.width * size.height);
    values.forEach((value, at) => (canvas[(top + Math.floor(at / width)) * size.width + left + (at % width)] = value));
    return { values: canvas, ...size };
  },

  /** Source: Garris and others 1994, NISTIR 5469; Alpaydin and Kaynak 1998, UCI optical recognition of handwritten digits. */
  upright(cut, ink, size) {
    const [width, height] = [BLOCK * size.width, BLOCK * size.height];
    const box = Math.max(1, roundHalfEven((width * 20) / 32));
    const ratio = Math.min(height / cut.height, box / cut.width);
    const scaled = scaleInk(cut, { ink, ratio, size: { width: box, height } });
    const left = (width - box) >> 1;
    const most = scaled.values.reduce((a, b) => Math.max(a, b), 0);
    /** @type {Uint8Array} */
    let bitmap = new Uint8Array(width * height);
    scaled.values.forEach((level, at) => {
      bitmap[Math.floor(at / box) * width + left + (at % box)] = 2 * level >= most ? 1 : 0;
    });
    const share = sumOf(bitmap) / bitmap.length;
    for (const limit of LITTLE_INK) if (share < limit) bitmap = growInk(bitmap, { width, height });
    for (const limit of MUCH_INK) {
      const thinner = growInk(bitmap.map(flip), { width, height }).map(flip);
      if (share > limit && thinner.includes(1)) bitmap = thinner;
    }
    return countBlocks(bitmap, size);
  },
};

/**
 * Prepare an image of one digit or letter as those of a dataset were.
 * @param {GrayImage} image Of any size, dark on light or light on dark.
 * @param {{ rule: "mass" | "upright", size: Size }} made How the images of the dataset were made, and their size.
 * @returns {GrayImage | null} White on black; null if nothing is drawn.
 */
export function centerInk(image, { rule, size }) {
  const ink = findInk(image);
  if (!ink.includes(1) || !ink.includes(0)) return null;
  const [paper, drawn] = [0, 1].map((wanted) => median(image.values.filter((_, at) => ink[at] === wanted)));
  if (Math.abs(drawn - paper) < 255 * LEAST_CONTRAST) return null;
  const near = growInk(ink, image);
  const values = image.values.map((level, at) => {
    return near[at] * Math.min(Math.max(Math.fround((level - paper) / (drawn - paper)), 0), 1) * 255;
  });
  const [cut, cutInk] = [values, ink].map((each) => cutBox({ ...image, values: each }, ink));
  return RULES[rule](cut, cutInk, size);
}

/** @param {number} flag */
const flip = (flag) => 1 - flag;

/**
 * Shear a bitmap so that the first pixels in its top and its bottom row are below each other, and count its blocks.
 * @param {Uint8Array} bitmap
 * @param {Size} size Of the blocks.
 * @returns {GrayImage}
 */
function countBlocks(bitmap, size) {
  const width = BLOCK * size.width;
  const places = Array.from(bitmap.keys()).filter((at) => bitmap[at]);
  const counts = new Uint8Array(size.width * size.height);
  const [top, bottom] = [places[0], places[places.length - 1]].map((at) => Math.floor(at / width));
  const first = (/** @type {number} */ row) => bitmap.indexOf(1, row * width) - row * width;
  const lean = (first(bottom) - first(top)) / Math.max(bottom - top, 1);
  const shifted = places.map((at) => {
    const row = Math.floor(at / width);
    return { row, column: (at % width) - Math.floor(lean * (row - (BLOCK * size.height) / 2) + 0.5) };
  });
  const [least, most] = shifted.reduce(([a, b], { column }) => [Math.min(a, column), Math.max(b, column)], [width, 0]);
  const move = Math.floor((width - 1 - least - most) / 2);
  for (const { row, column } of shifted) {
    const to = column + move;
    if (to >= 0 && to < width) counts[Math.floor(row / BLOCK) * size.width + Math.floor(to / BLOCK)]++;
  }
  return { values: counts.map((count) => roundHalfEven((count * 255) / BLOCK ** 2)), ...size };
}

/**
 * Bring ink to another size; before, strokes that would fade are made thicker by a pixel on each side, or several.
 * @param {GrayImage} cut
 * @param {{ ink: GrayImage, ratio: number, size: Size }} options By about which ratio.
 * @returns {GrayImage}
 */
function scaleInk(cut, { ink: { values: ink, width }, ratio, size }) {
  const outline = ink.map((flag, at) => {
    const isInside = at % width && (at + 1) % width && ink[at - 1] && ink[at + 1] && ink[at - width] && ink[at + width];
    return isInside ? 0 : flag;
  });
  const missing = roundHalfEven((LEAST_STROKE / ratio - (2 * sumOf(ink)) / sumOf(outline)) / 2);
  let { values } = cut;
  for (let times = Math.min(missing, 100); times > 0; times--) values = growInk(values, cut);
  return resizeImage({ ...cut, values }, size);
}

/**
 * Tell ink from paper by Otsu's threshold: ink is what the border has less of.
 * @param {GrayImage} image
 * @returns {Uint8Array} 1 for ink.
 */
function findInk({ values, width, height }) {
  const threshold = otsuThreshold(values);
  const light = values.map((value) => (value > threshold ? 1 : 0));
  const sides = light.map((flag, at) => flag * (Number(at % width === 0) + Number((at + 1) % width === 0)));
  const rows = [light.subarray(0, width), light.subarray(-width), sides];
  return rows.reduce((sum, flags) => sum + sumOf(flags), 0) > width + height ? light.map(flip) : light;
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
 * The largest value of each pixel and its eight neighbors.
 * @param {Uint8Array} values
 * @param {Size} size
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
 * The columns and rows of an image that hold ink.
 * @param {GrayImage} image
 * @param {Uint8Array} ink
 * @returns {GrayImage}
 */
function cutBox({ values, width }, ink) {
  const used = new Uint8Array(width);
  ink.forEach((flag, at) => (used[at % width] |= flag));
  const [left, right] = [used.indexOf(1), used.lastIndexOf(1)];
  const [top, bottom] = [ink.indexOf(1), ink.lastIndexOf(1)].map((at) => Math.floor(at / width));
  const isIn = (/** @type {number} */ at) => at % width >= left && at % width <= right;
  const rows = values.subarray(top * width, (bottom + 1) * width);
  return { values: rows.filter((_, at) => isIn(at)), width: right - left + 1, height: bottom - top + 1 };
}

/** @param {Uint8Array} values */
function median(values) {
  const sorted = values.sort();
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** @param {Uint8Array} values */
function sumOf(values) {
  return values.reduce((sum, value) => sum + value, 0);
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
