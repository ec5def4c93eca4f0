// From the strokes of a pen to the input of a model: no part of this needs a page.

import { centerDigit } from "./centering.js";
import { resizePicture } from "./resampling.js";

/** @typedef {import("./resampling.js").GrayPicture} GrayPicture */

/** @typedef {{ x: number, y: number, radius: number }} StrokePoint In pixels. */

/**
 * @typedef {object} DrawingSpec How the pictures of a run were prepared; `cutaway/api/report/network.py` writes it.
 * @property {number[]} shape (row, column), or (row, column, 3).
 * @property {number} scale The value of a white pixel.
 * @property {boolean} digit Whether a picture shows one digit, scaled and centered as MNIST's.
 * @property {number} paper The gray level of the background of the pictures, from 0 (black) to 255 (white).
 */

/** Radius of a pen, of 1 for the side of the sheet: a digit that fills three quarters has strokes as MNIST's. */
export const PEN_RADIUS = 0.042;

/**
 * Draw the part of a stroke between two points, with an antialiased edge and round ends.
 * @param {GrayPicture} sheet 0 is paper and 255 ink; changed.
 * @param {StrokePoint} from
 * @param {StrokePoint} to
 */
export function drawSegment(sheet, from, to) {
  const { values, width, height } = sheet;
  const reach = Math.max(from.radius, to.radius) + 1;
  const [left, right] = [Math.min(from.x, to.x) - reach, Math.max(from.x, to.x) + reach];
  const [top, bottom] = [Math.min(from.y, to.y) - reach, Math.max(from.y, to.y) + reach];
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const squared = dx * dx + dy * dy;
  for (let row = Math.max(0, Math.floor(top)); row < Math.min(height, bottom); row++) {
    for (let column = Math.max(0, Math.floor(left)); column < Math.min(width, right); column++) {
      const [x, y] = [column + 0.5 - from.x, row + 0.5 - from.y];
      const along = squared ? Math.min(Math.max((x * dx + y * dy) / squared, 0), 1) : 0;
      const distance = Math.hypot(x - along * dx, y - along * dy);
      const coverage = from.radius + along * (to.radius - from.radius) + 0.5 - distance;
      const level = Math.round(255 * Math.min(Math.max(coverage, 0), 1));
      const at = row * width + column;
      if (level > values[at]) values[at] = level;
    }
  }
}

/**
 * Draw strokes on an empty sheet.
 * @param {StrokePoint[][]} strokes
 * @param {{ width: number, height: number }} size
 * @returns {GrayPicture} 0 is paper and 255 ink.
 */
export function drawStrokes(strokes, { width, height }) {
  const sheet = { values: new Uint8Array(width * height), width, height };
  for (const points of strokes) {
    points.forEach((point, i) => drawSegment(sheet, points[Math.max(i - 1, 0)], point));
  }
  return sheet;
}

/**
 * Prepare a drawing as the pictures of a run were prepared.
 * @param {DrawingSpec} spec
 * @param {GrayPicture} sheet 0 is paper and 255 ink.
 * @returns {{ input: Float32Array, picture: GrayPicture, isEmpty: boolean }} One raw sample of the run, in its shape;
 *   the same as a gray picture to show; and whether nothing is drawn.
 */
export function prepareDrawing(spec, sheet) {
  const [height, width] = spec.shape;
  const isEmpty = !sheet.values.some((value) => value > 0);
  const digit = spec.digit ? centerDigit(sheet) : null;
  const blank = { values: new Uint8Array(width * height), width, height };
  const drawn = spec.digit ? (digit ?? blank) : resizePicture(sheet, { width, height });
  const ink = spec.paper < 128 ? 255 : 0;
  const values = drawn.values.map((level) => Math.round(spec.paper + ((ink - spec.paper) * level) / 255));
  const channels = spec.shape[2] ?? 1;
  const input = Float32Array.from({ length: values.length * channels }, (_, i) => {
    const level = values[Math.floor(i / channels)];
    return spec.scale === 255 ? level : level * (spec.scale / 255);
  });
  return { input, picture: { values, width, height }, isEmpty: isEmpty || (spec.digit && !digit) };
}
