/** Charts of the page, as SVG. */

import { element } from "./elements.js";

/** The height of a chart with axes, and the space around its lines, in CSS pixels. */
const HEIGHT = 190;
const MARGIN = { left: 46, right: 12, top: 10, bottom: 24 };

/**
 * Make an element of a chart.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...(Element | string)} children
 * @returns {SVGElement}
 */
export function svgElement(tag, attributes, ...children) {
  const made = /** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/**
 * A line through points.
 * @param {number[][]} points x and y of each
 * @param {Record<string, string | number>} [attributes]
 */
export function polyline(points, attributes = {}) {
  const places = points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`);
  return svgElement("polyline", { ...attributes, points: places.join(" ") });
}

/**
 * A small chart without axes: lines over values at equal distances. One value alone is a dot, by the round end of its line.
 * @param {{ values: (number | null)[], name: string }[]} lines null where there is no value; the name is the class
 * @param {{ width: number, height: number, margin?: number, low: number, high: number }} frame margin: around the
 *   lines; low and high: the values at its bottom and its top
 * @param {Record<string, string | number>} attributes
 */
export function sparkline(lines, { width, height, margin = 0, low, high }, attributes) {
  const drawn = lines.flatMap(({ values, name }) => {
    const points = values.flatMap((value, k) => {
      if (value === null) return [];
      const along = values.length === 1 ? 0.5 : k / (values.length - 1);
      const down = high === low ? 0.5 : (high - value) / (high - low);
      return [[margin + along * (width - 2 * margin), margin + down * (height - 2 * margin)]];
    });
    if (points.length === 1) points.push(points[0]);
    return points.length ? [polyline(points, { class: name })] : [];
  });
  return svgElement("svg", { ...attributes, viewBox: `0 0 ${width} ${height}` }, ...drawn);
}

/**
 * A line of a chart.
 * @typedef {{ name: string, tone: "one" | "two" | "before" | "branch", color?: string, points: [number, number][], dot?: [number, number] | null }} Curve
 *   color: where the tone has none; points: x and y, x ascending; dot: where it is now, which may be before the last of them
 */

/**
 * Round numbers between two, at most about `most` of them, with the smallest step of 1, 2 or 5 times a power of ten first.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 * @param {boolean} [whole]
 */
function roundTicks(low, high, most, whole = false) {
  const span = high - low;
  if (!(span > 0 && span < Infinity)) return [low];
  let step = 10 ** Math.floor(Math.log10(span / most));
  for (const factor of [1, 2, 5, 10]) {
    if (span / (step * factor) <= most) {
      step *= factor;
      break;
    }
  }
  if (whole) step = Math.max(1, Math.round(step));
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(k * step);
  return ticks;
}

/** A number with two digits after the point at most. */
const shortNumber = (/** @type {number} */ value) => String(Number(value.toFixed(2)));

/** A chart of lines over epochs, or steps, that draws itself as they grow. */
export class CurveChart {
  /** @type {Curve[]} */
  #curves = [];
  #last = 1;
  #width = 0;

  /**
   * @param {string} title
   * @param {(value: number) => string} write how a value is written
   * @param {"epoch" | "step"} [unit] of x
   */
  constructor(title, write, unit = "epoch") {
    this.title = title;
    this.write = write;
    this.unit = unit;
    this.picture = svgElement("svg", { role: "img", class: "curves-picture" });
    this.readout = element("p", { class: "curves-readout" });
    this.element = element(
      "figure",
      { class: "curves" },
      element("figcaption", {}, element("strong", { text: title }), this.readout),
    );
    this.element.append(this.picture);
    new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.#draw();
    }).observe(this.element);
    this.picture.addEventListener("pointermove", (event) => this.#point(/** @type {PointerEvent} */ (event)));
    this.picture.addEventListener("pointerleave", () => this.#say(null));
  }

  /**
   * @param {Curve[]} curves
   * @param {number} last the epoch at the right end
   */
  show(curves, last) {
    this.#curves = curves;
    this.#last = Math.max(last, 1);
    this.#draw();
    this.#say(null);
  }

  /** @returns {{ x: (epoch: number) => number, y: (value: number) => number, low: number, high: number }} */
  get #scales() {
    const values = this.#curves.flatMap(({ points, dot }) => withDot(points, dot).map(([, y]) => y));
    let low = Math.min(...values);
    let high = Math.max(...values);
    if (!values.length) [low, high] = [0, 1];
    // values that differ by their last digits alone are one value
    const isSpread = high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high));
    const space = (isSpread ? high - low : Math.abs(high) || 1) * 0.06;
    [low, high] = [low - space, high + space];
    const { left, right, top, bottom } = MARGIN;
    return {
      low,
      high,
      x: (epoch) => left + (epoch / this.#last) * (this.#width - left - right),
      y: (value) => HEIGHT - bottom - ((value - low) / (high - low)) * (HEIGHT - top - bottom),
    };
  }

  #draw() {
    if (this.#width < 40) return;
    const { x, y, low, high } = this.#scales;
    this.picture.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    const parts = [];
    for (const tick of roundTicks(low, high, 4)) {
      const place = y(tick);
      parts.push(svgElement("line", { class: "grid", x1: MARGIN.left, x2: this.#width - MARGIN.right, y1: place, y2: place }));
      parts.push(svgElement("text", { x: MARGIN.left - 6, y: place + 4, "text-anchor": "end" }, this.write(tick)));
    }
    for (const tick of roundTicks(0, this.#last, Math.max(2, Math.min(8, this.#width / 70)), true)) {
      parts.push(svgElement("text", { x: x(tick), y: HEIGHT - 6, "text-anchor": "middle" }, String(tick)));
    }
    for (const { points, tone, color, dot } of this.#curves) {
      const path = withDot(points, dot).map(([epoch, value]) => [x(epoch), y(value)]);
      parts.push(colored(polyline(path, { class: `curve ${tone}` }), color));
      const end = dot ?? points.at(-1);
      if (end) parts.push(colored(svgElement("circle", { class: `end ${tone}`, cx: x(end[0]), cy: y(end[1]), r: dot ? 3 : 3.5 }), color));
    }
    this.picture.replaceChildren(...parts);
  }

  /** @param {PointerEvent} event */
  #point({ clientX }) {
    const { left, width } = this.picture.getBoundingClientRect();
    const part = ((clientX - left) / width) * this.#width - MARGIN.left;
    const pointed = (part / (this.#width - MARGIN.left - MARGIN.right)) * this.#last;
    const [first, ...others] = (this.#curves[0]?.points ?? []).map(([epoch]) => epoch);
    const nearer = (/** @type {number} */ a, /** @type {number} */ b) => (Math.abs(b - pointed) < Math.abs(a - pointed) ? b : a);
    this.#say(first === undefined ? null : others.reduce(nearer, first));
  }

  /** @param {number | null} epoch of which values are read; the last one if null */
  #say(epoch) {
    const nearest = (/** @type {Curve | undefined} */ curve) =>
      epoch === null ? (curve?.dot ?? curve?.points.at(-1)) : curve?.points.find(([each]) => each === epoch);
    const at = nearest(this.#curves[0])?.[0];
    const words = this.#curves.map((curve) => {
      const found = nearest(curve);
      const text = `${curve.name} ${found ? this.write(found[1]) : "-"}`;
      return colored(element("span", { class: `key ${curve.tone}`, text }), curve.color);
    });
    this.readout.replaceChildren(...words, at === undefined ? "" : element("span", { text: `${this.unit} ${shortNumber(at)}` }));
    const spoken = words.map((each) => each.textContent).join(", ");
    this.picture.setAttribute("aria-label", `${this.title} by ${this.unit}: ${spoken}${at === undefined ? "" : ` after ${this.unit} ${shortNumber(at)}`}`);
  }
}

/**
 * @template {HTMLElement | SVGElement} Part
 * @param {Part} part Of a curve, or its key.
 * @param {string} [color]
 */
function colored(part, color) {
  if (color) part.style.setProperty("--curve", color);
  return part;
}

/**
 * The points of a curve with the one where it is now among them.
 * @param {[number, number][]} points
 * @param {[number, number] | null} [dot]
 */
function withDot(points, dot) {
  return dot ? [...points, dot].sort(([one], [other]) => one - other) : points;
}
