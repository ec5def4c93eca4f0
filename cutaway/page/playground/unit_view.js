// The numbers of one unit for one sample: the forward and the backward pass, written out.

import { barStrip } from "../core/charts.js";
import { element, tableHead, textButton } from "../core/elements.js";
import { shownOf } from "../core/words.js";
import { inputName, outputName } from "./data_sets.js";
import { layersOf } from "./dense_network.js";

/** @typedef {import("./controller.js").Controller} Controller */

/** Inputs of a unit that are listed: those that add the most to its sum. */
const MAX_LISTED = 12;

/** @param {number} value */
export function short(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const text = size !== 0 && (size < 0.001 || size >= 10000) ? value.toExponential(1) : value.toFixed(size < 0.1 ? 4 : 2);
  return text.replace("-", "−");
}

/**
 * @typedef {object} UnitNumbers
 * @property {string} about
 * @property {[string, string][]} forward Formulas, each with what it means.
 * @property {[string, string][]} backward
 * @property {{ input: number | null, x: number, w: number, gradient: number }[]} weights The last one is the bias.
 * @property {boolean} isOff
 */

/** Shows the numbers of the unit that is chosen. Its controls stay usable while numbers change. */
export class UnitView {
  /**
   * @param {HTMLElement} host
   * @param {Controller} controller
   */
  constructor(host, controller) {
    this.controller = controller;
    this.title = element("h3");
    this.off = textButton("Switch this unit off", () => controller.switchUnit(controller.state.selected));
    this.isDrawn = element("input", { type: "checkbox", onchange: () => this.show() });
    this.choice = element("label", { class: "shows" }, this.isDrawn, "Show the digit that you drew");
    this.about = element("p", { class: "hint" });
    this.forward = element("div");
    this.backward = element("div");
    this.rows = element("tbody");
    /** What the rows were made for. */
    this.made = "";
    /** @type {UnitNumbers["weights"]} */
    this.weights = [];
    const table = element("table", {}, tableHead(["Input", "x", "Weight", "Weight × x", "∂L/∂w (batch)"]), this.rows);
    host.append(
      element("div", { class: "unit-head" }, this.title, this.off),
      this.choice,
      this.about,
      element("h4", { text: "Forward" }),
      this.forward,
      element("h4", { text: "Backward" }),
      this.backward,
      element("h4", { text: "Weights" }),
      element("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": "Weights of the unit" }, table),
    );
  }

  show() {
    const { selected, settings, parts, drawn } = this.controller.state;
    const { layer, unit } = selected;
    const isOutput = layer === settings.hidden.length;
    this.choice.hidden = !drawn || settings.data !== "digits";
    const numbers = numbersOf(this.controller, this.choice.hidden || !this.isDrawn.checked ? null : drawn);
    this.title.textContent = isOutput ? outputName(parts.train, unit) : `Hidden layer ${layer + 1}, unit ${unit + 1}`;
    this.off.hidden = isOutput;
    this.off.setAttribute("aria-pressed", String(numbers.isOff));
    this.about.textContent = numbers.about;
    for (const [host, formulas] of /** @type {const} */ ([[this.forward, numbers.forward], [this.backward, numbers.backward]])) {
      host.replaceChildren(
        ...formulas.map(([text, about]) => element("p", { class: "formula" }, element("code", { text }), element("span", { text: about }))),
      );
    }
    this.#showWeights(numbers.weights);
  }

  /** @param {UnitNumbers["weights"]} weights */
  #showWeights(weights) {
    this.weights = weights;
    const { selected: { layer, unit }, parts } = this.controller.state;
    const made = JSON.stringify([layer, unit, weights.map(({ input }) => input), parts.train.inputNames]);
    if (made !== this.made) this.rows.replaceChildren(...weights.map(({ input }) => this.#row(input)));
    this.made = made;
    weights.forEach(({ x, w, gradient }, k) => {
      const [, xCell, , productCell, gradientCell] = this.rows.rows[k].cells;
      xCell.textContent = short(x);
      productCell.textContent = short(w * x);
      gradientCell.textContent = short(gradient);
      const field = this.rows.rows[k].querySelector("input");
      if (field && field !== document.activeElement) field.value = w.toFixed(3); // a person may be typing
    });
  }

  /** @param {number | null} input null for the bias. */
  #row(input) {
    const onchange = (/** @type {Event} */ event) => {
      const field = /** @type {HTMLInputElement} */ (event.target);
      const { layer, unit } = this.controller.state.selected;
      const given = Number(field.value);
      const isSet = field.value.trim() && Number.isFinite(given) && this.controller.setWeight({ layer, input, unit, value: given });
      if (!isSet) field.value = this.weights.find((each) => each.input === input)?.w.toFixed(3) ?? "";
    };
    const { selected, parts } = this.controller.state;
    const name = input === null ? "bias" : selected.layer ? String(input + 1) : inputName(parts.train, input);
    const label = input === null ? "Bias" : `Weight of input ${name}`;
    const field = element("input", { type: "number", step: "0.1", "aria-label": label, onchange });
    return element("tr", {}, element("td", { text: name }), element("td"), element("td", {}, field), element("td"), element("td"));
  }
}

