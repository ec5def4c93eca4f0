// From the strokes of a pen to the input of a model: no part of this needs a page.

import { centerInk } from "./centering.js";
import { resizeImage } from "./resampling.js";

/** @typedef {import("./resampling.js").GrayImage} GrayImage */

/** @typedef {{ x: number, y: number, pressure: number }} StrokePoint Place in pixels; the pressure widens the pen. */

/**
 * @typedef {object} DrawingSpec How the images of a run were prepared; `cutaway/report/network/drawing.py` writes it.
 * @property {number[]} shape (row, column), or (row, column, 3).
 * @property {number} scale The value of a white pixel.
 * @property {"mass" | "upright" | null} centering By which rule the ink was scaled and centered; null for none.
 * @property {number} paper The gray level of the background of the images, from 0 (black) to 255 (white).
 */

/** Radius of a pen of one width, of 1 for the longer side of the sheet. */
const PEN_RADIUS = 0.042;

/**
 * Radius of a pen that follows the drawing, of 1 for its longer side. Scaled to 20 pixels, strokes are 2.5 wide, and the
 * ink of 300 digits covers as much of 28 x 28 pixels as MNIST's does (33.9 and 33.8 of 255 in the mean).
 */
const FOLLOWING_RADIUS = 0.07;

/** Minimum radius of a pen in pixels: a dot must be visible. */
const LEAST_RADIUS = 1.5;

/**
 * The radius of the pen that a drawing is drawn with.
 * @param {StrokePoint[][]} strokes
 * @param {{ size: { width: number, height: number }, follows: boolean }} options The sheet, and whether the pen is as
 *   wide as suits the drawing: if the drawing is scaled before a model gets it, a small one would otherwise become a blot.
 * @returns {number} In pixels, for a pressure of 1.
 */
export function penRadius(strokes, { size, follows }) {
  if (!follows) return PEN_RADIUS * Math.max(size.width, size.height);
  const [low, high] = [{ x: Infinity, y: Infinity }, { x: -Infinity, y: -Infinity }];
  for (const { x, y } of strokes.flat()) {
    [low.x, low.y] = [Math.min(low.x, x), Math.min(low.y, y)];
    [high.x, high.y] = [Math.max(high.x, x), Math.max(high.y, y)];
  }
  return Math.max(FOLLOWING_RADIUS * Math.max(high.x - low.x, high.y - low.y), LEAST_RADIUS);
}

/**
 * Draw the part of a stroke between two points, with an antialiased edge and round ends.
 * @param {GrayImage} sheet 0 is paper and 255 ink; changed.
 * @param {number} radius Of the pen, in pixels.
 * @param {StrokePoint} from
 * @param {StrokePoint} to
 */
function drawSegment(sheet, radius, from, to) {
  const { values, width, height } = sheet;
  const [start, end] = [radius * from.pressure, radius * to.pressure];
  const reach = Math.max(start, end) + 1;
  const [left, right] = [Math.min(from.x, to.x) - reach, Math.max(from.x, to.x) + reach];
  const [top, bottom] = [Math.min(from.y, to.y) - reach, Math.max(from.y, to.y) + reach];
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const squared = dx * dx + dy * dy;
  for (let row = Math.max(0, Math.floor(top)); row < Math.min(height, bottom); row++) {
    for (let column = Math.max(0, Math.floor(left)); column < Math.min(width, right); column++) {
      const [x, y] = [column + 0.5 - from.x, row + 0.5 - from.y];
      const along = squared ? Math.min(Math.max((x * dx + y * dy) / squared, 0), 1) : 0;
      const distance = Math.hypot(x - along * dx, y - along * dy);
      const coverage = start + along * (end - start) + 0.5 - distance;
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
 * @param {number} radius Of the pen, in pixels.
 * @returns {GrayImage} 0 is paper and 255 ink.
 */
export function drawStrokes(strokes, { width, height }, radius) {
  const sheet = { values: new Uint8Array(width * height), width, height };
  for (const points of strokes) {
    points.forEach((point, i) => drawSegment(sheet, radius, points[Math.max(i - 1, 0)], point));
  }
  return sheet;
}

/**
 * Prepare a drawing as the images of a run were prepared.
 * @param {DrawingSpec} spec
 * @param {GrayImage} sheet 0 is paper and 255 ink.
 * @returns {{ input: Float32Array, image: GrayImage, isEmpty: boolean }} One raw sample of the run, in its shape;
 *   the same as a gray image to show; and whether nothing is drawn.
 */
export function prepareDrawing(spec, sheet) {
  const [height, width] = spec.shape;
  const isEmpty = !sheet.values.some((value) => value > 0);
  const size = { width, height };
  const found = spec.centering ? centerInk(sheet, { rule: spec.centering, size }) : resizeImage(sheet, size);
  const drawn = found ?? { values: new Uint8Array(width * height), ...size };
  const ink = spec.paper < 128 ? 255 : 0;
  const values = drawn.values.map((level) => Math.round(spec.paper + ((ink - spec.paper) * level) / 255));
  const channels = spec.shape[2] ?? 1;
  const input = Float32Array.from({ length: values.length * channels }, (_, i) => {
    const level = values[Math.floor(i / channels)];
    return spec.scale === 255 ? level : level * (spec.scale / 255);
  });
  return { input, image: { values, width, height }, isEmpty: isEmpty || !found };
}
