// What is drawn of a network with one or two inputs: regions, classes, boundaries, and what each unit answers where.

import { decisions, gridRegions, linearRegions } from "./regions.js";

/** @typedef {{ points: Float32Array, ends: Uint32Array, labels: Uint8Array }} Polygons Corners of all, and where each ends. */

/**
 * @typedef {object} Drawing
 * @property {number} low The plane goes from here
 * @property {number} high to here, along each axis.
 * @property {Polygons | null} regions Exact ones; null where the activation is curved.
 * @property {number} undivided Share of the plane, 0 to 1, where regions may be missing; the boundary is then from a grid.
 * @property {Polygons | null} areas Where each class is the most likely; null for a function, and for weights that are not finite.
 * @property {Float32Array} boundary x and y of both ends of each piece.
 * @property {Float32Array[]} responses By layer, (point, unit): of hidden layers their outputs, of the last one its predictions.
 */

/** Points along a side of the picture of a unit. */
export const RESPONSE_SIDE = 32;

/** Points of the picture of a unit of a network with one input. */
export const RESPONSE_POINTS = 128;

/** Cells along a side of a grid, and the products for it, which take a quarter of a second: a large network has fewer cells. */
const [GRID_CELLS, GRID_PRODUCTS] = [72, 6e7];

/** The time for dividing a plane into regions. */
const REGION_MILLISECONDS = 300;

/**
 * @param {import("./dense_network.js").DenseNetwork} network With one or two inputs.
 * @param {number} half Half of the side of the square that is drawn.
 * @returns {Drawing}
 */
export function drawNetwork(network, half) {
  const [low, high, isLine] = [-half, half, network.sizes[0] === 1];
  const isExact = network.activation.linear !== null;
  const side = isLine ? RESPONSE_POINTS : RESPONSE_SIDE;
  const along = Array.from({ length: side }, (_, k) => low + ((k + 0.5) / side) * (high - low));
  const points = Float32Array.from(isLine ? along : along.flatMap((y) => along.flatMap((x) => [x, y])));
  const count = points.length / network.sizes[0];
  network.predict(points, count);
  const responses = network.values.map(({ outputs }, k) => outputs.slice(0, count * network.sizes[k + 1]));
  /** @type {Drawing} */
  const bare = { low, high, regions: null, undivided: 0, areas: null, boundary: new Float32Array(0), responses };
  if (!network.parameters.every(Number.isFinite) || (isLine && !isExact)) return bare;
  const cells = Math.min(GRID_CELLS, Math.floor(Math.sqrt(GRID_PRODUCTS / network.parameters.length)));
  const byGrid = () => classes(gridRegions(network, { low, high, cells }));
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
  const divided = { ...bare, undivided, regions: pack(regions.map(({ polygon }) => ({ polygon, label: 0 }))) };
  return isLine ? divided : { ...divided, ...(undivided ? byGrid() : classes(regions)) };
}

/** @param {import("./regions.js").Region[]} regions */
function classes(regions) {
  const { areas, boundary } = decisions(regions);
  return { areas: pack(areas), boundary: Float32Array.from(boundary.flatMap(({ from, to }) => [...from, ...to])) };
}

/**
 * Half of the side of a square around 0 that holds all samples.
 * @param {...import("./data_sets.js").Samples} parts
 */
export function halfSide(...parts) {
  let most = 0;
  for (const { x } of parts) for (const value of x) most = Math.max(most, Math.abs(value));
  return Math.max(1, Math.ceil(most * 1.05 * 4) / 4);
}

/**
 * @param {{ polygon: import("./regions.js").Polygon, label: number }[]} polygons
 * @returns {Polygons}
 */
function pack(polygons) {
  let end = 0;
  return {
    points: Float32Array.from(polygons.flatMap(({ polygon }) => polygon.flat())),
    ends: Uint32Array.from(polygons, ({ polygon }) => (end += polygon.length)),
    labels: Uint8Array.from(polygons, ({ label }) => label),
  };
}