/**
 * @param {Controller} controller
 * @param {Float32Array | null} drawn In place of a sample of the next batch.
 * @returns {UnitNumbers}
 */
function numbersOf(controller, drawn) {
  const { selected, row, frame, settings, parts } = controller.state;
  const { layer, unit } = selected;
  const training = controller.mirror();
  const loss = training.look();
  const { network } = training;
  const rows = training.nextRows();
  const at = drawn ? 0 : Math.min(row, rows.length - 1);
  if (drawn) network.predict(drawn, 1);
  const { inputs, units, kernel, bias } = network.layers[layer];
  const [values, gradients] = [network.values[layer], network.gradients[layer]];
  const below = layer ? network.values[layer - 1].outputs : (drawn ?? training.batch.x);
  const place = at * units + unit;
  const weights = Array.from({ length: inputs }, (_, input) => ({
    input,
    x: below[at * inputs + input],
    w: kernel[input * units + unit],
    gradient: gradients.kernel[input * units + unit],
  }));
  const size = (/** @type {{ x: number, w: number }} */ { x, w }) => Math.abs(x * w);
  const few = shownOf(inputs, MAX_LISTED);
  const listed = inputs > few ? weights.toSorted((p, q) => size(q) - size(p)).slice(0, few) : weights;
  const terms = listed.map(({ x, w }) => `${short(w)}·${short(x)}`).join(" + ");
  const more = inputs > few ? ` + … (${inputs - few} more)` : "";
  const z = values.sums[place];
  const unitValues = { z, a: values.outputs[place], delta: values.gradient[place], gate: values.gates ? values.gates[place] : 1 };
  const isOff = Boolean(frame?.off[layer]?.[unit]);
  const isOutput = layer === network.layers.length - 1;
  const target = parts.train.y[rows[at]];
  const passes = isOutput
    ? outputFormulas(unitValues, { batch: rows.length, target, unit, outputs: network.values[layer].outputs.subarray(at * units, (at + 1) * units), parts, settings })
    : hiddenFormulas(unitValues, { network, layer, unit, at, isOff, activation: settings.activation });
  return {
    about: drawn
      ? "The digit that you drew. ∂L/∂w is of the next batch."
      : `Sample ${at + 1} of the next batch of ${rows.length}. Mean loss of the batch: ${short(loss)}.`,
    forward: [[`z = ${terms}${more} + ${short(bias[unit])} = ${short(z)}`, "The weighted sum of the inputs, and the bias."], ...passes.forward],
    backward: drawn ? [["–", "What you drew has no label, so it has no loss to go back from."]] : passes.backward,
    weights: [...listed, { input: null, x: 1, w: bias[unit], gradient: gradients.bias[unit] }],
    isOff,
  };
}

/**
 * @typedef {{ z: number, a: number, delta: number, gate: number }} UnitValues `delta`: ∂L/∂z. `gate`: what dropout multiplies by.
 * @typedef {{ forward: [string, string][], backward: [string, string][] }} Formulas
 */

/**
 * @param {UnitValues} values
 * @param {{ network: import("./dense_network.js").DenseNetwork, layer: number, unit: number, at: number, isOff: boolean, activation: string }} place
 * @returns {Formulas}
 */
