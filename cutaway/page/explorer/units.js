import { choice, element, labeled, textButton } from "../core/elements.js";
import { counted, percent, shownOf, signed } from "../core/words.js";
import { sampleButton } from "./card.js";
import { unitsCanvas } from "./sample_path.js";

/** Units that are added at a time: layers of thousands stay quick. */
const SHOWN = 48;

/** Activations are computed of at most this many samples: 10,000 of MNIST take 3 seconds. */
const MOST_ACTIVATIONS = 20_000;

/** What units are sorted by, the largest first. */
const SORTS = /** @type {const} */ ([
  ["cost", "Ablation cost"],
  ["selectivity", "Selectivity"],
  ["firing", "Share of samples"],
  ["unit", "Number"],
]);

/**
 * The units of the layer that is shown: their weights, what activates them most, what the model loses without them.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeUnits(parts) {
  const { store, samples } = parts;
  const summary = element("summary", {});
  const body = element("div", { class: "units-body" });
  const host = element("details", { class: "units-panel", hidden: true }, summary, body);
  let shown = -1;
  const show = async () => {
    const { layer } = store.state;
    if (!host.open || shown === layer) return;
    shown = layer;
    const view = await UnitView.load(parts, layer);
    if (store.state.layer === layer) body.replaceChildren(view.host);
  };
  host.addEventListener("toggle", show);
  store.watch(["layer"], ({ layer }) => {
    const { title, units } = samples.record.layers[layer];
    host.hidden = !units;
    summary.textContent = `What the units of ${title} look for`;
    if (units) void show();
  });
  return host;
}

/**
 * What the loss and the accuracy are without a unit.
 * @param {Record<string, ArrayLike<number>>} arrays
 * @param {number} unit
 * @param {string[]} names of the classes
 */
function costInWords({ cost, error, measurable, accuracy, affected, affected_accuracy: lost }, unit, names) {
  if (!measurable[unit]) return "No measurable cost";
  const points = (/** @type {number} */ share) => share ? `${signed(-100 * share)} points` : "unchanged";
  const about = error[unit] > 0 ? ` (standard error ${error[unit].toPrecision(2)})` : "";
  const most = lost[unit] > 0 ? `, for ${names[affected[unit]] ?? "–"} ${points(lost[unit])}` : "";
  return `Without it: loss ${signed(cost[unit], (size) => size.toPrecision(2))}${about}; accuracy ${points(accuracy[unit])}${most}`;
}

/** The units of one layer, as cards that can be sorted. */
class UnitView {
  /** @type {number[]} */
  #order = [];
  #count = 0;

