import { Chart, colored, roundTicks, spaced } from "./core/charts.js";
import { element } from "./core/elements.js";

/** @typedef {{ label: string, isPercent: boolean, isWhole: boolean }} AxisRecord */

/**
 * A panel as Python declares it; see `cutaway.plots.Panel`.
 * @typedef {{ title: string, x: AxisRecord & { isLog: boolean, ticks: [number, string][] }, y: AxisRecord & { ends: number[] },
 *   curves: import("./core/charts.js").Curve[], marks: { x: number, words: string, dash: string }[], diagonal: boolean, sharesX: boolean }} PanelRecord
 */

/** @typedef {{ name: string, panels: PanelRecord[], isSmall: boolean }} FigureRecord of panels side by side, small ones on cards */

const [HEIGHT, SMALL_HEIGHT] = [300, 180];

/** Digits after the point, and digits of numbers that would have none then. */
const NUMBER = { maximumFractionDigits: 4, maximumSignificantDigits: 3, roundingPriority: "morePrecision" };
const SHARE = { style: "percent", maximumFractionDigits: 2 };

/** A panel, with a legend above it, and the values of the points that are pointed at beside them. */
class PanelChart extends Chart {
  /**
   * @param {PanelRecord} panel
   * @param {number} height
   */
  constructor(panel, height) {
    super(height);
    this.panel = panel;
    const { title, marks, curves, x, y } = panel;
    this.tip = element("div", { class: "curves-tip", hidden: true });
    const keys = curves.filter(({ name }) => name).map((curve) => colored(element("span", { class: keyClass(curve), text: curve.name }), curve.color));
    const heading = [title ? element("strong", { text: title }) : null, keys.length ? element("p", { class: "curves-readout" }, ...keys) : null];
    const caption = element("figcaption", {}, ...heading, ...marks.map(({ words }) => element("p", { class: "curves-mark", text: words })));
    this.element.append(caption, this.picture, this.tip);
    this.picture.setAttribute("aria-label", `${title || y.label} by ${x.label}: ${curves.map((curve) => this.#inWords(curve)).join("; ")}`);
    this.draw({ ...panel, x: this.#xAxis(), y: this.#yAxis(), isByX: panel.sharesX });
  }

  /** @returns {import("./core/charts.js").Axis} */
  #xAxis() {
    const { curves, x, diagonal } = this.panel;
    const values = [...curves.flatMap(({ points, bars = 0 }) => points.flatMap(([each]) => (bars ? [each - bars / 2, each + bars / 2] : each))), ...x.ticks.map(([tick]) => tick), ...(diagonal ? [0, 1] : [])];
    let [low, high] = x.isLog ? spaced(values.map(Math.log), 0.05).map(Math.exp) : spaced(values, curves.some(({ bars }) => bars) ? 0 : 0.05);
    // single epochs need room
    if (x.isWhole) [low, high] = [Math.min(low, Math.min(...values) - 0.5), Math.max(high, Math.max(...values) + 0.5)];
    const ticks = (/** @type {number} */ room) => roundTicks(low, high, Math.max(2, Math.min(8, room / 40)), x.isWhole).map(written(x));
    return { low, high, ticks: x.ticks.length ? () => x.ticks : ticks, isLog: x.isLog, label: x.label };
  }

  /** @returns {import("./core/charts.js").Axis} */
  #yAxis() {
    const { curves, y, diagonal } = this.panel;
    const values = curves.flatMap(({ points, spans = [] }) => [...points.map((point) => point[1]), ...spans.flat()]).filter((each) => each !== null);
    const isOfBars = curves.some(({ bars }) => bars);
    let [low, high] = spaced([...values, ...y.ends, ...(diagonal ? [0, 1] : []), ...(isOfBars ? [0] : [])], 0.05);
    if (isOfBars) low = Math.max(low, Math.min(0, ...values)); // bars stand on the axis
    return { low, high, ticks: () => roundTicks(low, high, this.height / 50, y.isWhole).map(written(y)), label: y.label };
  }

  /**
   * Where a curve begins and ends, for those who do not see it.
   * @param {import("./core/charts.js").Curve} curve
   */
  #inWords({ name, points }) {
    const [first, last] = [points[0], points.at(-1)].map((point) => point && `${this.#write("y", point[1])} at ${this.#write("x", point[0])}`);
    return `${name || this.panel.y.label} ${points.length > 1 ? `from ${first} to ${last}` : (first ?? "without a point")}`;
  }

  /**
   * @param {"x" | "y"} axis
   * @param {number | null} value
   */
  #write(axis, value) {
    const named = axis === "x" && this.panel.x.ticks.find(([tick]) => tick === value);
    return value === null ? "–" : named ? named[1] : written(this.panel[axis])(value)[1];
  }

  /**
   * @param {import("./core/charts.js").Reading[] | null} readings
   * @param {[number, number]} [place]
   */
  say(readings, [left, top] = [0, 0]) {
    this.tip.hidden = !readings;
    const read = (readings ?? []).filter(({ point }) => point);
    if (!read.length) return;
    const { x, y } = this.panel;
    const at = /** @type {[number, number]} */ (read[0].point)[0];
    const lines = read.map(({ curve, point, span }) => {
      const range = span && span[0] !== null ? ` (${this.#write("y", span[0])} to ${this.#write("y", span[1])})` : "";
      return colored(element("p", { class: keyClass(curve), text: `${curve.name || y.label} ${this.#write("y", point?.[1] ?? null)}${range}` }), curve.color);
    });
    const heading = `${x.label} ${this.#write("x", at)}`;
    this.tip.replaceChildren(element("p", {}, element("strong", { text: heading })), ...lines);
    const { offsetWidth, offsetHeight } = this.tip;
    const inside = this.element.clientWidth - offsetWidth;
    this.tip.style.left = `${Math.max(0, left + 12 > inside ? Math.min(inside, left - 12 - offsetWidth) : left + 12)}px`;
    this.tip.style.bottom = `${Math.max(0, Math.min(this.height - offsetHeight, this.height - top + 8))}px`;
  }
}

/** @param {import("./core/charts.js").Curve} curve */
function keyClass({ hasLine, dashed }) {
  return `key${hasLine ? (dashed ? " dashed" : "") : " dot"}`;
}

/**
 * How values of an axis are written.
 * @param {AxisRecord} axis
 * @returns {(value: number) => [number, string]}
 */
function written({ isPercent }) {
  return (value) => [value, value.toLocaleString("en", /** @type {Intl.NumberFormatOptions} */ (isPercent ? SHARE : NUMBER))];
}

/**
 * Draw figures of sections that are in the page.
 * @param {FigureRecord[]} figures
 */
export function drawFigures(figures) {
  for (const { name, panels, isSmall } of figures) {
    const charts = panels.map((panel) => new PanelChart(panel, isSmall ? SMALL_HEIGHT : HEIGHT));
    document.getElementById(`${name}-figure`)?.replaceChildren(...charts.map((chart) => chart.element));
  }
}
