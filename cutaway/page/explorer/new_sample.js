import { element } from "../core/elements.js";
import { grouped } from "../core/words.js";
import { imageCanvas } from "../map/images.js";
import { ColumnSliders } from "../network/column_sliders.js";
import { prepareDrawing } from "../network/drawing.js";
import { DrawingPad } from "../network/drawing_pad.js";
import { nearestRows, placeAmong } from "../network/placing.js";
import { prepareRow } from "../network/preparing.js";
import { AdversarialImage } from "./adversarial.js";
import { showPath } from "./sample_path.js";

/** Samples of the map among which the places of a new one are found. */
const PLACED_AMONG = 2000;

/** Training samples that are shown as the nearest. */
const NEAREST = 8;

/**
 * Where a person draws a picture, or sets the cells of a row, and sees what the model makes of it at every move: its
 * layers, its probabilities, its place in every map, and the nearest training samples.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeNewSample(parts) {
  const { store, samples } = parts;
  const { drawing, preparation } = samples.record.network ?? { drawing: null, preparation: null };
  const what = samples.columns.get("label")?.names.length === 10 && drawing?.centering ? "a digit" : "a picture";
  const text = drawing ? `Draw ${what} and watch the model` : "Change the values of a row and watch the model";
  // it has its place from the start: nothing moves when the model is there
  const host = element("details", { class: "new-sample", hidden: !(drawing || preparation) }, element("summary", { text }));
  let isMade = false;
  const make = () => {
    const { model, entered } = store.state;
    if (entered) host.open = true;
    if (isMade || !host.open || !model) return;
    isMade = true;
    new NewSample(parts, model, host);
  };
  host.addEventListener("toggle", make);
  store.watch(["model", "entered"], make);
  return host;
}

/**
 * Where something belongs on a map, among its nearest samples.
 * @param {{ index: number[], distance: ArrayLike<number> }} nearest
 * @param {(index: number) => number[]} place of a sample, data coordinates
 * @returns {[number, number]}
 */
export function placeOf({ index, distance }, place) {
  const xy = Float32Array.from(index.flatMap(place));
  return placeAmong(xy, { index: Int32Array.from(index.keys()), distance: Float32Array.from(distance) });
}

/** A sample that a person draws or enters, and what the model makes of it. */
class NewSample {
  /** @type {Map<number, { rows: Float32Array, indices: number[] }>} activations of samples of the map, by layer */
  #placed = new Map();
  /** @type {{ rows: Float32Array, names: string[], labels: Int32Array } | null} */
  #references = null;
  /** @type {import("../map/images.js").Images | null} */
  #images = null;
  /** @type {{ input: Float32Array, outputs: Map<string, Float32Array> } | null} the drawing or the entered row, and its layers */
  #shown = null;

  /**
   * @param {import("./explorer.js").Parts} parts
   * @param {import("./model.js").PageModel} model
   * @param {HTMLElement} host
   */
  constructor(parts, model, host) {
    this.parts = parts;
    this.model = model;
    this.steps = element("div", { class: "steps" });
    this.near = element("div", { class: "neighbors" });
    const controls = element("div", { class: "new-sample-controls" });
    host.append(element("div", { class: "new-sample-body" }, controls, element("div", {}, this.steps, this.near)));
    if (model.drawing) this.#draw(controls);
    else this.#enter(controls);
    void this.#prepare();
  }

  /** @param {HTMLElement} host */
  #draw(host) {
    const [height, width] = this.model.drawing.shape;
    /** @type {AdversarialImage | null} */
    let adversarial = null;
    const { store } = this.parts;
    const pad = new DrawingPad(host, {
      strokes: store.state.entered ?? [],
      aspect: width / height,
      penFollows: this.model.drawing.centering !== null,
      onStroke: (sheet) => {
        adversarial?.forget();
        store.set({ entered: pad.strokes });
        const { input, image, isEmpty } = prepareDrawing(this.model.drawing, sheet);
        if (isEmpty) this.#clear();
        else this.#show(input, image);
      },
    });
    store.set({ entered: pad.strokes });
    if (!this.model.explainer.isExact || this.model.drawing.shape.length !== 2) return; // no gradient, or colors
    const classes = this.parts.samples.columns.get("label")?.names ?? [];
    const show = (/** @type {Float32Array} */ input) => this.#show(input, this.#asImage(input));
    adversarial = new AdversarialImage(host, this.model, classes, { input: () => this.#shown?.input ?? null, show });
  }

  /**
   * Raw values as a gray image.
   * @param {Float32Array} input
   */
  #asImage(input) {
    const { shape: [height, width], scale } = this.model.drawing;
    return { values: Uint8Array.from(input, (value) => Math.round((255 * value) / scale)), width, height };
  }

