// What is drawn of a network with one or two inputs: regions, classes, boundaries, contours, and what each unit answers where.

import { roundTicks } from "../core/words.js";
import { contours, decisions, gridRegions, linearRegions } from "./regions.js";

/**
 * @typedef {{ points: Float32Array, ends: Uint32Array, labels: Uint8Array, functions: Float32Array }} Polygons Corners of
 *   all, and where each ends; the class of each, or the a, b and c of the first output, which is a x + b y + c there.
 */

/**
 * @typedef {object} Drawing
 * @property {number} low The plane goes from here
 * @property {number} high to here, along each axis.
 * @property {Polygons | null} regions Exact ones; null where the activation is curved.
 * @property {number} undivided Share of the plane, 0 to 1, where regions may be missing; the boundary is then from a grid.
 * @property {Polygons | null} areas With two inputs: where each class is the most likely, or the pieces of the surface of a
 *   regression; null for weights that are not finite.
 * @property {Float32Array} lines x and y of both ends of each piece of a boundary between classes, or of a contour.
 * @property {Scale | null} scale Of the surface of a regression with two inputs.
 * @property {Float32Array[]} responses By layer, (point, unit): of hidden layers their outputs, of the last one its predictions.
 */

/** Points along a side of the picture of a unit. */
export const RESPONSE_SIDE = 32;

/** Points of the picture of a unit of a network with one input. */
export const RESPONSE_POINTS = 128;

/**
 * Cells along a side of a grid, of classes and of a surface, whose colors change within a cell; and the products for it,
 * which take a quarter of a second: a large network has fewer cells.
 */
const [GRID_CELLS, SURFACE_CELLS, GRID_PRODUCTS] = [72, 36, 6e7];

/** Contours of a surface, at most. */
const CONTOURS = 12;

/** The time for dividing a plane into regions. */
const REGION_MILLISECONDS = 300;

/**
 * @param {import("./dense_network.js").DenseNetwork} network With one or two inputs.
 * @param {{ half: number, scale: Scale | null }} extent
 * @returns {Drawing}
 */
export function drawNetwork(network, { half, scale }) {
  const [low, high, isLine] = [-half, half, network.sizes[0] === 1];
  const isExact = network.activation.linear !== null;
  const side = isLine ? RESPONSE_POINTS : RESPONSE_SIDE;
  const along = Array.from({ length: side }, (_, k) => low + ((k + 0.5) / side) * (high - low));
  const points = Float32Array.from(isLine ? along : along.flatMap((y) => along.flatMap((x) => [x, y])));
  const count = points.length / network.sizes[0];
  network.predict(points, count);
  const responses = network.values.map(({ outputs }, k) => outputs.slice(0, count * network.sizes[k + 1]));
  /** @type {Drawing} */
  const bare = { low, high, regions: null, undivided: 0, areas: null, lines: new Float32Array(0), responses, scale };
  if (!network.parameters.every(Number.isFinite) || (isLine && !isExact)) return bare;
  const cells = Math.min(scale ? SURFACE_CELLS : GRID_CELLS, Math.floor(Math.sqrt(GRID_PRODUCTS / network.parameters.length)));
  const answer = (/** @type {import("./regions.js").Region[]} */ regions) => {
    const { areas, boundary } = scale ? contours(regions, scale.levels) : decisions(regions);
    return { areas: pack(areas), lines: Float32Array.from(boundary.flatMap(({ from, to }) => [...from, ...to])) };
  };
  const byGrid = () => answer(gridRegions(network, { low, high, cells }));
  if (!isExact) return { ...bare, ...byGrid() };
  const square = [
    [low, low],
    [high, low],
    [high, high],
    [low, high],
  ];
  /** @type {import("./regions.js").Affine[] | undefined} */
  const plane = isLine ? [[1, 0, 0]] : undefined;
  const { regions, undivided } = linearRegions(network, square, { plane, milliseconds: REGION_MILLISECONDS });
  const divided = { ...bare, undivided, regions: pack(regions) };
  return isLine ? divided : { ...divided, ...(undivided ? byGrid() : answer(regions)) };
}

/** @typedef {{ largest: number, levels: number[], step: number }} Scale Of values from `-largest` to `largest`, with contours at levels in equal steps. */

/**
 * Half of the side of a square around 0 that holds all samples, and the scale of the surface if a regression has two inputs.
 * @param {{ train: import("./data_sets.js").Samples, test: import("./data_sets.js").Samples }} parts
 * @returns {{ half: number, scale: Scale | null }}
 */
export function extentOf({ train, test }) {
  const most = (/** @type {Float32Array} */ values) => values.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
  const half = Math.max(1, Math.ceil(Math.max(most(train.x), most(test.x)) * 1.05 * 4) / 4);
  if (!train.isRegression || train.inputs !== 2) return { half, scale: null };
  const largest = Math.max(most(train.y), most(test.y)) || 1;
  const levels = roundTicks(-largest, largest, CONTOURS);
  return { half, scale: { largest, levels, step: Number((levels[1] - levels[0]).toPrecision(1)) } };
}

/**
 * @param {{ polygon: import("./regions.js").Polygon, label?: number, outputs?: import("./regions.js").Affine[] }[]} polygons
 * @returns {Polygons}
 */
function pack(polygons) {
  let end = 0;
  return {
    points: Float32Array.from(polygons.flatMap(({ polygon }) => polygon.flat())),
    ends: Uint32Array.from(polygons, ({ polygon }) => (end += polygon.length)),
    labels: Uint8Array.from(polygons, ({ label = 0 }) => label),
    functions: Float32Array.from(polygons.flatMap(({ outputs = [] }) => outputs[0] ?? [])),
  };
}
