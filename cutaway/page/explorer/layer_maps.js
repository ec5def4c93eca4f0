import { polyline, sparkline, svgElement } from "../core/charts.js";
import { element } from "../core/elements.js";
import { inNextFrame } from "../core/timing.js";
import { percent } from "../core/words.js";
import { CanvasPainter } from "../map/canvas_painter.js";
import { placeBetween } from "../map/hit_test.js";
import { View } from "../map/view.js";
import { pointStyle } from "./samples.js";
import { placeOf } from "./new_sample.js";

/** The size of a curve in units of its own, which are stretched to the width of its layer. */
const CURVE = { width: 100, height: 30 };

/**
 * The layers side by side, from the inputs to the classes: a small map of each, and what it knows through the epochs. A
 * click shows a layer in the large map. A line joins the places of the pinned sample.
 * @param {import("./explorer.js").Parts} parts
 */
export function makeLayerMaps(parts) {
  const { store, samples, ready, ended } = parts;
  const { layers, epochs } = samples.record;
  const list = element("ol", { class: "layer-maps", "aria-label": "Layers" });
  const line = svgElement("svg", { class: "layer-line", "aria-hidden": "true" });
  const strip = element("div", { class: "layer-strip" }, list, line);
  const maps = layers.map((_, layer) => new SmallMap(parts, layer));
  for (const [layer, { title, detail, measures }] of layers.entries()) {
    const map = maps[layer];
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
  const follow = inNextFrame(() => {
    const { left, top } = strip.getBoundingClientRect();
    const { pinned, newSample } = store.state;
    const mark = (/** @type {number[]} */ [x, y], /** @type {number} */ r) => svgElement("circle", { cx: x - left, cy: y - top, r });
    const places = pinned < 0 ? [] : maps.flatMap((map) => map.inWindow((place) => place(pinned)));
    const others = maps.flatMap((map, layer) => {
      const nearest = newSample?.get(layer);
      return nearest ? map.inWindow((place) => placeOf(nearest, place)) : [];
    });
    const joined = polyline(places.map(([x, y]) => [x - left, y - top]));
    line.replaceChildren(joined, ...places.map((place) => mark(place, 5)), ...others.map((place) => mark(place, 3)));
  });
  store.watch(["pinned", "newSample", "epoch"], follow);
  ready.addEventListener("layout", follow);
  list.addEventListener("scroll", follow);
  const resizing = new ResizeObserver(follow);
  resizing.observe(list);
  ended.addEventListener("abort", () => resizing.disconnect());
  return strip;
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
    store.watch(["epoch", "painted", "selection"], () => this.repaint());
    ready.addEventListener("layout", () => this.repaint());
  }

  repaint() {
    if (this.visible) this.#paintSoon();
  }

  /** Fit the view to the canvas; null where there is nothing to show yet. */
  #fitted() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const keys = this.layouts.place(this.layer, this.store.state.epoch);
    const [a, b] = [keys.a, keys.b].map((key) => this.layouts.loaded.get(key));
    if (!width || !a || !b) return null;
    this.view.resize(width, height, devicePixelRatio || 1);
    this.view.reset();
    return { keys, a, b, t: keys.t };
  }

  /**
   * Where something is in the window, in CSS pixels; nothing before its layout is loaded.
   * @param {(place: (index: number) => [number, number]) => [number, number]} find computes its place from the places of samples
   */
  inWindow(find) {
    const fitted = this.#fitted();
    if (!fitted) return [];
    const { left, top } = this.canvas.getBoundingClientRect();
    const [x, y] = this.view.toScreen(...find((index) => placeBetween(fitted, index)));
    return [[left + x, top + y]];
  }

  #paint() {
    const fitted = this.#fitted();
    if (!fitted) return;
    const { canvas, painter, view, count } = this;
    const { width, height, ratio } = view;
    const { keys, a, b } = fitted;
    const sides = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== sides[0] || canvas.height !== sides[1]) [canvas.width, canvas.height] = sides;
    painter.layout(keys.a, a);
    painter.layout(keys.b, b);
    painter.look(this.shared());
    const { size, alpha } = pointStyle(count);
    painter.paint({ ...keys, view, size: 0.55 * size, alpha, count, ring: null });
    painter.drop(keys.a);
    painter.drop(keys.b);
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
