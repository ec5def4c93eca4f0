// Time: a slider over the steps of a branch, the branches, and the curves.

import { CurveChart } from "../core/charts.js";
import { element, textButton } from "../core/elements.js";
import { grouped, percent } from "../core/words.js";
import { curveOf } from "./path.js";

/** @typedef {import("./controller.js").Controller} Controller */
/** @typedef {import("./controller.js").State} State */

/** Milliseconds between two drawings of the curves, which a training that runs changes little by little. */
const CURVES_MILLISECONDS = 200;

/** Losses of a training that diverges grow without bound; larger ones are not drawn. */
const MAX_DRAWN = 1e30;

const isDrawn = (/** @type {number | null} */ value) => value !== null && Math.abs(value) < MAX_DRAWN;

/** Shows the past of a training, and goes back to it. */
export class PastView {
  /**
   * @param {{ slider: HTMLElement, curves: HTMLElement }} hosts
   * @param {Controller} controller
   */
  constructor({ slider, curves }, controller) {
    this.controller = controller;
    this.range = element("input", { type: "range", min: 0, max: 0, value: 0, step: 1, "aria-label": "Step of the training" });
    this.label = element("output", { class: "moment" });
    /** What the buttons were made from. */
    this.listed = "";
    this.drawn = 0;
    this.branches = element("div", { class: "branches", role: "group", "aria-label": "Branches" });
    this.range.addEventListener("input", () => {
      const { frame } = controller.state;
      if (frame) controller.goTo(frame.branch, Number(this.range.value));
    });
    slider.append(this.range, this.label, this.branches);
    this.loss = new CurveChart("Loss", (value) => value.toFixed(3));
    this.accuracy = new CurveChart("Accuracy", (value) => percent(value));
    curves.append(this.loss.element, this.accuracy.element);
  }

  /** @param {State} state */
  show({ frame, parts, isPlaying }) {
    if (!frame) return;
    const { firstStep } = frame.branches[frame.branch];
    const last = Math.max(frame.step, frame.branches[frame.branch].lastStep);
    Object.assign(this.range, { min: String(firstStep), max: String(last) });
    if (document.activeElement !== this.range || frame.step !== Number(this.range.value)) this.range.value = String(frame.step);
    this.range.disabled = last === firstStep;
    const epochs = Number.isInteger(frame.epochs) ? String(frame.epochs) : frame.epochs.toFixed(2);
    this.label.textContent = `Step ${grouped(frame.step)} · epoch ${epochs}`;
    this.range.setAttribute("aria-valuetext", this.label.textContent);
    this.#showBranches(frame);
    const now = performance.now();
    if (isPlaying && now - this.drawn < CURVES_MILLISECONDS) return;
    this.drawn = now;
    this.#showCurves(frame, parts.train.isFunction);
  }

  /**
   * @param {import("./session.js").Frame} frame
   * @param {boolean} isFunction
   */
  #showCurves(frame, isFunction) {
    const curve = curveOf(frame);
    const end = Math.max(frame.epochs, curve[curve.length - 1][1]);
    const points = (/** @type {number} */ column) =>
      curve.map((row) => /** @type {[number, number]} */ ([row[1], row[column]])).filter(([, value]) => isDrawn(value));
    const now = (/** @type {number | null} */ value) => (isDrawn(value) ? /** @type {[number, number]} */ ([frame.epochs, value]) : null);
    const pair = (/** @type {number} */ column, /** @type {number | null} */ train, /** @type {number | null} */ test) => [
      { name: "training", tone: /** @type {"one"} */ ("one"), points: points(column), dot: now(train) },
      { name: "test", tone: /** @type {"two"} */ ("two"), points: points(column + 2), dot: now(test) },
    ];
    this.loss.show(pair(2, frame.train.loss, frame.test.loss), end);
    this.accuracy.element.hidden = isFunction;
    if (!isFunction) this.accuracy.show(pair(3, frame.train.accuracy, frame.test.accuracy), end);
  }

  /** @param {import("./session.js").Frame} frame */
  #showBranches(frame) {
    const listed = JSON.stringify([frame.branch, frame.branches.map(({ change, firstStep }) => [change, firstStep])]);
    if (listed === this.listed) return;
    this.listed = listed;
    this.branches.hidden = frame.branches.length < 2;
    const buttons = frame.branches.map(({ change, firstStep, lastStep }, k) => {
      const text = k ? `from step ${grouped(firstStep)}: ${change}` : "as it began";
      const go = () => this.controller.goTo(k, this.controller.state.frame?.branches[k].lastStep ?? lastStep);
      return textButton(text, go, { "aria-pressed": String(k === frame.branch) });
    });
    this.branches.replaceChildren(element("span", { text: "Branches" }), ...buttons);
  }
}
