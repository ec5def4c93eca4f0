import { rgb } from "../core/colors.js";
import { element } from "../core/elements.js";
import { grouped, percent, shownOf, signed } from "../core/words.js";
import { image as imageOf, sampleButton } from "./card.js";
import { sumByColumn } from "../network/preparing.js";
import { unitSum } from "../network/unit_sum.js";

/** Maximum number of classes whose probability is shown. */
const CLASSES = 6;

/** Maximum number of units named in the reasons. */
const REASONS = 6;

/** Maximum number of the user's columns named in the reasons. */
const MOST_COLUMNS = 8;

/** A layer with more units than this is shown by its strongest ones. */
const MOST_UNITS = 4096;

/** @type {WeakMap<HTMLElement, { layer: string, unit: number }>} The unit that a person looks at, in each place. */
const chosenUnits = new WeakMap();

/**
 * The path of one sample through the model: what it looks like, the units that fired layer by layer, the probabilities,
 * and why this class and not its label or, if it is right, the runner-up.
 * @param {import("./explorer.js").Parts} parts
 * @param {import("./model.js").PageModel} model
 * @param {ArrayLike<number>} input raw values
 * @param {HTMLElement} host gets it in place of what it has
 * @param {{ image?: HTMLCanvasElement | null, cellOf?: (column: string) => string, label?: number | null }} [options]
 *   `cellOf` is the value of a column of the user's data in words, `label` the class of the sample
 * @returns {Map<string, Float32Array>} the outputs of all layers
 */
export function showPath(parts, model, input, host, { image = null, cellOf = () => "", label = null } = {}) {
  const { samples } = parts;
  const raw = /** @type {Float32Array} */ (input);
  const { outputs, probabilities } = model.network.forward(raw);
  const reasons = model.explainer.explain(raw, label);
  const names = samples.columns.get("label")?.names ?? [];
  const steps = [image ? step("Input", image) : null];
  for (const { name, title } of samples.record.layers) {
    const activations = outputs.get(name);
    if (!activations || name === model.network.spec.output) continue;
    const choose = (/** @type {number} */ unit) => {
      chosenUnits.set(host, { layer: name, unit });
      showChosen();
    };
    steps.push(layerStep(title, activations, { contributions: reasons?.contributions.get(name) ?? null, choose }));
  }
  steps.push(step("Probabilities", bars(probabilities, names)));
  if (reasons) {
    const columns = columnContributions(samples, model, reasons.inputs);
    const named = columns.map(({ column, value }) => ({ name: [column, cellOf(column)].join(" ").trim(), value }));
    steps.push(reasonStep(model, reasons, names, { image, columns: named, label }));
  }
  host.replaceChildren(...steps.filter((each) => each !== null));
  const showChosen = () => {
    host.querySelector(".unit-step")?.remove();
    const chosen = chosenUnits.get(host);
    const made = chosen && unitStep(parts, model, input, { ...chosen, image: (values) => inputImage(values, image, "Weight times pixel") });
    if (made) host.append(made);
  };
  showChosen();
  return outputs;
}

/**
 * @param {string} title
 * @param {...(Node | null)} content
 */
function step(title, ...content) {
  return element("figure", { class: "step" }, element("figcaption", { text: title }), ...content);
}

/**
 * The units of a layer as a square of cells, the darker the stronger it fires. One of them can be looked at.
 * @param {string} title
 * @param {Float32Array} activations
 * @param {{ contributions: Float32Array | null, choose: (unit: number) => void }} about
 */
function layerStep(title, activations, { contributions, choose }) {
  const shown = activations.subarray(0, MOST_UNITS);
  const columns = Math.ceil(Math.sqrt(shown.length));
  const active = shown.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
  const words = `${grouped(active)} of ${grouped(shown.length)} units above 0`;
  const canvas = unitsCanvas(shown, { width: columns, height: Math.ceil(shown.length / columns), label: `${title}: ${words}` });
  const caption = element("p", { text: words });
  const unitAt = (/** @type {MouseEvent} */ { clientX, clientY }) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return Math.floor(((clientY - top) / height) * canvas.height) * columns + Math.floor(((clientX - left) / width) * columns);
  };
  canvas.addEventListener("pointermove", (event) => {
    const unit = unitAt(event);
    if (unit >= shown.length) return;
    const adds = contributions ? `, adds ${contributions[unit].toFixed(2)}` : "";
    caption.textContent = `unit ${unit}: ${shown[unit].toPrecision(3)}${adds}`;
  });
  canvas.addEventListener("pointerleave", () => (caption.textContent = words));
  const field = element("input", { type: "number", min: 0, max: activations.length - 1, step: 1 });
  field.addEventListener("change", () => field.validity.valid && field.value && choose(Number(field.value)));
  canvas.addEventListener("click", (event) => {
    const unit = unitAt(event);
    if (unit >= shown.length) return;
    field.value = String(unit);
    choose(unit);
  });
  return step(title, canvas, caption, element("label", { class: "unit-choice", title: "Click on a unit, or type its number, to see its sum" }, "Look at unit ", field));
}