  /**
   * @param {import("./explorer.js").Parts} parts
   * @param {number} layer
   * @param {Record<string, any>} arrays
   * @param {string[]} inputs what each unit follows, in words; empty where inputs have no names
   */
  constructor(parts, layer, arrays, inputs) {
    this.parts = parts;
    this.layer = layer;
    this.arrays = arrays;
    this.inputs = inputs;
    const record = /** @type {import("./samples.js").UnitRecord} */ (parts.samples.record.layers[layer].units);
    this.examples = record.examples;
    this.size = record.images;
    const sort = choice(SORTS, { onchange: () => this.#sort(/** @type {any} */ (sort.value)) });
    this.grid = element("ul", { class: "unit-cards" });
    this.more = element("button", { type: "button", onclick: () => this.#showMore() });
    this.colors = Boolean(parts.samples.record.network) && parts.samples.count <= MOST_ACTIVATIONS;
    this.about = `${record.note}${this.colors ? " A click on the name of a unit colors the map by its activation after this epoch." : ""}`;
    this.note = element("p", { class: "hint", text: this.about, "aria-live": "polite" });
    this.host = element("div", {}, element("div", { class: "toolbar" }, labeled("Sort by", sort)), this.note, this.grid, this.more);
    this.#sort("cost");
  }

  /**
   * @param {import("./explorer.js").Parts} parts
   * @param {number} layer
   */
  static async load(parts, layer) {
    const { record, bundle } = parts.samples;
    const units = /** @type {import("./samples.js").UnitRecord} */ (record.layers[layer].units);
    /** @type {Record<string, any>} */
    const arrays = {};
    for (const [key, array] of Object.entries(units.arrays)) arrays[key] = await bundle.array(array);
    if (units.images) arrays.images = await bundle.array(units.images.array);
    const inputs = units.inputs === null ? [] : await bundle.texts(units.inputs);
    return new UnitView(parts, layer, arrays, inputs);
  }

  /** @param {"cost" | "selectivity" | "firing" | "unit"} by */
  #sort(by) {
    const { cost, measurable } = this.arrays;
    const order = [...cost.keys()];
    const value = (/** @type {number} */ unit) => {
      if (by === "unit") return -unit;
      // units whose cost is not measurable are neither needed nor harmful
      if (by === "cost") return (measurable[unit] ? 1e9 * Math.sign(cost[unit]) : 0) + cost[unit];
      return Number.isNaN(this.arrays[by][unit]) ? -Infinity : this.arrays[by][unit];
    };
    this.#order = order.sort((one, other) => value(other) - value(one) || one - other);
    this.#count = 0;
    this.grid.replaceChildren();
    this.#showMore();
  }

  #showMore() {
    const next = this.#order.slice(this.#count).slice(0, shownOf(this.#order.length - this.#count, SHOWN));
    this.#count += next.length;
    this.grid.append(...next.map((unit) => this.#card(unit)));
    const left = this.#order.length - this.#count;
    this.more.hidden = !left;
    this.more.textContent = `Show ${Math.min(SHOWN, left)} more of ${counted(left, "unit")}`;
  }

  /** @param {number} unit */
  #card(unit) {
    const { parts, arrays } = this;
    const { firing, selectivity, preferred, similar, similarity, top } = arrays;
    const names = parts.samples.columns.get("label")?.names ?? [];
    const follows = this.inputs[unit];
    const selective = Number.isNaN(selectivity[unit]) ? "" : `, selectivity ${selectivity[unit].toFixed(2)}`;
    const fires = firing[unit] > 0 ? `Fires for ${percent(firing[unit], 0)}, most for ${names[preferred[unit]] ?? "–"}` : "Fires for no sample";
    const samples = Array.from(top.subarray(this.examples * unit, this.examples * (unit + 1))).filter((index) => index >= 0);
    return element(
      "li",
      {},
      textButton(`Unit ${unit}`, () => this.#colorBy(unit), {
        class: "unit-title",
        title: this.colors ? "Color the map by the activation of this unit" : null,
        disabled: !this.colors,
      }),
      this.#weights(unit),
      follows ? element("p", { class: "unit-inputs", text: follows, title: "Correlation of its activation with these inputs" }) : null,
      element("p", { text: `${fires}${selective}` }),
      element("p", { text: costInWords(arrays, unit, names) }),
      similar[unit] < 0 ? null : element("p", { text: `Most similar: unit ${similar[unit]}, correlation ${similarity[unit].toFixed(2)}` }),
      element("div", { class: "samples" }, ...samples.map((index) => sampleButton(parts, index, parts.store.state.epochShown))),
    );
  }

  /** @param {number} unit */
  #weights(unit) {
    if (!this.size) return null;
    const { width, height } = this.size;
    const pixels = width * height;
    const weights = Float32Array.from(this.arrays.images.subarray(pixels * unit, pixels * (unit + 1)));
    return unitsCanvas(weights, { width, height, label: `Incoming weights of unit ${unit}` });
  }

  /**
   * Color the map by the activation of a unit, which the page computes for all samples.
   * @param {number} unit
   */
  async #colorBy(unit) {
    const { samples, store } = this.parts;
    const { model } = store.state;
    const { name, title } = samples.record.layers[this.layer];
    if (!model || !this.colors) return;
    const onProgress = (/** @type {number} */ done, /** @type {number} */ all) => {
      this.note.textContent = done < all ? `Activations of ${title}: ${percent(done / all, 0)}` : this.about;
    };
    const rows = /** @type {Float32Array | Uint8Array} */ (model.inputs);
    const activations = await model.activations(name, rows, onProgress);
    const units = activations.length / samples.count;
    const values = Float32Array.from({ length: samples.count }, (_, index) => activations[units * index + unit]);
    const column = { key: "unit", title: `Unit ${unit} of ${title}`, kind: /** @type {const} */ ("number"), values: [], names: [], palette: /** @type {const} */ (""), own: true };
    samples.add(column, values);
    store.set({ color: "" });
    store.set({ color: "unit", off: [] });
  }
}
