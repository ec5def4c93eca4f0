// The lines between units: weights, or the gradient that flows back; a weight can be taken with the mouse and changed.

import { choice, element } from "../core/elements.js";
import { inNextFrame } from "../core/timing.js";
import { shownOf } from "../core/words.js";
import { layersOf } from "./dense_network.js";
import { fitted, stroke } from "./plane.js";
import { short } from "./unit_view.js";

/** @typedef {import("./plane.js").Look} Look */
/** @typedef {import("./controller.js").Controller} Controller */
/** @typedef {import("./session.js").Frame} Frame */

/** @typedef {{ layer: number, from: number, to: number }} Line */

/** Pixels from a line at which it is taken. */
const REACH = 6;

/** Pixels that a weight is dragged to change by the largest weight of its layer. */
const FULL = 60;

/** Points of a curve that are compared with the mouse. */
const STEPS = 24;

/** Draws the lines of a network, and lets a person drag its weights. */
export class NetworkLines {
  /**
   * @param {HTMLElement} stage Holds the canvas, and everything above it.
   * @param {Controller} controller
   * @param {() => void} redraw Draws the network again.
   */
  constructor(stage, controller, redraw) {
    this.controller = controller;
    this.redraw = redraw;
    this.stage = stage;
    this.canvas = element("canvas", { class: "weights", "aria-hidden": "true" });
    this.label = element("p", { class: "line-label", hidden: true });
    this.choice = choice([["weights", "weights"], ["gradients", "gradients, which flow back from the loss"]], { onchange: () => redraw() });
    /** @type {{ sizes: number[], frame: Frame } | null} */
    this.drawn = null;
    /** @type {{ line: Line, y: number, value: number, scale: number, now: number } | null} A weight that is dragged. */
    this.drag = null;
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerdown", (event) => this.#take(event));
    stage.addEventListener("pointerup", () => this.#leave(true));
    stage.addEventListener("pointercancel", () => this.#leave(false));
    /** Show what the network does with the weight that is dragged. */
    this.tryOut = inNextFrame(() => {
      if (this.drag) controller.tryWeight(editOf(this.drag));
      redraw();
    });
    stage.addEventListener("pointerleave", () => (this.label.hidden = true));
  }

  /**
   * @param {Frame} frame
   * @param {number[]} sizes
   * @param {Look} look
   */
  draw(frame, sizes, look) {
    this.drawn = { sizes, frame };
    const { context } = fitted(this.canvas);
    const showsGradients = this.choice.value === "gradients";
    for (const [layer, { kernel }] of layersOf(sizes, showsGradients ? frame.gradient : frame.parameters).entries()) {
      if (sizes[layer] > MAX_SHOWN && layer === 0) continue; // of the pixels of an image
      const largest = kernel.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
      for (const line of linesOf(layer, sizes)) {
        const isDragged = !showsGradients && this.drag && JSON.stringify(this.drag.line) === JSON.stringify(line);
        const value = isDragged && this.drag ? this.drag.now : kernel[line.from * sizes[layer + 1] + line.to];
        const share = Math.min(1, Math.abs(value) / largest);
        const { left, right, middle, start, end } = endsOf(line);
        context.beginPath();
        context.moveTo(left, start);
        context.bezierCurveTo(middle, start, middle, end, right, end);
        context.globalAlpha = 0.12 + 0.78 * share;
        stroke(context, value >= 0 ? look.positive : look.negative, 0.4 + 3.2 * share);
      }
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { x, y } = this.#place(event);
    if (this.drag) {
      this.drag.now = this.drag.value + ((this.drag.y - y) / FULL) * this.drag.scale;
      this.#say(this.drag.line, this.drag.now, x, y);
      this.tryOut();
      return;
    }
    const line = event.pointerType === "touch" || event.target instanceof HTMLButtonElement ? null : this.#lineAt(x, y);
    this.stage.style.cursor = line ? "ns-resize" : "";
    this.label.hidden = !line;
    if (line) this.#say(line, this.#valueOf(line), x, y);
  }

  /** @param {PointerEvent} event */
  #take(event) {
    const { x, y } = this.#place(event);
    const line = event.pointerType === "touch" || event.button !== 0 || event.target instanceof HTMLButtonElement ? null : this.#lineAt(x, y);
    if (!line || !this.drawn) return;
    event.preventDefault();
    this.stage.setPointerCapture(event.pointerId);
    const { sizes, frame } = this.drawn;
    const scale = layersOf(sizes, frame.parameters)[line.layer].kernel.reduce((most, value) => Math.max(most, Math.abs(value)), 0.1);
    const value = this.#valueOf(line);
    this.drag = { line, y, value, scale, now: value };
    this.controller.store.set({ selected: { layer: line.layer, unit: line.to } });
  }

  /** @param {boolean} isMeant Whether a person let go of the weight; a browser may take the pointer away. */
  #leave(isMeant) {
    const { drag } = this;
    this.drag = null;
    this.tryOut.cancel();
    if (!drag) return;
    if (isMeant && drag.now !== drag.value) this.controller.setWeight(editOf(drag));
    else this.controller.leaveTried();
  }

  /**
   * @param {Line} line
   * @param {number} value
   * @param {number} x
   * @param {number} y
   */
  #say(line, value, x, y) {
    if (!this.drawn) return;
    const { frame } = this.drawn;
    const slope = this.#valueOf(line, frame.gradient);
    this.label.hidden = false;
    const rest = frame.isLight ? "" : " All else is drawn when you let go.";
    this.label.textContent = `w = ${short(value)}, ∂L/∂w = ${short(slope)}. Drag up or down to change it.${rest}`;
    this.label.style.left = `${x + 12}px`;
    this.label.style.top = `${y + 12}px`;
  }

