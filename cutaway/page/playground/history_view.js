// Time: a slider over the steps of a branch, the branches, and the curves.

import { CurveChart } from "../core/charts.js";
import { element, labeled, swatch, textButton } from "../core/elements.js";
import { grouped } from "../core/words.js";
import { scoreOf } from "./data_sets.js";
import { FIELDS, inWords, valueInWords } from "./fields.js";
import { curveOf } from "./timeline.js";

/** @typedef {import("./controller.js").Controller} Controller */
/** @typedef {import("./controller.js").State} State */
/** @typedef {import("./session.js").Frame} Frame */

/** Milliseconds between two drawings of the curves, which a training that runs changes little by little. */
const CURVES_MILLISECONDS = 200;

/** Losses of a training that diverges grow without bound; larger ones are not drawn. */
const MAX_DRAWN = 1e30;

/** Colors of classes that the curves of the branch that is shown have. */
const SHOWN_COLORS = 2;

const isDrawn = (/** @type {number | null} */ value) => value !== null && Math.abs(value) < MAX_DRAWN;

/** Shows the history of a training, and goes back to it. */
export class HistoryView {
  /**
   * @param {{ slider: HTMLElement, curves: HTMLElement }} hosts
   * @param {{ controller: Controller, colors: string[] }} page `colors`: of classes, which branches have as well.
   */
  constructor({ slider, curves }, { controller, colors }) {
    this.controller = controller;
    this.colors = colors;
    this.range = element("input", { type: "range", min: 0, max: 0, value: 0, step: 1, "aria-label": "Step of the training" });
    this.label = element("output", { class: "moment" });
    /** What the buttons were made from. */
    this.listed = "";
    this.drawn = 0;
    this.compares = element("input", { type: "checkbox", checked: true, onchange: () => this.#showCurves() });
    this.branches = element("div", { class: "branches", role: "group", "aria-label": "Branches" });
    this.range.addEventListener("input", () => {
      const { frame } = controller.state;
      if (frame) controller.goTo(frame.branches[frame.branch].id, Number(this.range.value));
    });
    slider.append(this.range, this.label, this.branches);
    this.loss = new CurveChart("Loss", (value) => value.toFixed(3));
    /** Of classes, and of a regression. */
    this.scores = [false, true].map((isRegression) => new CurveChart(...scoreOf({ isRegression })));
    curves.append(...[this.loss, ...this.scores].map((chart) => chart.element));
  }

  /** @param {State} state */
  show({ frame, isPlaying }) {
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
    this.#showCurves();
  }

  #showCurves() {
    const { frame, parts } = this.controller.state;
    if (!frame) return;
    const shown = Number(parts.train.isRegression);
    const curve = curveOf(frame);
    const others = this.compares.checked ? frame.branches.flatMap((branch, k) => (k === frame.branch ? [] : [{ ...branch, k }])) : [];
    const end = Math.max(frame.epochs, ...[curve, ...others.map((branch) => branch.curve)].map((each) => each[each.length - 1][1]));
    const points = (/** @type {number} */ column, rows = curve) =>
      rows.map((row) => /** @type {[number, number]} */ ([row[1], row[column]])).filter(([, value]) => isDrawn(value));
    const now = (/** @type {number | null} */ value) => (isDrawn(value) ? /** @type {[number, number]} */ ([frame.epochs, value]) : null);
    const pair = (/** @type {number} */ column, /** @type {number | null} */ train, /** @type {number | null} */ test) => [
      { name: "training", tone: /** @type {"one"} */ ("one"), points: points(column), dot: now(train) },
      { name: "test", tone: /** @type {"two"} */ ("two"), points: points(column + 2), dot: now(test) },
    ];
    const compared = others.map(({ k, curve: rows }) => {
      const [tone, color] = [/** @type {"branch"} */ ("branch"), this.#colorOf(k)];
      // compared where the branch that is shown is now, if this one has come as far
      const dot = rows[rows.length - 1][1] >= frame.epochs ? points(4, rows).filter(([epoch]) => epoch <= frame.epochs).at(-1) : undefined;
      return { name: `test, ${comparison(frame, k)}${dot ? "" : ", at its end"}`, tone, color, points: points(4, rows), dot };
    });
    this.loss.show([...pair(2, frame.train.loss, frame.test.loss), ...compared], end);
    for (const [k, chart] of this.scores.entries()) chart.element.hidden = k !== shown;
    this.scores[shown].show(pair(3, frame.train.score, frame.test.score), end);
  }

  /** @param {number} branch */
  #colorOf(branch) {
    return this.colors[(SHOWN_COLORS + branch) % this.colors.length];
  }

  /** @param {Frame} frame */
  #showBranches({ branch, branches }) {
    const listed = JSON.stringify([branch, branches.map(({ id, change, firstStep }) => [id, change, firstStep])]);
    if (listed === this.listed) return;
    this.listed = listed;
    this.branches.hidden = branches.length < 2;
    const buttons = branches.map(({ id, firstStep, change }, k) => {
      const text = k ? `${titleOf(k, firstStep)}: ${change}` : titleOf(k, firstStep);
      const go = textButton(text, () => this.controller.goTo(id, Infinity), {
        "aria-pressed": String(k === branch),
      });
      if (k !== branch) go.prepend(swatch(this.#colorOf(k)));
      const remove = k === 0 ? null : textButton("×", (event) => /** @type {MouseEvent} */ (event).detail < 2 && this.controller.removeBranch(id), { "aria-label": `Remove the branch ${text}`, title: "Remove this branch" });
      return element("span", { class: "branch-choice" }, go, remove);
    });
    const hadFocus = this.branches.contains(document.activeElement);
    this.branches.replaceChildren(element("span", { text: "Branches" }), ...buttons, labeled("Compare their losses", this.compares));
    if (hadFocus) /** @type {HTMLElement | null} */ (this.branches.querySelector('[aria-pressed="true"]'))?.focus();
  }
}

/**
 * @param {number} branch
 * @param {number} firstStep
 */
function titleOf(branch, firstStep) {
  return branch ? `from step ${grouped(firstStep)}` : "as it began";
}

/**
 * A branch next to the one that is shown: the settings that differ, in words.
 * @param {Frame} frame
 * @param {number} branch
 */
function comparison({ branches, branch: shown }, branch) {
  const { settings, change, firstStep } = branches[branch];
  const [values, others] = [settings, branches[shown].settings].map((each) => /** @type {Record<string, any>} */ (each));
  const names = Object.keys(FIELDS).filter((name) => values[name] !== others[name]);
  const differences = names.map((name) => `${inWords(name, values[name])} (shown: ${valueInWords(name, others[name])})`);
  const words = differences.join(", ") || change || "the same settings";
  return `${titleOf(branch, firstStep)}: ${words}`;
}