  /** @param {HTMLElement} host */
  #enter(host) {
    const { store } = this.parts;
    const { entered } = store.state;
    const change = (/** @type {Record<string, any>} */ cells) => {
      store.set({ entered: cells });
      this.#show(prepareRow(this.model.preparation, cells), null);
    };
    const sliders = new ColumnSliders(host, this.model.preparation.controls, change);
    if (entered) sliders.write(entered);
    change(sliders.cells);
  }

  #clear() {
    this.#shown = null;
    this.steps.replaceChildren();
    this.near.replaceChildren();
    this.parts.store.set({ newSample: null });
  }

  /**
   * @param {Float32Array} input
   * @param {import("../network/resampling.js").GrayImage | null} image
   */
  #show(input, image) {
    const gray = image && { ...image, bytes: Uint8Array.from(image.values), channels: 1 };
    const shown = gray && imageCanvas(gray, 0, { kind: "card-image", label: "What the model gets" });
    this.#shown = { input, outputs: showPath(this.parts, this.model, input, this.steps, { image: shown }) };
    this.#place();
  }

  /** Compute the layers of the samples among which new ones are placed; the page stays usable. */
  async #prepare() {
    const { model, parts } = this;
    const { samples } = parts;
    const step = Math.max(1, Math.ceil(samples.count / PLACED_AMONG));
    const indices = samples.names.flatMap((_, index) => (index % step ? [] : [index]));
    const rows = this.#rows(indices);
    const { references } = samples.record;
    if (references) {
      const [names, labels, inputs, images] = await Promise.all([
        samples.bundle.texts(references.names),
        samples.bundle.array(references.labels),
        samples.bundle.array(references.inputs),
        references.images === null ? null : samples.bundle.array(references.images),
      ]);
      const { width, height, channels } = samples.images ?? { width: 0, height: 0, channels: 1 };
      this.#images = samples.images && { bytes: images ?? inputs, width, height, channels };
      const hidden = await model.network.forwardMany(inputs, { layer: model.network.spec.hidden });
      this.#references = { rows: hidden, names, labels };
      this.#place();
    }
    for (const [layer, { name }] of samples.record.layers.entries()) {
      const known = model.network.spec.layers.some((each) => each.name === name);
      if (!known && layer > 0) continue;
      const activations = known ? await model.network.forwardMany(rows, { layer: name }) : Float32Array.from(rows);
      this.#placed.set(layer, { rows: activations, indices });
      this.#place();
    }
  }

  /**
   * @param {number[]} indices
   * @returns {Float32Array | Uint8Array} raw samples, one after another
   */
  #rows(indices) {
    const { inputs, network } = this.model;
    const rows = /** @type {Float32Array | Uint8Array} */ (inputs.slice(0, indices.length * network.inputSize));
    indices.forEach((index, k) => rows.set(this.model.input(index), k * network.inputSize));
    return rows;
  }

  /** Find the nearest samples in every layer, whose places tell where the new one belongs. */
  #place() {
    if (!this.#shown) return;
    const { input, outputs } = this.#shown;
    const newSample = new Map();
    for (const [layer, { rows, indices }] of this.#placed) {
      const activations = outputs.get(this.parts.samples.record.layers[layer].name) ?? input;
      const { index, distance } = nearestRows(rows, activations);
      newSample.set(layer, { index: Array.from(index, (k) => indices[k]), distance });
    }
    this.parts.store.set({ newSample: newSample.size ? newSample : null });
    this.#showNearest(/** @type {Float32Array} */ (outputs.get(this.model.network.spec.hidden)));
  }

  /** @param {Float32Array} activations of the last hidden layer */
  #showNearest(activations) {
    if (!this.#references || !activations) return;
    const { rows, names, labels } = this.#references;
    const classes = this.parts.samples.columns.get("label")?.names ?? [];
    const { index } = nearestRows(rows, activations, NEAREST);
    const shown = Array.from(index, (k) => {
      const image = this.#images && imageCanvas(this.#images, k, { kind: "small-image", label: names[k] });
      const label = classes[labels[k]] ?? String(labels[k]);
      const text = this.#images ? label : `${names[k]} · ${label}`;
      return element("div", { class: "sample", title: `${names[k]}, labeled ${label}` }, image, element("span", { text }));
    });
    this.near.replaceChildren(
      element("h4", { text: `Nearest of ${grouped(names.length)} training samples` }),
      element("div", { class: "samples" }, ...shown),
    );
  }
}