  /**
   * @param {Line} line
   * @param {Float32Array} [of] the weights, or their gradient
   */
  #valueOf({ layer, from, to }, of = this.drawn?.frame.parameters) {
    const { sizes } = this.drawn ?? { sizes: [] };
    return of ? layersOf(sizes, of)[layer].kernel[from * sizes[layer + 1] + to] : 0;
  }

  /** @param {PointerEvent} event */
  #place({ clientX, clientY }) {
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  /**
   * The line nearest to a place; null if none is near.
   * @param {number} x
   * @param {number} y
   * @returns {Line | null}
   */
  #lineAt(x, y) {
    const { sizes } = this.drawn ?? { sizes: [] };
    const layer = Math.floor((x - TILE) / COLUMN);
    if (layer < 0 || layer >= sizes.length - 1 || (layer === 0 && sizes[0] > MAX_SHOWN)) return null;
    let [nearest, least] = [/** @type {Line | null} */ (null), REACH];
    for (const line of linesOf(layer, sizes)) {
      const { left, right, start, end } = endsOf(line);
      for (let step = 0; step <= STEPS; step++) {
        const t = step / STEPS;
        const [across, along] = [3 * (1 - t) * t * 0.5 * (1 - t) + 3 * (1 - t) * t * 0.5 * t + t ** 3, t * t * (3 - 2 * t)];
        const distance = Math.hypot(left + across * (right - left) - x, start + along * (end - start) - y);
        if (distance < least) [nearest, least] = [line, distance];
      }
    }
    return nearest;
  }
}

/**
 * @param {{ line: Line, now: number }} drag
 * @returns {import("./session.js").WeightEdit}
 */
function editOf({ line: { layer, from, to }, now }) {
  return { layer, input: from, unit: to, value: now };
}

/**
 * The lines between a layer and the next one that are shown.
 * @param {number} layer
 * @param {number[]} sizes
 */
function* linesOf(layer, sizes) {
  for (let from = 0; from < shownOf(sizes[layer], MAX_SHOWN); from++) {
    for (let to = 0; to < shownOf(sizes[layer + 1], MAX_SHOWN); to++) yield { layer, from, to };
  }
}

/** @param {Line} line */
function endsOf({ layer, from, to }) {
  const [left, right] = [layer * COLUMN + TILE, (layer + 1) * COLUMN];
  const [start, end] = [from, to].map((unit) => TOP + unit * (TILE + GAP) + TILE / 2);
  return { left, right, middle: (left + right) / 2, start, end };
}

/** Units of a layer that are shown, but for a single one more; a layer of more inputs is an image. */
export const MAX_SHOWN = 12;

/** Pixels of the side of a unit. */
export const TILE = 44;

/** Pixels between two units. */
export const GAP = 8;

/** Pixels from one layer to the next; on a phone two hidden layers fit. */
export const COLUMN = globalThis.innerWidth < 480 ? 82 : 112;

/** Pixels above the first unit. */
export const TOP = 56;