/**
 * Numbers as an image: in one color above 0 and in another below, the stronger the larger.
 * @param {Float32Array} values row by row
 * @param {{ width: number, height: number, label: string }} options
 */
export function unitsCanvas(values, { width, height, label }) {
  const canvas = element("canvas", { class: "units", role: "img", "aria-label": label, width, height });
  requestAnimationFrame(() => paintUnits(canvas, values)); // once it is in the page, which has the colors
  return canvas;
}

/**
 * @param {HTMLCanvasElement} canvas in the page, as large as there are numbers
 * @param {Float32Array} values
 */
function paintUnits(canvas, values) {
  if (!canvas.isConnected) return; // a later drawing has replaced it
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(canvas.width, canvas.height);
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-9);
  const style = getComputedStyle(canvas);
  const [above, below] = ["--above", "--below"].map((name) => rgb(style.getPropertyValue(name).trim()));
  values.forEach((value, unit) => {
    image.data.set([...(value >= 0 ? above : below), 255 * Math.sqrt(Math.abs(value) / most)], 4 * unit);
  });
  pen.putImageData(image, 0, 0);
}

/**
 * The largest probabilities as bars.
 * @param {Float32Array} probabilities
 * @param {string[]} names
 */
function bars(probabilities, names) {
  const order = [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one]);
  const list = element("ol", { class: "probabilities" });
  for (const k of order.slice(0, CLASSES)) {
    const bar = element("span", { class: "bar-fill", "aria-hidden": "true" });
    bar.style.width = percent(probabilities[k]);
    list.append(
      element(
        "li",
        {},
        element("span", { class: "bar-name", text: names[k] ?? String(k) }),
        element("span", { class: "bar-place" }, bar),
        element("span", { class: "bar-value", text: percent(probabilities[k]) }),
      ),
    );
  }
  return list;
}

/**
 * What each column of the user's data contributes; nothing where samples have no columns.
 * @param {import("./samples.js").Samples} samples
 * @param {import("./model.js").PageModel} model
 * @param {Float32Array} inputs what each input contributes
 * @returns {{ column: string, value: number }[]}
 */
function columnContributions(samples, model, inputs) {
  if (model.preparation) return sumByColumn(model.preparation, inputs);
  // of an array, a column is an input; the page may not hold all of them
  const own = [...samples.columns.values()].filter(({ key }) => /^column\d+$/.test(key));
  return own.length === inputs.length ? own.map(({ title }, k) => ({ column: title, value: inputs[k] })) : [];
}

/**
 * Why the winner and not another class: the columns of the user's data, or the pixels, and the units of the last hidden
 * layer that are evidence for either.
 * @param {import("./model.js").PageModel} model
 * @param {import("../network/explaining.js").NetworkExplanation} reasons
 * @param {string[]} names
 * @param {{ image: HTMLCanvasElement | null, columns: Contribution[], label: number | null }} shown
 */
function reasonStep(model, reasons, names, { image, columns, label }) {
  const { hidden } = model.network.spec;
  const units = reasons.contributions.get(hidden);
  const [winner, other] = [reasons.winner, reasons.other].map((k) => names[k] ?? String(k));
  const ofUnits = Array.from(units ?? [], (value, unit) => ({ name: `unit ${unit} of ${hidden}`, value }));
  const sum = `The logit of ${winner} (the score before softmax) is ${reasons.difference.toFixed(2)} higher than the logit of ${other}. This is how it adds up:`;
  return step(
    `Why ${winner} and not ${other}${reasons.other === label ? ", its label" : ""}`,
    element("p", { text: sum }),
    inputImage(reasons.inputs, image, "What each pixel contributes"),
    columns.length ? largest(columns, MOST_COLUMNS, reasons.offsets.get("")) : null,
    columns.length ? element("p", { text: "The same difference by units:" }) : null,
    largest(ofUnits, REASONS, reasons.offsets.get(hidden)),
  );
}

/** @typedef {{ name: string, value: number }} Contribution */

/**
 * The largest contributions, whatever their sign, and the sum of the rest, so that the lines add up.
 * @param {Contribution[]} contributions
 * @param {number} count
 * @param {number} [biases] what the biases of all later layers add
 */
function largest(contributions, count, biases = 0) {
  const sorted = [...contributions].sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
  const order = sorted.splice(0, shownOf(sorted.length, count));
  if (sorted.length) order.push({ name: `${sorted.length} more`, value: sorted.reduce((sum, { value }) => sum + value, 0) });
  if (Math.abs(biases) >= 0.005) order.push({ name: "biases", value: biases });
  const item = (/** @type {Contribution} */ { name, value }) => element("li", { class: value >= 0 ? "above" : "below", text: `${name}: ${signed(value)}` });
  return element("ul", { class: "reasons" }, ...order.map(item));
}

/**
 * A number for each pixel, in all of its colors together; nothing where samples are no images of this size.
 * @param {Float32Array} inputs
 * @param {HTMLCanvasElement | null} image
 * @param {string} label
 */
