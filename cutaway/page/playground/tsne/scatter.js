// Points on a canvas; pointing at one shows its neighbors.

import { element } from "../../core/elements.js";
import { fitted, stroke } from "../plane.js";
import { boundsOf } from "./distances.js";

/**
 * @typedef {object} Scene
 * @property {ArrayLike<number>} xy (point, 2)
 * @property {string[]} colors Of each point.
 * @property {number | null} point The one that is looked at.
 * @property {Int32Array} neighbors Of it.
 * @property {string} ink
 * @property {string} ground
 * @property {boolean} hasScale Whether the unit of the coordinates is shown.
 */

/** Space around the points, and how near to one a pointer comes, in CSS pixels. */
const [MARGIN, NEAR] = [18, 14];

export class Scatter {
  /**
   * @param {HTMLElement} host
   * @param {{ point: (k: number | null) => void, choose: (k: number | null) => void }} told Of the point under the pointer, and of the
   *   one that was pressed.
   */
  constructor(host, { point, choose }) {
    this.canvas = element("canvas", { class: "scatter", role: "img" });
    host.append(this.canvas);
    /** @type {[number, number][]} Where each point is, in CSS pixels. */
    this.places = [];
    this.canvas.addEventListener("pointermove", (event) => point(this.#at(event)));
    this.canvas.addEventListener("pointerleave", () => point(null));
    this.canvas.addEventListener("click", (event) => choose(this.#at(event)));
  }

  /** @param {MouseEvent} event */
  #at({ offsetX, offsetY }) {
    let [best, nearest] = [NEAR, /** @type {number | null} */ (null)];
    this.places.forEach(([x, y], k) => {
      const far = Math.hypot(x - offsetX, y - offsetY);
      if (far < best) [best, nearest] = [far, k];
    });
    return nearest;
  }

  /** @param {Scene} scene */
  show({ xy, colors, point, neighbors, ink, ground, hasScale }) {
    const { context, width, height } = fitted(this.canvas);
    if (!width) return;
    const { middle, size } = boundsOf(xy);
    const unit = (Math.min(width, height) - 2 * MARGIN) / (size || 1);
    this.places = colors.map((_, k) => [width / 2 + (xy[2 * k] - middle[0]) * unit, height / 2 - (xy[2 * k + 1] - middle[1]) * unit]);
    const radius = colors.length > 250 ? 3.2 : 4;
    const near = new Set(point === null ? [] : neighbors);
    if (point !== null) {
      context.beginPath();
      for (const k of near) {
        context.moveTo(...this.places[point]);
        context.lineTo(...this.places[k]);
      }
      stroke(context, ink, 0.8);
    }
    this.places.forEach(([x, y], k) => {
      const isMarked = k === point || near.has(k);
      context.beginPath();
      context.arc(x, y, k === point ? radius + 3 : isMarked ? radius + 1 : radius, 0, 2 * Math.PI);
      context.fillStyle = colors[k];
      context.fill();
      stroke(context, isMarked ? ink : ground, isMarked ? 2 : 0.8);
    });
    if (hasScale) drawScale(context, { unit, height, ink });
  }
}

/**
 * A line as long as a round number of units: a map grows by a factor of a million, and fills its frame at each step.
 * @param {CanvasRenderingContext2D} context
 * @param {{ unit: number, height: number, ink: string }} about
 */
function drawScale(context, { unit, height, ink }) {
  const power = 10 ** Math.floor(Math.log10(110 / unit));
  const length = [5, 2, 1].map((factor) => factor * power).find((each) => each * unit <= 110) ?? power;
  context.beginPath();
  context.moveTo(MARGIN, height - 8);
  context.lineTo(MARGIN + length * unit, height - 8);
  stroke(context, ink, 1.5);
  context.fillStyle = ink;
  context.font = `12px ${getComputedStyle(context.canvas).fontFamily}`;
  context.fillText(String(Number(length.toPrecision(1))), MARGIN, height - 13);
}
