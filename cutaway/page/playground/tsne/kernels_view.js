// The two kernels of a point: a Gaussian over distances in the data, and Student's t over distances in the map.

import { polyline, svgElement } from "../../core/charts.js";
import { element } from "../../core/elements.js";
import { median } from "./measures.js";

const [WIDTH, HEIGHT, MARGIN] = [300, 150, { left: 8, right: 8, top: 8, bottom: 20 }];

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
 * @param {HTMLElement} host
 * @param {object} given
 * @param {number} given.point
 * @param {number} given.beta Of its Gaussian exp(-beta d2); Infinity where at least as many as the perplexity are the nearest.
 * @param {Float64Array} given.inData Its distances from all points.
 * @param {Float64Array} given.inMap
 * @param {Int32Array} given.neighbors The nearest first.
 * @param {string[]} given.colors
 */
export function showKernels(host, { point, beta, inData, inMap, neighbors, colors }) {
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
    title: "On the map, Student's t, whose tail is longer than that of a Gaussian (dashes)",
    weigh: (distance) => 1 / (1 + distance ** 2),
    beside: (distance) => Math.exp(-(distance ** 2)),
    ...{ distances: inMap, first: 0, reach: Math.max(LEAST_REACH, 1.5 * middle) },
  };
  host.replaceChildren(...[gaussian, student].map((kernel) => draw(kernel, { point, near: new Set(neighbors), colors })));
}

/**
 * @param {Kernel} kernel
 * @param {{ point: number, near: Set<number>, colors: string[] }} about
 */
function draw({ title, weigh, beside, distances, first, reach }, { point, near, colors }) {
  const end = Math.min(reach, Math.max(...distances)) || 1;
  const x = (/** @type {number} */ distance) => MARGIN.left + (distance / end) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (/** @type {number} */ weight) => HEIGHT - MARGIN.bottom - weight * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const curve = (/** @type {(distance: number) => number} */ compute, /** @type {string} */ name) => {
    const at = Array.from({ length: STEPS + 1 }, (_, k) => first + (k / STEPS) * (end - first));
    return polyline(at.map((distance) => [x(distance), y(compute(distance))]), { class: name });
  };
  const others = colors.map((_, k) => k).filter((k) => k !== point);
  const inside = others.filter((k) => distances[k] <= end);
  // neighbors last, so that they are seen
  const dots = inside.sort((a, b) => Number(near.has(a)) - Number(near.has(b))).map((k) => {
    const isNear = near.has(k);
    return svgElement("circle", { cx: x(distances[k]), cy: y(weigh(distances[k])), r: isNear ? 4 : 2.4, fill: colors[k], class: isNear ? "near" : "far" });
  });
  const beyond = others.length - inside.length;
  const axis = `distance ${end.toPrecision(3)}${beyond ? `; ${beyond} points are farther` : ""}`;
  const picture = svgElement(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Kernel of point ${point + 1}. ${title}. Up to ${axis}` },
    svgElement("line", { class: "grid", x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(0), y2: y(0) }),
    ...(beside ? [curve(beside, "kernel beside")] : []),
    curve(weigh, "kernel"),
    ...dots,
    svgElement("text", { x: MARGIN.left, y: HEIGHT - 5 }, "0"),
    svgElement("text", { x: WIDTH - MARGIN.right, y: HEIGHT - 5, "text-anchor": "end" }, axis),
  );
  const figure = element("figure", { class: "kernel-figure" }, element("figcaption", { text: title }));
  figure.append(picture);
  return figure;
}
