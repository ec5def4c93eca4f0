import { element } from "../core/elements.js";
import { paintRing } from "./overlay.js";
import { RAISED, RINGED } from "./hit_test.js";

/** Images take the place of points once at most this many are on the screen. */
export const MOST_IMAGES = 700;

/** Number of images in a row of the sheet that holds the images on the screen. */
const CELLS = 40;

/**
 * @typedef {{ bytes: Uint8Array, width: number, height: number, channels: number }} Images uint8
 *   (sample, height, width, channel); 0 is the background of gray images
 */

/** The images of samples in place of their points: of gray ones the ink, in the color of the point, without a box. */
export class ImageSheet {
  /** @type {Map<number, number>} */
  #places = new Map();

  /** @param {Images} images */
  constructor(images) {
    this.images = images;
    const { width, height } = images;
    this.sheet = new OffscreenCanvas(CELLS * width, CELLS * height);
    this.pen = /** @type {OffscreenCanvasRenderingContext2D} */ (this.sheet.getContext("2d"));
    this.cell = new ImageData(width, height);
  }

  /** Colors have changed. */
  clear() {
    this.#places.clear();
  }

  /**
   * @param {number} index
   * @param {ArrayLike<number>} color red, green, blue
   * @returns {number} the cell of the image in the sheet
   */
  #place(index, color) {
    const known = this.#places.get(index);
    if (known !== undefined) return known;
    if (this.#places.size === CELLS ** 2) this.#places.clear();
    const place = this.#places.size;
    this.#places.set(index, place);
    const { bytes, width, height, channels } = this.images;
    const pixels = width * height;
    const data = this.cell.data;
    for (let k = 0; k < pixels; k++) {
      const value = channels * (index * pixels + k);
      for (let j = 0; j < 3; j++) data[4 * k + j] = channels === 3 ? bytes[value + j] : color[j];
      data[4 * k + 3] = channels === 3 ? 255 : bytes[value];
    }
    this.pen.putImageData(this.cell, (place % CELLS) * width, Math.floor(place / CELLS) * height);
    return place;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number[]} visible indices of samples
   * @param {{
   *   view: import("./view.js").View, states: Uint8Array, dims: boolean, ring: string | null,
   *   place: (index: number) => [number, number], color: (index: number) => ArrayLike<number>,
   * }} map
   */
  paint(pen, visible, { view, states, dims, ring, place, color }) {
    const { width, height } = this.images;
    const area = (view.width * view.height) / Math.max(1, visible.length);
    const side = Math.min(56, Math.max(14, 0.55 * Math.sqrt(area)));
    pen.imageSmoothingEnabled = side > width;
    for (const index of visible) {
      const cell = this.#place(index, color(index));
      const [x, y] = place(index);
      const [left, top] = [(cell % CELLS) * width, Math.floor(cell / CELLS) * height];
      const tall = (side * height) / width;
      const isDim = dims && !(states[index] & RAISED);
      pen.globalAlpha = isDim ? 0.2 : 1;
      pen.drawImage(this.sheet, left, top, width, height, x - side / 2, y - tall / 2, side, tall);
      if (ring && !isDim && states[index] & RINGED) paintRing(pen, [x, y], Math.max(side, tall) / 2, [1.5, ring]);
    }
    pen.globalAlpha = 1;
  }
}

/**
 * One image as an element, with 0 as black.
 * @param {Images} images
 * @param {number} index
 * @param {{ kind: string, label: string }} options kind: the class of the element
 */
export function imageCanvas({ bytes, width, height, channels }, index, { kind, label }) {
  const canvas = element("canvas", { class: kind, role: "img", "aria-label": label, width, height });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(width, height);
  const pixels = width * height;
  for (let k = 0; k < pixels; k++) {
    const value = channels * (index * pixels + k);
    for (let j = 0; j < 3; j++) image.data[4 * k + j] = bytes[value + (channels === 3 ? j : 0)];
    image.data[4 * k + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}