function hiddenFormulas({ z, a, delta, gate }, { network, layer, unit, at, isOff, activation }) {
  const next = network.layers[layer + 1];
  const above = network.values[layer + 1].gradient;
  let sum = 0;
  const terms = Array.from({ length: next.units }, (_, k) => {
    const [w, given] = [next.kernel[unit * next.units + k], above[at * next.units + k]];
    sum += w * given;
    return `${short(w)}·${short(given)}`;
  });
  const shown = terms.length > MAX_LISTED / 2 ? [...terms.slice(0, MAX_LISTED / 2), "…"] : terms;
  const dropped = gate === 1 ? "" : ` · ${short(gate)}`;
  const why = gate === 0 ? "Dropout leaves this unit out for this sample." : "Dropout makes the units that stay larger.";
  const about = isOff ? "This unit is switched off." : dropped ? why : "The activation of the sum: the output of the unit.";
  return {
    forward: [[`a = ${activation}(z)${dropped} = ${short(a)}`, about]],
    backward: [
      [`∂L/∂a = ${shown.join(" + ")} = ${short(sum)}`, "What the next layer hands back: its weights times its own ∂L/∂z."],
      [`∂L/∂z = ∂L/∂a · ${activation}′(z)${dropped} = ${short(delta)}`, `Times the slope of the activation at ${short(z)}: 0 for a ReLU that does not fire.`],
    ],
  };
}

/**
 * @param {UnitValues} values
 * @param {{ batch: number, target: number, unit: number, outputs: Float32Array, parts: import("./controller.js").State["parts"], settings: import("./session.js").Settings }} about
 * @returns {Formulas}
 */
function outputFormulas({ z, a, delta }, { batch, target, unit, outputs, parts, settings }) {
  if (parts.train.isRegression) {
    const text = `∂L/∂z = 2 (z − y) / ${batch} = 2 (${short(z)} − ${short(target)}) / ${batch} = ${short(delta)}`;
    return { forward: [], backward: [[text, "Of the squared error, as a mean over the batch."]] };
  }
  const forward = /** @type {[string, string][]} */ ([[`p = softmax(z) = ${short(a)}`, `The probability of class ${parts.train.classNames[unit]}, one of ${outputs.length}.`]]);
  if (settings.loss !== "categorical_crossentropy") {
    return { forward, backward: [[`∂L/∂z = ${short(delta)}`, "Of the squared error of the probabilities, through the softmax."]] };
  }
  const hit = target === unit ? 1 : 0;
  const isBounded = delta === 0 && a !== hit;
  if (isBounded) return { forward, backward: [["∂L/∂z = 0", "The probability of the true class is 0 or 1 but for 0.0000001: there Keras gives a sample no gradient."]] };
  const text = `∂L/∂z = (p − y) / ${batch} = (${short(a)} − ${hit}) / ${batch} = ${short(delta)}`;
  return { forward, backward: [[text, "Predicted minus true, as a mean over the batch."]] };
}

const BINS = 31;
const [WIDTH, HEIGHT] = [150, 44];

/**
 * @param {HTMLElement} host
 * @param {import("./controller.js").State} state
 */
export function showHistograms(host, { frame, settings, parts }) {
  if (!frame) return;
  const sizes = [parts.train.inputs, ...settings.hidden, parts.train.outputs];
  const gradients = layersOf(sizes, frame.gradient);
  const rows = layersOf(sizes, frame.parameters).map(({ kernel }, k) => {
    const name = k < settings.hidden.length ? `Hidden ${k + 1}` : "Output";
    return element("div", { class: "histogram-row" }, element("strong", { text: name }), histogram("weights", kernel), histogram("gradient", gradients[k].kernel));
  });
  host.replaceChildren(...rows);
}

/**
 * @param {string} name
 * @param {Float32Array} values
 */
function histogram(name, values) {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const counts = new Array(BINS).fill(0);
  for (const value of values) {
    const share = largest ? (value / largest + 1) / 2 : 0.5;
    if (Number.isFinite(share)) counts[Math.min(BINS - 1, Math.floor(share * BINS))]++;
  }
  const words = `${name} from ${short(-largest)} to ${short(largest)}`;
  const picture = barStrip(counts, { width: WIDTH, height: HEIGHT }, { "aria-label": words, class: name });
  return element("figure", {}, picture, element("figcaption", { text: words }));
}
