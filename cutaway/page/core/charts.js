/** Charts of the page, as SVG. */

import { element } from "./elements.js";
import { roundTicks } from "./words.js";

/** The space around the lines of a chart with axes, in CSS pixels: without and with the names of axes, and of a character. */
const MARGIN = { left: 46, right: 12, top: 10, bottom: 24 };
const NAME = 20;
const CHARACTER = 6.5;

/** The share of their distance that bars take, and the number of points from which on each is small. */
const [BAR, CROWD] = [0.88, 200];

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
 * @param {{ values: (number | null)[], name: string }[]} lines null if there is no value; the name is the class
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
 * A small chart without axes: bars side by side.
 * @param {number[]} heights in any unit
 * @param {{ width: number, height: number }} frame the highest bar fills it
 * @param {Record<string, string | number>} attributes
 */
export function barStrip(heights, { width, height }, attributes) {
  const highest = Math.max(...heights, 1);
  const step = width / heights.length;
  const drawn = heights.map((each, k) => {
    const high = (height * each) / highest;
    return svgElement("rect", { x: k * step, y: height - high, width: BAR * step, height: high });
  });
  return svgElement("svg", { ...attributes, viewBox: `0 0 ${width} ${height}`, role: "img" }, ...drawn);
}

/**
 * A line, points, or both.
 * @typedef {{ name: string, tone?: "one" | "two" | "before" | "branch", color?: string, points: [number, number | null][],
 *   spans?: [number | null, number | null][], hasLine?: boolean, hasPoints?: boolean, look?: string, dashed?: boolean, bars?: number, dot?: [number, number] | null }} Curve
 *   color: where the tone has none; points: x and y, null for a gap, x ascending; spans: ends of the interval of each
 *   point; look: class of its points; bars: the distance between bars, in units of x, 0 for no bars; dot: where the line is now, which may be before the last of its points
 */

/**
 * An axis: its ends, its ticks with their words, and its name.
 * @typedef {{ low: number, high: number, ticks: (room: number) => [number, string][], isLog?: boolean, label?: string }} Axis
 */

/**
 * What is drawn. isByX: whether the mouse points at values of x, which all curves have, and not at single points.
 * @typedef {{ curves: Curve[], x: Axis, y: Axis, marks?: { x: number, dash: string }[], diagonal?: boolean, isByX: boolean }} Drawing
 */

/** @typedef {{ curve: Curve, point: [number, number | null] | undefined, span?: [number | null, number | null] }} Reading */

/**
 * The ends of an axis that leaves some space around its numbers.
 * @param {number[]} values
 * @param {number} share of their extent that is left free on each side
 */
export function spaced(values, share) {
  if (!values.length) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // values that differ by their last digits alone are one value
  const isSpread = high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high));
  const space = (isSpread ? high - low : Math.abs(high) || 1) * share;
  return [low - space, high + space];
}

/** A number with up to two digits after the point. */
const shortNumber = (/** @type {number} */ value) => String(Number(value.toFixed(2)));

/** A chart with axes, as wide as its place, that knows which points the mouse is near. */
export class Chart {
  /** @type {Drawing | null} */
  #drawing = null;
  #width = 600;
  /** Where a value is, in CSS pixels. */
  #x = (/** @type {number} */ value) => value;
  #y = (/** @type {number} */ value) => value;

