import { CanvasPainter } from "./canvas_painter.js";
import { GlPainter } from "./gl_painter.js";
import { partsOf } from "./hit_test.js";

/** A frame that takes longer, in milliseconds, twice in a row, shows that WebGL has no GPU behind it. */
const SLOW_FRAME = 40;

/** Milliseconds after which a context that was lost is given up: of 17 maps on a page one never gets its own back. */
const LOST = 1500;

/**
 * A canvas, and the painter that suits the machine. All state is in typed arrays here; a painter only draws it, so
 * a lost WebGL context costs no more than a frame.
 */
export class Surface {
  /** @type {Map<string, Uint16Array<ArrayBuffer>>} */
  layouts = new Map();
  /** @type {"webgl2" | "canvas2d" | "lost"} */
  kind = "canvas2d";
  released = false;
  #judged = 0;
  #slow = 0;

  /**
   * @param {HTMLCanvasElement} canvas is replaced when the painter changes
   * @param {{
   *   count: number, palette: Uint8Array<ArrayBuffer>, wanted: "auto" | "webgl2" | "canvas2d",
   *   changed: (kind: string) => void,
   * }} options changed: called when everything must be painted again
   */
  constructor(canvas, { count, palette, wanted, changed }) {
    this.canvas = canvas;
    this.count = count;
    this.codes = new Uint8Array(count);
    this.states = new Uint8Array(count);
    this.parts = partsOf(this.states, false);
    this.palette = palette;
    this.wanted = wanted;
    this.changed = changed;
    this.painter = this.#choose(wanted === "canvas2d");
  }

  /**
   * @param {boolean} plain whether to do without WebGL
   * @returns {GlPainter | CanvasPainter}
   */
  #choose(plain) {
    const canvas = /** @type {HTMLCanvasElement} */ (this.canvas.cloneNode());
    this.canvas.replaceWith(canvas); // a canvas keeps its first kind of context
    this.canvas = canvas;
    /** @type {GlPainter | CanvasPainter} */
    let painter;
    try {
      painter = plain ? new CanvasPainter(canvas) : new GlPainter(canvas, { software: this.wanted === "webgl2" });
    } catch {
      return this.#choose(true);
    }
    if (painter instanceof GlPainter) this.#watch(canvas);
    for (const [key, positions] of this.layouts) painter.layout(key, positions);
    painter.look(this.looks);
    this.painter = painter;
    this.kind = painter instanceof GlPainter ? "webgl2" : "canvas2d";
    this.changed(this.kind);
    return painter;
  }

  /** @param {HTMLCanvasElement} canvas */
  #watch(canvas) {
    canvas.addEventListener("webglcontextlost", (event) => {
      if (canvas !== this.canvas || this.released) return;
      event.preventDefault();
      this.kind = "lost";
      this.changed("lost");
      setTimeout(() => canvas === this.canvas && this.kind === "lost" && this.#choose(true), LOST);
    });
    canvas.addEventListener("webglcontextrestored", () => canvas === this.canvas && this.#choose(false));
  }

  /**
   * @param {string} key
   * @param {Uint16Array<ArrayBuffer>} positions
   */
  layout(key, positions) {
    this.layouts.set(key, positions);
    this.painter.layout(key, positions);
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} codes
   * @param {Uint8Array<ArrayBuffer>} palette
   */
  color(codes, palette) {
    Object.assign(this, { codes, palette });
    this.painter.look({ codes, palette });
  }

  /**
   * Bits of states have changed.
   * @param {boolean} searched
   */
  split(searched) {
    this.parts = partsOf(this.states, searched);
    this.painter.look({ parts: this.parts });
  }

  get looks() {
    return { codes: this.codes, palette: this.palette, parts: this.parts };
  }

  /** Give back what the painter holds; nothing is painted after that. */
  release() {
    this.released = true;
    this.painter.release();
  }

  /** @param {import("./hit_test.js").Painting} painting */
  paint(painting) {
    if (this.kind === "lost" || this.released) return;
    this.painter.paint(painting);
    if (painting.count) this.#judge();
  }

  /** WebKit calls every renderer "Apple GPU", so slow ones are found by their time. */
  #judge() {
    if (this.wanted !== "auto" || this.kind !== "webgl2" || this.#judged >= 3) return;
    const started = performance.now();
    this.painter.finish();
    this.#judged += 1;
    this.#slow = performance.now() - started > SLOW_FRAME ? this.#slow + 1 : 0;
    if (this.#slow < 2) return;
    this.painter.release();
    this.#choose(true);
  }
}
