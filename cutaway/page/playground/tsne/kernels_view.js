// The two kernels of a point: a Gaussian over distances in the data, and Student's t over distances in the map.

import { Chart } from "../../core/charts.js";
import { element } from "../../core/elements.js";
import { roundTicks } from "../../core/words.js";
import { median } from "./measures.js";

const HEIGHT = 170;

/** Points of a curve. */
const STEPS = 150;

/** A Gaussian is drawn up to where it has this weight, and Student's t up to this distance, or farther where the neighbors are. */
const [LEAST_WEIGHT, LEAST_REACH] = [1e-3, 6];

/**
 * @typedef {object} Kernel
 * @property {string} title
 * @property {(distance: number) => number} weigh From 0 to 1.
 * @property {((distance: number) => number) | null} beside Another one, drawn with dashes.
 * @property {Float64Array} distances Of all points from this one.
 * @property {number} first Where the curve begins,
 * @property {number} reach and where it ends.
 */

/**
 * Both kernels of a point, in the data and on the map.
 * @param {{ beta: number, inData: Float64Array, inMap: Float64Array, neighbors: Int32Array }} point `beta`: of its Gaussian
 *   exp(-beta d2); Infinity where at least as many as the perplexity are the nearest. `inData`, `inMap`: its distances from all
 *   points. `neighbors`: the nearest first.
 * @returns {Kernel[]}
 */
export function kernelsOf({ beta, inData, inMap, neighbors }) {
  const least = inData[neighbors[0]];
  const middle = median(Array.from(neighbors, (k) => inMap[k]));
  const width = Number.isFinite(beta) ? `standard deviation ${Math.sqrt(1 / (2 * beta)).toPrecision(3)}; the nearest point has weight 1` : "all weight is on the nearest, which are equally near";
  /** @type {Kernel} */
  const gaussian = {
    title: `In the data, a Gaussian: ${width}`,
    weigh: (distance) => (distance <= least ? 1 : Math.exp(-beta * (distance ** 2 - least ** 2))),
    beside: null,
    ...{ distances: inData, first: least, reach: Number.isFinite(beta) ? Math.sqrt(least ** 2 - Math.log(LEAST_WEIGHT) / beta) : 2 * least },
  };
  /** @type {Kernel} */
  const student = {
    title: "On the map, Student's t, whose tail is longer than a Gaussian's (dashes)",
    weigh: (distance) => 1 / (1 + distance ** 2),
    beside: (distance) => Math.exp(-(distance ** 2)),
    ...{ distances: inMap, first: 0, reach: Math.max(LEAST_REACH, 1.5 * middle) },
  };
  return [gaussian, student];
}

/** Shows a kernel of a point. */
export class KernelChart extends Chart {
  constructor() {
    super(HEIGHT);
    this.caption = element("figcaption", {});
    this.element.append(this.caption, this.picture);
  }

  /**
   * @param {Kernel} kernel
   * @param {{ point: number, near: Set<number>, colors: string[] }} about
   */
  show({ title, weigh, beside, distances, first, reach }, { point, near, colors }) {
    const end = Math.min(reach, Math.max(...distances)) || 1;
    const at = Array.from({ length: STEPS + 1 }, (_, k) => first + (k / STEPS) * (end - first));
    const along = (/** @type {(distance: number) => number} */ compute) => at.map((distance) => /** @type {[number, number]} */ ([distance, compute(distance)]));
    const others = colors.map((_, k) => k).filter((k) => k !== point);
    const inside = others.filter((k) => distances[k] <= end);
    // neighbors last, since they would be covered
    const dots = inside.sort((a, b) => Number(near.has(a)) - Number(near.has(b))).map((k) => ({
      ...{ name: "", color: colors[k], hasLine: false, hasPoints: true, look: near.has(k) ? "near" : "far" },
      points: [/** @type {[number, number]} */ ([distances[k], weigh(distances[k])])],
    }));
    const beyond = others.length - inside.length;
    const axis = `distance${beyond ? ` (${beyond} points are farther)` : ""}`;
    const lines = [...(beside ? [{ name: "", color: "var(--muted)", dashed: true, points: along(beside) }] : []), { name: "", color: "var(--ink)", points: along(weigh) }];
    const ticks = roundTicks(0, end, 5).map((tick) => /** @type {[number, string]} */ ([tick, String(Number(tick.toPrecision(6)))]));
    this.draw({ curves: [...lines, ...dots], x: { low: 0, high: end, ticks: () => ticks, label: axis }, y: { low: 0, high: 1, ticks: () => [[0, "0"], [1, "1"]] }, isByX: false });
    this.caption.textContent = title;
    this.picture.setAttribute("aria-label", `Kernel of point ${point + 1}. ${title}. Up to ${axis} ${end.toPrecision(3)}`);
  }
}
