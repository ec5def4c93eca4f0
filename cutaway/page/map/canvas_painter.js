import { DIM, halfWidth, partsOf, passesOf } from "./hit_test.js";
import { STEPS } from "./view.js";

/** With at least this many points per device pixel, their density is painted. */
const DENSE = 0.5;

/**
 * Paints points without WebGL: discs that are blended into an image, which is quicker than WebGL in software
 * (8 times at a million points).
 */
export class CanvasPainter {
  /** @type {Map<string, Uint16Array>} */
  #layouts = new Map();
  /** @type {import("./hit_test.js").Looks} */
  #looks = { codes: new Uint8Array(), palette: new Uint8Array(), parts: partsOf(new Uint8Array(), false) };
  /** Red, green, blue and coverage of each pixel. */
  #sums = new Float32Array();
  /** @type {ImageData | null} */
  #image = null;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  }

  /**
   * @param {string} key
   * @param {Uint16Array} positions
   */
  layout(key, positions) {
    this.#layouts.set(key, positions);
  }

  /** @param {string} key */
  drop(key) {
    this.#layouts.delete(key);
  }

  /** @param {Partial<import("./hit_test.js").Looks>} looks those that have changed */
  look(looks) {
    Object.assign(this.#looks, looks);
  }

  /** @param {import("./hit_test.js").Painting} painting */
  paint(painting) {
    const { width, height } = this.canvas;
    if (!width || !height) return;
    if (this.#image?.width !== width || this.#image?.height !== height) {
      this.#image = this.pen.createImageData(width, height);
      this.#sums = new Float32Array(4 * width * height);
    }
    const { view, count, ring } = painting;
    const { parts } = this.#looks;
    this.#sums.fill(0);
    const isDense = count / Math.min(width * height, (view.scale * view.ratio) ** 2) >= DENSE;
    for (const { of, size, alpha } of passesOf(parts, painting)) {
      const side = Math.max(1, Math.round(size * view.ratio));
      const shape = shapeOf(side, alpha, halfWidth(of, side));
      if (of === "rest" && isDense) this.#density(painting, parts.rest, parts.raised ? DIM : 1);
      else this.#blend(painting, parts[of] ?? parts.rest, { side, shape, color: of === "ringed" ? ring : null });
    }
    this.#develop();
    this.pen.putImageData(this.#image, 0, 0);
  }

  /**
   * What the loops over points read. A point is at left + scale * x and top - scale * y, in device pixels.
   * @param {import("./hit_test.js").Painting} painting
   * @param {number} side of the painted square, in device pixels
   */
  #prepared({ a, b, view }, side) {
    const { width, height } = this.canvas;
    const scale = (view.scale * view.ratio) / STEPS;
    return {
      ...{ width, height, scale, ...this.#looks, sums: this.#sums },
      A: /** @type {Uint16Array} */ (this.#layouts.get(a)),
      B: /** @type {Uint16Array} */ (this.#layouts.get(b)),
      left: width / 2 - view.x * STEPS * scale - side / 2,
      top: height / 2 + view.y * STEPS * scale - side / 2,
    };
  }

  /**
   * @param {import("./hit_test.js").Painting} painting
   * @param {Uint32Array} indices
   * @param {{ side: number, shape: Float32Array, color: Uint8Array | null }} look color: null for that of each sample
   */
  #blend(painting, indices, { side, shape, color }) {
    const { t } = painting;
    const { width, height, A, B, codes, palette, sums, scale, left, top } = this.#prepared(painting, side);
    const colors = color ?? palette;
    for (let n = 0; n < indices.length; n++) {
      const i = indices[n];
      const x = Math.round(left + (A[2 * i] + (B[2 * i] - A[2 * i]) * t) * scale);
      const y = Math.round(top - (A[2 * i + 1] + (B[2 * i + 1] - A[2 * i + 1]) * t) * scale);
      if (x < 0 || y < 0 || x + side > width || y + side > height) continue;
      const c = color ? 0 : 4 * codes[i];
      const [red, green, blue] = [colors[c], colors[c + 1], colors[c + 2]];
      for (let row = 0, j = 0; row < side; row++) {
        const end = 4 * ((y + row) * width + x + side);
        for (let k = end - 4 * side; k < end; k += 4, j++) {
          const covered = shape[j];
          const rest = 1 - covered;
          sums[k] = sums[k] * rest + red * covered;
          sums[k + 1] = sums[k + 1] * rest + green * covered;
          sums[k + 2] = sums[k + 2] * rest + blue * covered;
          sums[k + 3] = sums[k + 3] * rest + covered;
        }
      }
    }
  }

  /** Put the sums into the image. */
  #develop() {
    const data = /** @type {ImageData} */ (this.#image).data;
    const sums = this.#sums;
    for (let k = 0; k < sums.length; k += 4) {
      const covered = sums[k + 3];
      data[k + 3] = 255 * covered;
      if (covered === 0) continue;
      data[k] = sums[k] / covered;
      data[k + 1] = sums[k + 1] / covered;
      data[k + 2] = sums[k + 2] / covered;
    }
  }

  /**
   * Each pixel has the mean color of its points; its opacity grows with the logarithm of their number.
   * @param {import("./hit_test.js").Painting} painting
   * @param {Uint32Array} indices
   * @param {number} alpha multiplied with the opacity
   */
  #density(painting, indices, alpha) {
    const { t } = painting;
    const { width, height, A, B, codes, palette, sums, scale, left, top } = this.#prepared(painting, 0);
    let most = 1;
    for (let n = 0; n < indices.length; n++) {
      const i = indices[n];
      const x = Math.floor(left + (A[2 * i] + (B[2 * i] - A[2 * i]) * t) * scale);
      const y = Math.floor(top - (A[2 * i + 1] + (B[2 * i + 1] - A[2 * i + 1]) * t) * scale);
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const c = 4 * codes[i];
      const k = 4 * (y * width + x);
      sums[k] += palette[c];
      sums[k + 1] += palette[c + 1];
      sums[k + 2] += palette[c + 2];
      sums[k + 3] += 1;
      if (sums[k + 3] > most) most = sums[k + 3];
    }
    const unit = 200 / Math.log1p(most);
    for (let k = 0; k < sums.length; k += 4) {
      const points = sums[k + 3];
      if (points === 0) continue;
      const share = (alpha * (55 + unit * Math.log1p(points))) / 255 / points;
      for (let j = k; j < k + 4; j++) sums[j] *= share;
    }
  }

  /** Wait until everything is painted. */
  finish() {
    this.pen.getImageData(0, 0, 1, 1);
  }

  release() {}
}

/**
 * How much each pixel of a square is covered by a disc or a ring; a disc of less than 3 pixels is the square itself.
 * @param {number} side
 * @param {number} alpha its opacity
 * @param {number} wide half the width of the ring; of a disc half of its side
 */
function shapeOf(side, alpha, wide) {
  const shape = new Float32Array(side * side).fill(alpha);
  if (side < 3) return shape;
  for (let j = 0; j < shape.length; j++) {
    const [x, y] = [(j % side) + 0.5 - side / 2, Math.floor(j / side) + 0.5 - side / 2];
    shape[j] *= Math.min(1, Math.max(0, wide + 0.5 - Math.abs(Math.hypot(x, y) - side / 2 + wide)));
  }
  return shape;
}
