import { sparkline, svgElement } from "../core/charts.js";
import { element } from "../core/elements.js";
import { inNextFrame } from "../core/timing.js";
import { percent } from "../core/words.js";
import { CanvasPainter } from "../map/canvas_painter.js";
import { paintRing } from "../map/overlay.js";
import { STEPS, View } from "../map/view.js";
import { pointStyle } from "./samples.js";
import { placeOf } from "./new_sample.js";

/** The size of a curve in units of its own, which are stretched to the width of its layer. */
const CURVE = { width: 100, height: 30 };

/**
 * The layers side by side, from the inputs to the classes: a small map of each, and what it knows through the epochs. A
 * click shows a layer in the large map.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeLayerMaps(parts) {
  const { store, samples } = parts;
  const { layers, epochs } = samples.record;
  const list = element("ol", { class: "layer-maps", "aria-label": "Layers" });
  for (const [layer, { title, detail, measures }] of layers.entries()) {
    const map = new SmallMap(parts, layer);
    const button = element(
      "button",
      { type: "button", onclick: () => store.set({ layer }), "aria-label": `Show the map of ${title}` },
      element("span", { class: "layer-title", text: title }),
      map.canvas,
    );
    const curves = measures.map((measure) => makeCurve(measure, epochs.length));
    const item = element("li", {}, button, element("p", { class: "layer-detail", text: detail }), ...curves.map((c) => c.host));
    list.append(item);
    store.watch(["layer"], (state) => button.setAttribute("aria-pressed", String(state.layer === layer)));
    store.watch(["epoch"], ({ epoch }) => curves.forEach((curve) => curve.show(epoch)));
  }
  return list;
}

/** A map of a layer without gestures, painted without WebGL, since a page has only 16 contexts. */
class SmallMap {
  #paintSoon = inNextFrame(() => this.#paint());

  /**
   * @param {import("./explorer.js").Parts} parts
   * @param {number} layer
   */
  constructor({ store, samples, layouts, shared, ready, ended }, layer) {
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.painter = new CanvasPainter(this.canvas);
    this.view = new View();
    this.layer = layer;
    this.layouts = layouts;
    this.shared = shared;
    this.count = samples.count;
    this.store = store;
    this.visible = true;
    const resizing = new ResizeObserver(() => this.repaint());
    const showing = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
      this.repaint();
    });
    for (const observer of [resizing, showing]) {
      observer.observe(this.canvas);
      ended.addEventListener("abort", () => observer.disconnect());
    }
    store.watch(["epoch", "painted", "selection", "pinned", "newSample"], () => this.repaint());
    ready.addEventListener("layout", () => this.repaint());
  }

  repaint() {
    if (this.visible) this.#paintSoon();
  }

  #paint() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const { epoch, selection, pinned } = this.store.state;
    const { a, b, t } = this.layouts.place(this.layer, epoch);
    const [A, B] = [a, b].map((key) => this.layouts.loaded.get(key));
    if (!width || !A || !B) return;
    const size = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== size[0] || this.canvas.height !== size[1]) [this.canvas.width, this.canvas.height] = size;
    this.view.resize(width, height, ratio);
    this.view.reset();
    this.painter.layout(a, A);
    this.painter.layout(b, B);
    this.painter.look(this.shared());
    const { size: diameter, alpha } = pointStyle(this.count);
    const style = { size: 0.55 * diameter, alpha, dim: 0.1, count: this.count, selected: selection.length };
    this.painter.paint({ a, b, t, view: this.view, ...style });
    this.painter.drop(a);
    this.painter.drop(b);
    const place = (/** @type {number} */ index) =>
      [2 * index, 2 * index + 1].map((k) => (A[k] + (B[k] - A[k]) * t) / STEPS);
    if (pinned >= 0) this.#mark(place(pinned), 5);
    const nearest = this.store.state.newSample?.get(this.layer);
    if (nearest) this.#mark(placeOf(nearest, place), 3);
  }

  /**
   * @param {number[]} place data coordinates
   * @param {number} radius
   */
  #mark([x, y], radius) {
    const { pen } = this.painter;
    const { ratio } = this.view;
    const { color: ink, backgroundColor: paper } = getComputedStyle(this.canvas);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintRing(pen, this.view.toScreen(x, y), radius, { ink, paper, halo: 4 });
    pen.setTransform(1, 0, 0, 1, 0, 0);
  }
}

/** What the measures of a layer are. */
const MEANINGS = new Map([
  ["Probe accuracy", "How often a linear classifier, fitted to the activations of the layer, is right"],
  ["Zeros", "The share of activations that are 0"],
]);

/**
 * A measure of a layer through the epochs, between 0 and 1, with a mark at the epoch shown.
 * @param {{ title: string, values: (number | null)[] }} measure
 * @param {number} epochs
 */
function makeCurve({ title, values }, epochs) {
  const value = element("span", { class: "curve-value" });
  const host = element("div", { class: "curve" }, element("p", {}, element("span", { text: title, title: MEANINGS.get(title) }), value));
  const x = (/** @type {number} */ epoch) => (epochs > 1 ? (CURVE.width * epoch) / (epochs - 1) : CURVE.width / 2);
  const mark = svgElement("line", { y1: 0, y2: CURVE.height });
  if (values.filter((each) => each !== null).length > 1) {
    const frame = { ...CURVE, low: 0, high: 1 };
    const svg = sparkline([{ values, name: "" }], frame, { preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.prepend(mark);
    host.append(svg);
  }
  const show = (/** @type {number} */ epoch) => {
    const now = values[Math.min(values.length - 1, Math.round(epoch))] ?? null;
    value.textContent = now === null ? "–" : percent(now);
    mark.setAttribute("x1", String(x(epoch)));
    mark.setAttribute("x2", String(x(epoch)));
  };
  return { host, show };
}
