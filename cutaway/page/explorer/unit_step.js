import { element } from "../core/elements.js";
import { signed } from "../core/words.js";
import { unitSum } from "../network/unit_sum.js";
import { sampleButton } from "./card.js";

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
export function unitStep(parts, model, input, { layer, unit, image }) {
  const found = unitSum(model.network, /** @type {Float32Array} */ (input), layer, unit);
  if (!found) return null;
  const { source, inputs, weights, products, above, below, bias, sum, activation, output, edges } = found;
  const fromInput = source === model.network.spec.input.name;
  const shown = fromInput ? image(products) : null;
  const order = [...products.keys()].sort((one, other) => Math.abs(products[other]) - Math.abs(products[one])).slice(0, NAMED);
  const about = (/** @type {number} */ k) => `${fromInput ? `input ${k}` : `unit ${k} of ${source}`}: ${number(inputs[k])} × ${number(weights[k])} = ${number(products[k])}`;
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
