import { element, percent } from "../core/elements.js";

/** Classes whose probability is shown at most. */
const CLASSES = 6;

/** Units that are named in the reasons at most. */
const REASONS = 6;

/** A layer with more units than this is shown by its strongest ones. */
const MOST_UNITS = 4096;

/**
 * The way of one sample through the model: what it looks like, the units that fired layer by layer, the probabilities,
 * and why this class and not the runner-up.
 * @param {import("./explorer.js").Parts} parts
 * @param {import("./model.js").PageModel} model
 * @param {ArrayLike<number>} input raw values
 * @param {HTMLElement} host gets it in place of what it has
 * @param {{ picture?: HTMLCanvasElement | null }} [options]
 * @returns {Map<string, Float32Array>} the outputs of all layers
 */
export function showWay(parts, model, input, host, { picture = null } = {}) {
  const { samples } = parts;
  const raw = /** @type {Float32Array} */ (input);
  const { outputs, probabilities } = model.network.forward(raw);
  const reasons = model.explainer.explain(raw);
  const names = samples.columns.get("label")?.names ?? [];
  const steps = [picture ? step("Input", picture) : null];
  for (const { name, title } of samples.record.layers) {
    const activations = outputs.get(name);
    if (!activations || name === model.network.spec.output) continue;
    steps.push(layerStep(title, activations, reasons?.contributions.get(name) ?? null));
  }
  steps.push(step("Probabilities", bars(probabilities, names)));
  if (reasons) steps.push(reasonStep(model, reasons, names, picture));
  host.replaceChildren(...steps.filter((each) => each !== null));
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
 * The units of a layer as a square of cells, the darker the stronger it fires.
 * @param {string} title
 * @param {Float32Array} activations
 * @param {Float32Array | null} contributions
 */
function layerStep(title, activations, contributions) {
  const shown = activations.subarray(0, MOST_UNITS);
  const columns = Math.ceil(Math.sqrt(shown.length));
  const canvas = element("canvas", { class: "units", role: "img" });
  const active = shown.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
  const words = `${active.toLocaleString("en")} of ${shown.length.toLocaleString("en")} units above 0`;
  canvas.setAttribute("aria-label", `${title}: ${words}`);
  [canvas.width, canvas.height] = [columns, Math.ceil(shown.length / columns)];
  requestAnimationFrame(() => paintUnits(canvas, shown));
  const said = element("p", { text: words });
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const unit = Math.floor((y / box.height) * canvas.height) * columns + Math.floor((x / box.width) * columns);
    if (unit >= shown.length) return;
    const adds = contributions ? `, adds ${contributions[unit].toFixed(2)}` : "";
    said.textContent = `unit ${unit}: ${shown[unit].toPrecision(3)}${adds}`;
  });
  canvas.addEventListener("pointerleave", () => (said.textContent = words));
  return step(title, canvas, said);
}

/**
 * Paint numbers, in one color above 0 and another below, the stronger the larger.
 * @param {HTMLCanvasElement} canvas in the page, as large as there are numbers
 * @param {Float32Array} values
 */
export function paintUnits(canvas, values) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(canvas.width, canvas.height);
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-9);
  const style = getComputedStyle(canvas);
  const [above, below] = [style.getPropertyValue("--above"), style.getPropertyValue("--below")].map(hexColor);
  values.forEach((value, unit) => {
    image.data.set([...(value >= 0 ? above : below), 255 * Math.sqrt(Math.abs(value) / most)], 4 * unit);
  });
  pen.putImageData(image, 0, 0);
}

/**
 * @param {string} hex such as "#3f90da"
 * @returns {number[]}
 */
function hexColor(hex) {
  const value = Number.parseInt(hex.trim().slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
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
 * Why the winner and not the runner-up: the units of the last hidden layer that spoke for either, and the inputs.
 * @param {import("./model.js").PageModel} model
 * @param {import("../network/explaining.js").NetworkExplanation} reasons
 * @param {string[]} names
 * @param {HTMLCanvasElement | null} picture
 */
function reasonStep(model, reasons, names, picture) {
  const { hidden } = model.network.spec;
  const units = reasons.contributions.get(hidden);
  const [winner, other] = [reasons.winner, reasons.runnerUp].map((k) => names[k] ?? String(k));
  const list = element("ul", { class: "reasons" });
  const order = [...(units ?? []).keys()].sort((a, b) => Math.abs(units?.[b] ?? 0) - Math.abs(units?.[a] ?? 0));
  for (const unit of order.slice(0, REASONS)) {
    const value = units?.[unit] ?? 0;
    list.append(
      element("li", { class: value >= 0 ? "above" : "below", text: `unit ${unit} of ${hidden}: ${signed(value)}` }),
    );
  }
  const sum = `The logit of ${winner} is ${reasons.difference.toFixed(2)} above that of ${other}. Of that:`;
  return step(`Why ${winner} and not ${other}`, element("p", { text: sum }), inputPicture(reasons.inputs, picture), list);
}

/** @param {number} value */
function signed(value) {
  return `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(2)}`;
}

/**
 * What each pixel contributes; nothing where samples are no gray pictures.
 * @param {Float32Array} inputs
 * @param {HTMLCanvasElement | null} picture
 */
function inputPicture(inputs, picture) {
  if (!picture || picture.width * picture.height !== inputs.length) return null;
  const canvas = element("canvas", { class: "units", role: "img", "aria-label": "What each pixel contributes" });
  [canvas.width, canvas.height] = [picture.width, picture.height];
  requestAnimationFrame(() => paintUnits(canvas, inputs));
  return canvas;
}

/**
 * The way of the pinned sample, below the map.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeWay(parts) {
  const { store, samples } = parts;
  const title = element("h3", {});
  const steps = element("div", { class: "steps" });
  const host = element("div", { class: "way", hidden: true }, title, steps);
  const show = () => {
    const { pinned, model } = store.state;
    host.hidden = pinned < 0 || !model;
    if (pinned < 0 || !model) return;
    const { epochs, kept } = samples.record;
    title.textContent = `${samples.names[pinned]} on its way through the model (after epoch ${epochs[kept]})`;
    const picture = samples.pictures ? parts.picture(pinned, "card-picture") : null;
    showWay(parts, model, model.input(pinned), steps, { picture });
  };
  store.watch(["pinned", "model"], show);
  parts.ready.addEventListener("scheme", show);
  return host;
}
