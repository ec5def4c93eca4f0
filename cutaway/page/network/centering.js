// A drawn digit as the images of a dataset show it: cut out, scaled and centered by the same rule. The same steps as
// cutaway/data/images/centering.py, which says why.

import { resizeImage } from "./resampling.js";

/** @typedef {import("./resampling.js").GrayImage} GrayImage */

/** @typedef {{ width: number, height: number }} Size */

/** Difference between ink and paper, of 1 between black and white, below which nothing is drawn. */
const LEAST_CONTRAST = 0.15;

/** Pixels that a stroke has at least in the scaled ink. */
const LEAST_STROKE = 2;

/** Side of the blocks whose pixels are counted where the rule is "upright". */
const BLOCK = 4;

/** Shares of the pixels below which, and above which, strokes are made thicker or thinner where the rule is "upright". */
const LITTLE_INK = [256 / 1024, 108 / 1024];
const MUCH_INK = [412 / 1024, 560 / 1024];

/**
 * Prepare an image of one digit or letter as those of a dataset were.
 * @param {GrayImage} image Of any size, dark on light or light on dark.
 * @param {{ rule: "mass" | "upright", size: Size }} made How the images of the dataset were made, and their size.
 * @returns {GrayImage | null} White on black; null if nothing is drawn.
 */
export function centerInk(image, { rule, size }) {
  const { values, width, height } = image;
  const ink = findInk(image);
  const inside = ink ? inkCount(ink) : 0;
  if (!ink || inside === 0 || inside === ink.length) return null;
  const [paper, drawn] = [medianWhere(values, ink, 0), medianWhere(values, ink, 1)];
  if (Math.abs(drawn - paper) < 255 * LEAST_CONTRAST) return null;
  const box = inkBox(ink, { width, height });
  const cutInk = cutImage({ values: ink, width, height }, box);
  const near = growInk(cutInk.values, cutInk);
  const levels = Uint8Array.from({ length: 256 }, (_, level) => {
    return Math.trunc(Math.min(Math.max(Math.fround((level - paper) / (drawn - paper)), 0), 1) * 255);
  });
  const cut = { ...cutInk, values: cutImage(image, box).values.map((value, i) => (near[i] ? levels[value] : 0)) };
  return rule === "mass" ? centerByMass(cut, cutInk, size) : makeUpright(cut, cutInk, size);
}

/**
 * The rule "mass".
 * @param {GrayImage} cut
 * @param {GrayImage} ink 1 for ink.
 * @param {Size} size
 * @returns {GrayImage}
 */
function centerByMass(cut, ink, size) {
  const [boxHeight, boxWidth] = [size.height, size.width].map((side) => Math.max(1, roundHalfEven((side * 20) / 28)));
  const ratio = Math.min(boxHeight / cut.height, boxWidth / cut.width);
  const [width, height] = [cut.width, cut.height].map((side) => Math.max(1, roundHalfEven(side * ratio)));
  return placeByMass(scaleInk(cut, { ink, ratio, size: { width, height } }), size);
}

/**
 * The rule "upright".
 *
 * Source: Garris and others 1994, NISTIR 5469; Alpaydin and Kaynak 1998, UCI optical recognition of handwritten digits.
 * @param {GrayImage} cut
 * @param {GrayImage} ink 1 for ink.
 * @param {Size} size
 * @returns {GrayImage}
 */
function makeUpright(cut, ink, size) {
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
  const share = inkCount(bitmap) / bitmap.length;
  for (const limit of LITTLE_INK) if (share < limit) bitmap = growInk(bitmap, { width, height });
  for (const limit of MUCH_INK) {
    const thinner = growInk(bitmap.map(flip), { width, height }).map(flip);
    if (share > limit && inkCount(thinner)) bitmap = thinner;
  }
  return countBlocks(bitmap, size);
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
 * Bring ink to another size; before, strokes that would fade are made thicker.
 * @param {GrayImage} cut
 * @param {{ ink: GrayImage, ratio: number, size: Size }} options By about which ratio.
 * @returns {GrayImage}
 */
function scaleInk(cut, { ink, ratio, size }) {
  let { values } = cut;
  for (let times = missingPixels(ink, ratio); times > 0; times--) values = growInk(values, cut);
  return resizeImage({ ...cut, values }, size);
}

/**
 * Tell ink from paper by Otsu's threshold: ink is what the border has less of.
 * @param {GrayImage} image
 * @returns {Uint8Array | null} 1 for ink; null for an empty image.
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
 * The columns and rows that hold ink, both ends included.
 * @param {Uint8Array} ink
 * @param {Size} size
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
 * @param {GrayImage} image
 * @param {{ left: number, right: number, top: number, bottom: number }} box
 * @returns {GrayImage}
 */
function cutImage({ values, width }, { left, right, top, bottom }) {
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
 * @param {GrayImage} image 1 for ink.
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
 * @param {GrayImage} digit
 * @param {Size} size
 * @returns {GrayImage}
 */
function placeByMass({ values, width, height }, size) {
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
  for (let row = 0; row < height; row++) {
    canvas.set(values.subarray(row * width, (row + 1) * width), (top + row) * size.width + left);
  }
  return { values: canvas, ...size };
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
