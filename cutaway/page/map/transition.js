import { placeBetween } from "./hit_test.js";

/** The layouts of a map, and the move of all points from one to another. */
export class Transition {
  a = "";
  b = "";
  t = 0;
  #frame = 0;

  /**
   * @param {import("./surface.js").Surface} surface
   * @param {() => void} changed called when points are elsewhere
   */
  constructor(surface, changed) {
    this.surface = surface;
    this.changed = changed;
  }

  /**
   * Add or replace a layout; the first one is shown.
   * @param {string} key
   * @param {Uint16Array<ArrayBuffer>} positions x0, y0, x1, y1, ...: 0..65535, y up
   */
  add(key, positions) {
    this.surface.layout(key, positions);
    if (this.a === "") this.show(key);
    else if (key === this.a || key === this.b) this.changed();
  }

  /** @param {string} key */
  has(key) {
    return this.surface.layouts.has(key);
  }

  /** @param {string} key */
  show(key) {
    this.between(key, key, 0);
  }

  /**
   * @param {string} a
   * @param {string} b
   * @param {number} t 0..1
   */
  between(a, b, t) {
    this.stop();
    Object.assign(this, { a, b, t });
    this.changed();
  }

  /** Stay where all points are. */
  stop() {
    cancelAnimationFrame(this.#frame);
  }

  /**
   * Move all points to another layout; immediately where reduced motion is preferred.
   * @param {string} key
   * @param {number} [milliseconds]
   */
  move(key, milliseconds = 600) {
    this.stop();
    const from = this.t < 0.5 ? this.a : this.b;
    if (from === key || !milliseconds || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.show(key);
      return;
    }
    const started = performance.now();
    const step = (/** @type {number} */ now) => {
      const part = Math.min(1, Math.max(0, (now - started) / milliseconds));
      if (part === 1) return this.show(key);
      this.between(from, key, part * part * (3 - 2 * part));
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  /** @returns {import("./hit_test.js").Between | null} null before there is a layout */
  get positions() {
    const [a, b] = [this.a, this.b].map((key) => this.surface.layouts.get(key));
    return a && b ? { a, b, t: this.t } : null;
  }

  /**
   * @param {number} index
   * @returns {[number, number]} data coordinates of a sample, 0..1
   */
  place(index) {
    const between = this.positions;
    return between ? placeBetween(between, index) : [0.5, 0.5];
  }
}
