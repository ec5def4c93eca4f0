// The numbers of one unit for one sample: the forward and the backward pass, written out.

import { element, textButton } from "../core/elements.js";

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
 * @param {HTMLElement} host
 * @param {Controller} controller
 */
export function showUnit(host, controller) {
  const { selected, row, frame, settings, parts } = controller.state;
  const field = host.contains(document.activeElement) ? document.activeElement : null;
  if (!frame || (field instanceof HTMLInputElement && field.value !== field.defaultValue)) return; // a person is typing
  const { layer, unit } = selected;
  const training = controller.mirror();
  const loss = training.look();
  const { network } = training;
  const count = training.nextRows().length;
  const at = Math.min(row, count - 1);
  const { inputs, units, kernel, bias } = network.layers[layer];
  const values = network.values[layer];
  const below = layer ? network.values[layer - 1].outputs : training.x;
  const isOutput = layer === network.layers.length - 1;
  const place = at * units + unit;
  const [z, a, delta] = [values.sums[place], values.outputs[place], values.gradient[place]];
  const isOff = Boolean(frame.off[layer]?.[unit]);

  const rows = Array.from({ length: inputs }, (_, input) => {
    const [x, w] = [below[at * inputs + input], kernel[input * units + unit]];
    return { input, x, w, product: x * w, gradient: network.gradients[layer].kernel[input * units + unit] };
  });
  const listed = rows.length > MAX_LISTED ? rows.toSorted((p, q) => Math.abs(q.product) - Math.abs(p.product)).slice(0, MAX_LISTED) : rows;
  const line = (/** @type {string} */ text, /** @type {string} */ about) =>
    element("p", { class: "formula" }, element("code", { text }), element("span", { text: about }));

  const terms = listed.map(({ x, w }) => `${short(w)}·${short(x)}`).join(" + ");
  const more = rows.length > listed.length ? ` + … (${rows.length - listed.length} more)` : "";
  const outputs = network.sizes[network.sizes.length - 1];
  const target = parts.train.y[training.nextRows()[at]];
  const forward = [line(`z = ${terms}${more} + ${short(bias[unit])} = ${short(z)}`, "The weighted sum of the inputs, and the bias.")];
  const backward = [];
  if (!isOutput) {
    forward.push(line(`a = ${settings.activation}(z) = ${short(a)}`, isOff ? "This unit is switched off." : "The activation of the sum: the output of the unit."));
    const next = network.layers[layer + 1];
    const above = network.values[layer + 1].gradient;
    const parts = Array.from({ length: Math.min(next.units, 6) }, (_, k) => `${short(next.kernel[unit * next.units + k])}·${short(above[at * next.units + k])}`);
    let sum = 0;
    for (let k = 0; k < next.units; k++) sum += next.kernel[unit * next.units + k] * above[at * next.units + k];
    backward.push(line(`∂L/∂a = ${parts.join(" + ")}${next.units > 6 ? " + …" : ""} = ${short(sum)}`, "What the next layer hands back: its weights times its own ∂L/∂z."));
    backward.push(line(`∂L/∂z = ∂L/∂a · ${settings.activation}′(z) = ${short(delta)}`, "Times the slope of the activation: 0 for a ReLU that does not fire."));
  } else if (parts.train.isFunction) {
    backward.push(line(`∂L/∂z = 2 (z − y) / ${count} = 2 (${short(z)} − ${short(target)}) / ${count} = ${short(delta)}`, "Of the squared error, as a mean over the batch."));
  } else {
    forward.push(line(`p = softmax(z) = ${short(a)}`, `The probability of class ${parts.train.classNames[unit]}, among ${outputs}.`));
    const hit = target === unit ? 1 : 0;
    const isCross = settings.loss === "categorical_crossentropy";
    const text = isCross ? `∂L/∂z = (p − y) / ${count} = (${short(a)} − ${hit}) / ${count} = ${short(delta)}` : `∂L/∂z = ${short(delta)}`;
    backward.push(line(text, isCross ? "Predicted minus true, as a mean over the batch." : "Of the squared error, through the softmax."));
  }
  const title = isOutput ? `Output ${unit}` : `Hidden layer ${layer + 1}, unit ${unit + 1}`;
  const change = () => controller.switchUnit(selected);
  const off = isOutput ? null : textButton("Switched off", change, { "aria-pressed": String(isOff), "aria-label": "Switched off" });
  const head = element("div", { class: "unit-head" }, element("h3", { text: title }), off);
  const about = `Sample ${at + 1} of the next batch of ${count}. Mean loss of the batch: ${short(loss)}.`;
  host.replaceChildren(
    head,
    element("p", { class: "hint", text: about }),
    element("h4", { text: "Forward" }),
    ...forward,
    element("h4", { text: "Backward" }),
    ...backward,
    element("h4", { text: "Weights" }),
    weightTable(controller, { listed, bias: bias[unit], biasGradient: network.gradients[layer].bias[unit] }),
  );
  const name = field?.getAttribute("aria-label");
  if (name) /** @type {HTMLElement | null} */ (host.querySelector(`[aria-label="${name}"]`))?.focus();
}

/**
 * @param {Controller} controller
 * @param {{ listed: { input: number, x: number, w: number, product: number, gradient: number }[], bias: number, biasGradient: number }} given
 */
function weightTable(controller, { listed, bias, biasGradient }) {
  const { layer, unit } = controller.state.selected;
  const cell = (/** @type {string} */ text) => element("td", { text });
  const weight = (/** @type {number | null} */ input, /** @type {number} */ value) => {
    const onchange = (/** @type {Event} */ event) => {
      const field = /** @type {HTMLInputElement} */ (event.target);
      const given = Number(field.value);
      field.defaultValue = field.value;
      if (field.value.trim() && Number.isFinite(given)) controller.setWeight({ layer, input, unit, value: given });
    };
    const label = input === null ? "Bias" : `Weight of input ${input + 1}`;
    const field = element("input", { type: "number", step: "0.1", value: value.toFixed(3), "aria-label": label, onchange });
    return element("td", {}, field);
  };
  const head = ["Input", "x", "Weight", "Weight × x", "∂L/∂w (batch)"].map((text) => element("th", { scope: "col", text }));
  const rows = listed.map(({ input, x, w, product, gradient }) =>
    element("tr", {}, cell(String(input + 1)), cell(short(x)), weight(input, w), cell(short(product)), cell(short(gradient))),
  );
  rows.push(element("tr", {}, cell("bias"), cell("1"), weight(null, bias), cell(short(bias)), cell(short(biasGradient))));
  return element("div", { class: "scrolls" }, element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
}