function inputImage(inputs, image, label) {
  const pixels = image ? image.width * image.height : 0;
  if (!image || (inputs.length !== pixels && inputs.length !== 3 * pixels)) return null;
  const channels = inputs.length / pixels;
  const sums = Float32Array.from({ length: pixels }, (_, k) => {
    let sum = 0;
    for (let j = 0; j < channels; j++) sum += inputs[channels * k + j];
    return sum;
  });
  return unitsCanvas(sums, { width: image.width, height: image.height, label });
}

/**
 * The path of the pinned sample, below the map.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeSamplePath(parts) {
  const { store, samples } = parts;
  const title = element("h3", {});
  const steps = element("div", { class: "steps" });
  const host = element("div", { class: "sample-path", hidden: true }, title, steps);
  const show = () => {
    const { pinned, model } = store.state;
    host.hidden = pinned < 0 || !model;
    if (pinned < 0 || !model) return;
    const { epochs, kept } = samples.record;
    title.textContent = `${samples.names[pinned]}: path through the model (after epoch ${epochs[kept]})`;
    const image = imageOf(samples, pinned, "card-image");
    const own = new Map([...samples.columns.values()].filter((column) => column.own).map(({ key, title }) => [title, key]));
    const cellOf = (/** @type {string} */ column) => {
      const key = own.get(column);
      if (key === undefined) return ""; // the page holds the first columns only
      const text = samples.text(key, pinned, kept);
      return ["", "–"].includes(text) ? "not known" : text;
    };
    const label = samples.columns.has("label") ? samples.values("label", kept)[pinned] : null;
    showPath(parts, model, model.input(pinned), steps, { image, cellOf, label });
  };
  store.watch(["pinned", "model"], show);
  parts.ready.addEventListener("scheme", show);
  return host;
}

/** Products and edges that are named. */
const NAMED = 5;

/** Samples that activate a unit most, of those that the page holds. */
const TOP = 6;

/**
 * The sum of one unit, written out: products, bias, activation function, what it passes on, and what activates it most.
 * @param {import("./explorer.js").Parts} parts
 * @param {import("./model.js").PageModel} model
 * @param {ArrayLike<number>} input raw values
 * @param {{ layer: string, unit: number, image: (values: Float32Array) => HTMLElement | null }} chosen `image` shows
 *   numbers of the pixels, where inputs are those
 * @returns {HTMLElement | null} null where the unit has no such sum
 */
function unitStep(parts, model, input, { layer, unit, image }) {
  const found = unitSum(model.network, /** @type {Float32Array} */ (input), layer, unit);
  if (!found) return null;
  const { source, inputs, weights, products, above, below, bias, sum, activation, output, edges } = found;
  const fromInput = source === model.network.spec.input.name;
  const shown = fromInput ? image(products) : null;
  const order = [...products.keys()].sort((one, other) => Math.abs(products[other]) - Math.abs(products[one])).slice(0, NAMED);
  const about = (/** @type {number} */ k) => `${fromInput ? `input ${k + 1}` : `unit ${k} of ${source}`}: ${number(inputs[k])} × ${number(weights[k])} = ${number(products[k])}`;
  const top = element("div", { class: "samples" });
  void showTop(parts, layer, unit, top);
  return element(
    "figure",
    { class: "step unit-step", "aria-live": "polite" },
    element("figcaption", { text: `Unit ${unit} of ${layer}, number by number` }),
    shown && element("div", { class: "unit-products" }, shown, element("p", { text: "Weight × pixel: above 0 it raises the unit's sum, below 0 it lowers it. A pixel that is 0 adds nothing." })),
    shown ? null : element("ul", { class: "reasons" }, ...order.map((k) => element("li", { text: about(k) }))),
    element("p", { text: `All ${products.length} products: ${number(above)} above 0 and ${number(below)} below, together ${number(above + below)}.` }),
    element("p", { text: `With the bias of ${number(bias)} the sum is ${number(sum)}, and ${activation}(${number(sum)}) = ${number(output)}.` }),
    edges.length && output ? element("p", { text: `It passes on most to ${edges.slice(0, NAMED).map(({ layer: to, unit: k, value }) => `unit ${k} of ${to} (${signed(value)})`).join(", ")}.` }) : null,
    edges.length && !output ? element("p", { text: "Its output is 0, so it passes on nothing." }) : null,
    top,
  );
}

/** @param {number} value */
function number(value) {
  return value.toFixed(2).replace("-", "−");
}

/**
 * Show the samples of the page that activate a unit most, where it knows them.
 * @param {import("./explorer.js").Parts} parts
 * @param {string} layer
 * @param {number} unit
 * @param {HTMLElement} host
 */
async function showTop({ samples, ...parts }, layer, unit, host) {
  const units = samples.record.layers.find(({ name }) => name === layer)?.units;
  if (!units) return;
  const top = /** @type {Int32Array} */ (await samples.bundle.array(units.arrays.top));
  const known = Array.from(top.subarray(units.examples * unit, units.examples * (unit + 1))).filter((index) => index >= 0);
  if (!known.length) return;
  const buttons = known.slice(0, TOP).map((index) => sampleButton({ samples, ...parts }, index, parts.store.state.epochShown));
  host.replaceChildren(element("p", { text: "These samples activate it most:" }), ...buttons);
}
