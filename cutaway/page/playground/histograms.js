// Histograms of the weights and of the gradients of each layer.

import { element } from "../core/elements.js";
import { barStrip } from "../core/charts.js";
import { short } from "./inspector.js";

const BINS = 31;
const [WIDTH, HEIGHT] = [150, 44];

/**
 * @param {HTMLElement} host
 * @param {import("./controller.js").State} state
 */
export function showHistograms(host, { frame, settings, parts }) {
  if (!frame) return;
  const sizes = [parts.train.inputs, ...settings.hidden, parts.train.outputs];
  let first = 0;
  const rows = sizes.slice(1).map((units, k) => {
    const size = (sizes[k] + 1) * units;
    const [weights, gradient] = [frame.parameters, frame.gradient].map((array) => array.subarray(first, first + size));
    first += size;
    const name = k < settings.hidden.length ? `Hidden ${k + 1}` : "Output";
    return element("div", { class: "histogram-row" }, element("strong", { text: name }), histogram("weights", weights), histogram("gradient", gradient));
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
  const picture = barStrip(counts.map((height) => ({ parts: [{ height }] })), { width: WIDTH, height: HEIGHT }, { "aria-label": words, class: name });
  const figure = element("figure", {}, element("figcaption", { text: words }));
  figure.prepend(picture);
  return figure;
}
