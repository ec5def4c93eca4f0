import { enlarged, HIDDEN, passOf } from "./hit_test.js";
import { STEPS } from "./view.js";

/** With at least this many points per device pixel, their density is painted. */
const DENSE = 0.5;

/**
 * Paints points without WebGL: discs that are blended into an image, which is quicker than WebGL in software
 * (8 times at a million points).
 */
export class CanvasPainter {
  kind = "canvas2d";
  /** @type {Map<string, Uint16Array>} */
  #layouts = new Map();
  #looks = { codes: new Uint8Array(), palette: new Uint8Array(), states: new Uint8Array() };
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
    const { view, count, alpha, dim, selected } = painting;
    this.#sums.fill(0);
    const covered = Math.min(width * height, (view.scale * view.ratio) ** 2);
    if (count / covered >= DENSE) {
      this.#density(painting);
    } else {
      for (const pass of selected ? [0, 1] : [0]) {
        this.#blend(painting, pass, pass ? Math.max(alpha, 0.9) : selected ? alpha * dim : alpha);
      }
      this.#develop((covered) => 255 * covered);
    }
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
   * @param {number} pass
   * @param {number} alpha
   */
  #blend(painting, pass, alpha) {
    const { t, view, size, count, selected } = painting;
    const side = Math.max(1, Math.round((pass ? enlarged(selected) : 1) * size * view.ratio));
    const { width, height, A, B, codes, states, palette, sums, scale, left, top } = this.#prepared(painting, side);
    const disc = discOf(side, alpha);
    for (let i = 0; i < count; i++) {
      const state = states[i];
      if (state & HIDDEN || passOf(state) !== pass) continue;
      const x = Math.round(left + (A[2 * i] + (B[2 * i] - A[2 * i]) * t) * scale);
      const y = Math.round(top - (A[2 * i + 1] + (B[2 * i + 1] - A[2 * i + 1]) * t) * scale);
      if (x < 0 || y < 0 || x + side > width || y + side > height) continue;
      const c = 4 * codes[i];
      const [red, green, blue] = [palette[c], palette[c + 1], palette[c + 2]];
      for (let row = 0, j = 0; row < side; row++) {
        const end = 4 * ((y + row) * width + x + side);
        for (let k = end - 4 * side; k < end; k += 4, j++) {
          const covered = disc[j];
          const rest = 1 - covered;
          sums[k] = sums[k] * rest + red * covered;
          sums[k + 1] = sums[k + 1] * rest + green * covered;
          sums[k + 2] = sums[k + 2] * rest + blue * covered;
          sums[k + 3] = sums[k + 3] * rest + covered;
        }
      }
    }
  }

  /** @param {(weight: number) => number} opacity of a pixel, 0..255, by the weight of its points, which is not 0 */
  #develop(opacity) {
    const data = /** @type {ImageData} */ (this.#image).data;
    const sums = this.#sums;
    for (let k = 0; k < sums.length; k += 4) {
      const weight = sums[k + 3];
      data[k + 3] = weight === 0 ? 0 : opacity(weight);
      if (weight === 0) continue;
      data[k] = sums[k] / weight;
      data[k + 1] = sums[k + 1] / weight;
      data[k + 2] = sums[k + 2] / weight;
    }
  }

  /**
   * Each pixel has the mean color of its points; its opacity grows with the logarithm of their number.
   * @param {import("./hit_test.js").Painting} painting
   */
  #density(painting) {
    const { t, dim, count, selected } = painting;
    const { width, height, A, B, codes, states, palette, sums, scale, left, top } = this.#prepared(painting, 0);
    let most = 1;
    for (let i = 0; i < count; i++) {
      const state = states[i];
      if (state & HIDDEN) continue;
      const x = Math.floor(left + (A[2 * i] + (B[2 * i] - A[2 * i]) * t) * scale);
      const y = Math.floor(top - (A[2 * i + 1] + (B[2 * i + 1] - A[2 * i + 1]) * t) * scale);
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const weight = selected && !passOf(state) ? dim : 1;
      const c = 4 * codes[i];
      const k = 4 * (y * width + x);
      sums[k] += weight * palette[c];
      sums[k + 1] += weight * palette[c + 1];
      sums[k + 2] += weight * palette[c + 2];
      sums[k + 3] += weight;
      if (sums[k + 3] > most) most = sums[k + 3];
    }
    const unit = 200 / Math.log1p(most);
    this.#develop((points) => 55 * Math.min(1, points) + unit * Math.log1p(points));
  }

  /** Wait until everything is painted. */
  finish() {
    this.pen.getImageData(0, 0, 1, 1);
  }

  release() {}
}

/**
 * How much each pixel of a square is covered by a disc; below 3 pixels the square itself.
 * @param {number} side
 * @param {number} alpha opacity of the disc
 */
function discOf(side, alpha) {
  const disc = new Float32Array(side * side).fill(alpha);
  if (side < 3) return disc;
  for (let j = 0; j < disc.length; j++) {
    const [x, y] = [(j % side) + 0.5 - side / 2, Math.floor(j / side) + 0.5 - side / 2];
    disc[j] *= Math.min(1, Math.max(0, side / 2 - Math.hypot(x, y) + 0.5));
  }
  return disc;
}