  /** @param {number} height in CSS pixels */
  constructor(height) {
    this.height = height;
    this.pointed = svgElement("g", { class: "pointed" });
    this.picture = svgElement("svg", { role: "img", class: "curves-picture", height });
    this.element = element("figure", { class: "curves" });
    new ResizeObserver(([{ contentRect: { width } }]) => {
      if (width < 40) return;
      this.#width = width;
      this.#draw();
    }).observe(this.element);
    for (const kind of ["pointermove", "click"]) this.picture.addEventListener(kind, (event) => this.#point(/** @type {PointerEvent} */ (event)));
    this.picture.addEventListener("pointerleave", () => this.#say(null));
  }

  /**
   * What the mouse points at, for those who extend this.
   * @param {Reading[] | null} readings of each curve; null where it points at nothing
   * @param {[number, number]} [place] of the point, in CSS pixels
   */
  say(readings, place) {}

  /** @param {Drawing} drawing */
  draw(drawing) {
    this.#drawing = drawing;
    this.#draw();
    this.#say(null);
  }

  #draw() {
    if (!this.#drawing) return;
    const { curves, x, y, marks = [], diagonal } = this.#drawing;
    const isOfBars = curves.every(({ bars }) => bars);
    const up = y.ticks(this.height);
    const left = y.label ? NAME + Math.max(MARGIN.left, 12 + CHARACTER * Math.max(...up.map(([, text]) => text.length))) : MARGIN.left;
    const right = this.#width - MARGIN.right;
    const along = x.ticks(right - left);
    const bottom = this.height - MARGIN.bottom - (x.label ? NAME : 0);
    this.#x = scale(x, left, right);
    this.#y = scale(y, bottom, MARGIN.top);
    /** @type {SVGElement[]} */
    const parts = [];
    for (const [tick, text] of up) {
      const place = this.#y(tick);
      parts.push(svgElement("line", { class: "grid", x1: left, x2: right, y1: place, y2: place }));
      parts.push(svgElement("text", { x: left - 6, y: place + 4, "text-anchor": "end" }, text));
    }
    for (const [tick, text] of apart(along, this.#x, right)) {
      const place = this.#x(tick);
      if (x.label && !isOfBars) parts.push(svgElement("line", { class: "grid", x1: place, x2: place, y1: MARGIN.top, y2: bottom }));
      parts.push(svgElement("text", { x: place, y: bottom + 18, "text-anchor": "middle" }, text));
    }
    const middle = (MARGIN.top + bottom) / 2;
    if (x.label) parts.push(svgElement("text", { class: "axis-name", x: (left + right) / 2, y: this.height - 5, "text-anchor": "middle" }, x.label));
    if (y.label) parts.push(svgElement("text", { class: "axis-name", x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, y.label));
    if (diagonal) parts.push(this.#guide([x.low, x.low], [x.high, x.high], "dashed"));
    for (const { x: place, dash } of marks) parts.push(this.#guide([place, y.low], [place, y.high], dash));
    for (const curve of curves) parts.push(...this.#curve(curve).map((part) => colored(part, curve.color)));
    this.picture.setAttribute("viewBox", `0 0 ${this.#width} ${this.height}`);
    this.picture.replaceChildren(...parts, this.pointed);
  }

  /**
   * @param {[number, number]} from
   * @param {[number, number]} to
   * @param {string} dash
   */
  #guide(from, to, dash) {
    return svgElement("line", { class: `guide ${dash}`, x1: this.#x(from[0]), y1: this.#y(from[1]), x2: this.#x(to[0]), y2: this.#y(to[1]) });
  }

  /**
   * @param {number} x its middle
   * @param {number} y its top
   * @param {number} distance to the next one, in units of x
   */
  #bar(x, y, distance) {
    const isPale = this.#read().length < (this.#drawing?.curves.length ?? 0); // behind curves, whose axis may begin above 0
    const [left, right, top, bottom] = [this.#x(x - (BAR * distance) / 2), this.#x(x + (BAR * distance) / 2), this.#y(y), this.#y((isPale && this.#drawing?.y.low) || 0)];
    return svgElement("rect", { class: isPale ? "curve-bar pale" : "curve-bar", x: left, y: top, width: right - left, height: bottom - top });
  }

  /** The curves whose values are read where the mouse points: bars behind curves are not. */
  #read() {
    const { curves } = this.#drawing ?? { curves: [] };
    const lines = curves.filter(({ bars }) => !bars);
    return lines.length ? lines : curves;
  }

  /** @param {Curve} curve */
  #curve({ points, spans = [], tone, hasLine = true, hasPoints, look, dashed, bars, dot }) {
    const place = (/** @type {number} */ x, /** @type {number} */ y) => [this.#x(x), this.#y(y)];
    if (bars) return points.flatMap(([x, y]) => (y === null ? [] : [this.#bar(x, y, bars)]));
    const parts = [];
    const ends = spans.flatMap(([low, high], k) => (low === null || high === null ? [] : [{ low: place(points[k][0], low), high: place(points[k][0], high) }]));
    if (hasPoints) parts.push(...ends.map(({ low, high }) => svgElement("line", { class: "span", x1: low[0], y1: low[1], x2: high[0], y2: high[1] })));
    else if (ends.length) {
      const outline = [...ends.map(({ high }) => high), ...ends.map(({ low }) => low).reverse()];
      parts.push(svgElement("polygon", { class: "band", points: outline.join(" ") }));
    }
    /** @type {number[][][]} */
    const pieces = [[]];
    for (const [x, y] of withDot(points, dot)) {
      if (y === null) pieces.push([]);
      else pieces.at(-1)?.push(place(x, y));
    }
    if (hasLine) parts.push(...pieces.filter((piece) => piece.length).map((piece) => polyline(piece, { class: `curve ${tone ?? ""}${dashed ? " dashed" : ""}` })));
    if (hasPoints) parts.push(...pieces.flat().map(([cx, cy]) => svgElement("circle", { class: `end ${look ?? ""}`, cx, cy, ...(points.length > CROWD ? { r: 2.5, "fill-opacity": 0.5 } : { r: 3.5 }) })));
    const end = tone ? (dot ?? points.at(-1)) : null;
    if (end && end[1] !== null) {
      const [cx, cy] = place(end[0], end[1]);
      parts.push(svgElement("circle", { class: `end ${tone}`, cx, cy, r: dot ? 3 : 3.5 }));
    }
    return parts;
  }

  /** @param {PointerEvent} event */
  #point({ clientX, clientY }) {
    const { left, top, width } = this.picture.getBoundingClientRect();
    const unit = this.#width / width;
    const { isByX } = this.#drawing ?? { isByX: true };
    const curves = this.#read();
    let nearest = Infinity;
    /** @type {{ curve: Curve, k: number } | null} */
    let found = null;
    for (const curve of isByX ? curves.slice(0, 1) : curves) {
      curve.points.forEach(([x, y], k) => {
        const up = isByX ? 0 : y === null ? Infinity : this.#y(y) - (clientY - top) * unit;
        const distance = Math.hypot(this.#x(x) - (clientX - left) * unit, up);
        if (distance < nearest) [nearest, found] = [distance, { curve, k }];
      });
    }
    this.#say(found);
  }

  /** @param {{ curve: Curve, k: number } | null} found the point that is pointed at */
  #say(found) {
    const x = found?.curve.points[found.k][0];
    const readings = this.#read().map((curve) => {
      const k = curve === found?.curve ? found.k : curve.points.findIndex(([each]) => each === x);
      return { curve, point: /** @type {Curve["points"][0] | undefined} */ (curve.points[k]), span: curve.spans?.[k] };
    });
    const dots = readings.flatMap(({ curve, point }) => {
      if (!found || !point || point[1] === null) return [];
      return [colored(svgElement("circle", { class: `end ${curve.tone ?? ""}`, cx: this.#x(point[0]), cy: this.#y(point[1]), r: 5 }), curve.color)];
    });
    this.pointed.replaceChildren(...dots);
    const y = found?.curve.points[found.k][1] ?? this.#drawing?.y.high ?? 0;
    this.say(found ? readings : null, [this.#x(x ?? 0), this.#y(y)]);
  }
}

/** A chart of lines over epochs, or steps, that draws itself as they grow. */
export class CurveChart extends Chart {
  /** @type {Curve[]} */
  #curves = [];

  /**
   * @param {string} title
   * @param {(value: number) => string} write how a value is written
   * @param {"epoch" | "step"} [unit] of x
   */
  constructor(title, write, unit = "epoch") {
    super(190);
    this.title = title;
    this.write = write;
    this.unit = unit;
    this.readout = element("p", { class: "curves-readout" });
    this.element.append(element("figcaption", {}, element("strong", { text: title }), this.readout), this.picture);
  }

  /**
   * @param {Curve[]} curves
   * @param {number} last the epoch at the right end
   */
  show(curves, last) {
    this.#curves = curves;
    const first = Math.floor(Math.min(last, ...curves.flatMap(({ points, dot }) => withDot(points, dot).slice(0, 1)).map(([x]) => x)));
    const [begin, end] = [first < last ? first : 0, Math.max(last, 1)];
    const [low, high] = spaced(curves.flatMap(({ points, dot }) => withDot(points, dot).flatMap(([, y]) => y ?? [])), 0.06);
    this.draw({
      curves,
      x: { low: begin, high: end, ticks: (room) => roundTicks(begin, end, Math.max(2, Math.min(8, room / 60)), true).map((tick) => [tick, String(tick)]) },
      y: { low, high, ticks: () => roundTicks(low, high, 4).map((tick) => [tick, this.write(tick)]) },
      isByX: true,
    });
  }

  /** @param {Reading[] | null} readings to take values from; the last ones if null */
  say(readings) {
    const read = readings ?? this.#curves.map((curve) => ({ curve, point: curve.dot ?? curve.points.at(-1) }));
    const at = read[0]?.point?.[0];
    const words = read.map(({ curve, point }) => {
      const text = `${curve.name} ${point && point[1] !== null ? this.write(point[1]) : "-"}`;
      return colored(element("span", { class: `key ${curve.tone ?? ""}`, text }), curve.color);
    });
    this.readout.replaceChildren(...words, at === undefined ? "" : element("span", { text: `${this.unit} ${shortNumber(at)}` }));
    const spoken = words.map((each) => each.textContent).join(", ");
    this.picture.setAttribute("aria-label", `${this.title} by ${this.unit}: ${spoken}${at === undefined ? "" : ` after ${this.unit} ${shortNumber(at)}`}`);
  }
}

/**
 * The ticks whose texts do not touch, from the left; the last one is always among them.
 * @param {[number, string][]} ticks
 * @param {(value: number) => number} place
 * @param {number} right where the axis ends
 */
function apart(ticks, place, right) {
  const half = (/** @type {string} */ text) => (CHARACTER * text.length) / 2;
  const [last] = ticks.slice(-1);
  const end = last ? place(last[0]) - half(last[1]) : right;
  let free = -Infinity;
  return ticks.filter(([tick, text]) => {
    if (tick === last[0]) return true;
    const [from, to] = [place(tick) - half(text), place(tick) + half(text)];
    if (from < free || to + CHARACTER > end) return false;
    free = to + CHARACTER;
    return true;
  });
}

/**
 * Where values of an axis are between two places.
 * @param {Axis} axis
 * @param {number} from
 * @param {number} to
 * @returns {(value: number) => number}
 */
function scale({ low, high, isLog }, from, to) {
  const of = isLog ? Math.log : Number;
  return (value) => from + ((of(value) - of(low)) / (of(high) - of(low))) * (to - from);
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
 * The points of a curve, with its present one among them.
 * @param {[number, number | null][]} points
 * @param {[number, number] | null} [dot]
 */
function withDot(points, dot) {
  return dot ? [...points, dot].sort(([one], [other]) => one - other) : points;
}

/** @typedef {{ label: string, isPercent: boolean, isWhole: boolean }} AxisRecord */

/**
 * A panel as Python declares it; see `cutaway.plots.Panel`.
 * @typedef {{ title: string, x: AxisRecord & { isLog: boolean, ticks: [number, string][] }, y: AxisRecord & { ends: number[] },
 *   curves: Curve[], marks: { x: number, words: string, dash: string }[], diagonal: boolean, sharesX: boolean }} PanelRecord
 */

/** @typedef {{ name: string, panels: PanelRecord[], isSmall: boolean }} FigureRecord of panels side by side, small ones on cards */

const [HEIGHT, SMALL_HEIGHT] = [300, 180];

/** Digits after the point, and digits of numbers that would have none then. */
const NUMBER = { maximumFractionDigits: 4, maximumSignificantDigits: 3, roundingPriority: "morePrecision" };
const SHARE = { style: "percent", maximumFractionDigits: 2 };

/** A panel, with a legend above it, and the values of the points under the mouse next to them. */
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

  /** @returns {Axis} */
  #xAxis() {
    const { curves, x } = this.panel;
    const values = [...curves.flatMap(({ points, bars = 0 }) => points.flatMap(([each]) => (bars ? [each - bars / 2, each + bars / 2] : each))), ...x.ticks.map(([tick]) => tick)];
    let [low, high] = x.isLog ? spaced(values.map(Math.log), 0.05).map(Math.exp) : spaced(values, curves.some(({ bars }) => bars) ? 0 : 0.02);
    if (x.isWhole && high - low < 1) [low, high] = [low - 0.5, high + 0.5]; // a single epoch needs room
    const ticks = (/** @type {number} */ room) => roundTicks(low, high, Math.max(2, Math.min(8, room / 40)), x.isWhole).map(written(x));
    return { low, high, ticks: x.ticks.length ? () => x.ticks : ticks, isLog: x.isLog, label: x.label };
  }

  /** @returns {Axis} */
  #yAxis() {
    const { curves, y, diagonal } = this.panel;
    const values = curves.flatMap(({ points, spans = [] }) => [...points.flatMap(([x, y]) => (diagonal ? [x, y] : y)), ...spans.flat()]).filter((each) => each !== null);
    let [low, high] = spaced([...values, ...y.ends, ...(curves.every(({ bars }) => bars) ? [0] : [])], 0.05);
    if (curves.some(({ bars }) => bars)) low = Math.max(low, Math.min(0, ...values)); // bars stand on the axis
    return { low, high, ticks: () => roundTicks(low, high, this.height / 50, y.isWhole).map(written(y)), label: y.label };
  }

  /**
   * Where a curve begins and ends, for those who do not see it.
   * @param {Curve} curve
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
   * @param {Reading[] | null} readings
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

/** @param {Curve} curve */
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
