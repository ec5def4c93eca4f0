// The exact linear regions of a network on a plane, and the exact boundaries between its classes, or contours of its output.

import { largestOf } from "./training.js";

/**
 * @typedef {number[][]} Polygon Corners of a convex polygon in order, [x, y] each.
 * @typedef {[number, number, number]} Affine The function a x + b y + c of a place on the plane.
 * @typedef {{ polygon: Polygon, outputs: Affine[] }} Region Where the network is affine: a function for each output's sum.
 * @typedef {{ label: number, polygon: Polygon }} ClassArea Where one output is the largest.
 * @typedef {{ from: number[], to: number[], labels: [number, number] }} BoundaryPiece Between two classes.
 */

/** Pieces of less than this share of the plane are not cut off: a hundredth of a pixel of 300 x 300. */
const LEAST_SHARE = 1e-7;

/** A value of an affine function is 0 where it is smaller than this, compared with what is added up. */
const ROUNDING = 1e-9;

const PLANE = /** @type {Affine[]} */ ([[1, 0, 0], [0, 1, 0]]);

/**
 * Divide a convex polygon of a plane into the regions where a network with piecewise linear activations is affine.
 *
 * Layer by layer, each region is cut along the lines on which a unit's sum is 0.
 *
 * Source: Montufar et al. 2014, "On the number of linear regions of deep neural networks", section 2.
 * @param {import("./dense_network.js").DenseNetwork} network
 * @param {Polygon} polygon
 * @param {{ plane?: Affine[], milliseconds?: number }} [options] `plane`: each input of the network on the plane, x and y
 *   themselves by default. `milliseconds`: the time after which it ends, with what is divided by then.
 * @returns {{ regions: Region[], undivided: number }} `undivided`: the share of the area, 0 to 1, in which a bend may be left
 *   since the time was up; then `outputs` are not those of the network.
 * @throws {RangeError} The activation is curved.
 */
export function linearRegions(network, polygon, { plane = PLANE, milliseconds = Infinity } = {}) {
  const end = performance.now() + milliseconds;
  const isLate = () => performance.now() > end;
  const slopes = network.activation.linear;
  if (!slopes) throw new RangeError("a network has linear regions only with piecewise linear activations, such as relu");
  const whole = area(polygon);
  const least = LEAST_SHARE * whole;
  /** @type {Region[]} */
  let regions = [{ polygon, outputs: plane }];
  for (const [k, layer] of network.layers.entries()) {
    const isLast = k === network.layers.length - 1;
    /** @type {Region[]} */
    const divided = [];
    for (const [done, region] of regions.entries()) {
      const sums = throughLayer(layer, region.outputs);
      if (isLast) {
        divided.push({ polygon: region.polygon, outputs: sums });
        continue;
      }
      const bends = slopes.above === slopes.below ? [] : sums.filter((_, unit) => !network.off[k][unit]);
      for (const part of cutAll(region.polygon, bends, { least, isLate })) {
        const outputs = sums.map((sum, unit) => {
          const total = part.reduce((all, point) => all + valueAt(sum, point), 0); // a part is on one side of the line where the sum is 0
          const slope = network.off[k][unit] ? 0 : total > 0 ? slopes.above : slopes.below;
          return /** @type {Affine} */ (sum.map((value) => slope * value));
        });
        divided.push({ polygon: part, outputs });
      }
      if (!isLate()) continue;
      const left = regions.slice(done).reduce((sum, each) => sum + area(each.polygon), 0);
      const isLastBend = k === network.layers.length - 2;
      return { regions: [...divided, ...regions.slice(done + 1)], undivided: isLastBend ? left / whole : 1 };
    }
    regions = divided;
  }
  return { regions, undivided: 0 };
}

/**
 * @param {import("./dense_network.js").DenseLayer} layer
 * @param {Affine[]} inputs
 * @returns {Affine[]}
 */
function throughLayer({ units, kernel, bias }, inputs) {
  return Array.from({ length: units }, (_, unit) => {
    let [a, b, c] = [0, 0, bias[unit]];
    for (let i = 0; i < inputs.length; i++) {
      const weight = kernel[i * units + unit];
      a += weight * inputs[i][0];
      b += weight * inputs[i][1];
      c += weight * inputs[i][2];
    }
    return [a, b, c];
  });
}

/**
 * @param {Affine} affine
 * @param {number[]} point
 */
export function valueAt([a, b, c], [x, y]) {
  return a * x + b * y + c;
}

/**
 * @param {Polygon} polygon
 * @param {Affine[]} lines
 * @param {{ least: number, isLate: () => boolean }} limits `least`: area of the smallest piece that is cut off. `isLate`:
 *   whether the lines that are left are left out.
 */
function cutAll(polygon, lines, { least, isLate }) {
  let parts = [polygon];
  for (const line of lines) {
    if (isLate()) break;
    /** @type {Polygon[]} */
    const next = [];
    for (const part of parts) {
      const halves = cut(part, line);
      // a sliver is no region: it comes from the rounding of weights, where the lines of two units are the same
      if (halves.some((half) => half.length < 3 || area(half) < least)) next.push(part);
      else next.push(...halves);
    }
    parts = next;
  }
  return parts;
}

/**
 * Cut a convex polygon along the line where an affine function is 0.
 * @param {Polygon} polygon
 * @param {Affine} line
 * @returns {[Polygon, Polygon]} Where it is at least 0, and where it is at most 0; with fewer than 3 corners for none.
 */
export function cut(polygon, line) {
  const values = polygon.map((point) => valueAt(line, point));
  if (values.every((value) => value >= 0)) return [polygon, []];
  if (values.every((value) => value <= 0)) return [[], polygon];
  /** @type {[Polygon, Polygon]} */
  const [above, below] = [[], []];
  polygon.forEach((point, k) => {
    const next = (k + 1) % polygon.length;
    const [value, other] = [values[k], values[next]];
    if (value >= 0) above.push(point);
    if (value <= 0) below.push(point);
    if ((value > 0 && other < 0) || (value < 0 && other > 0)) {
      const place = between(point, polygon[next], value / (value - other));
      above.push(place);
      below.push(place);
    }
  });
  return [above, below];
}

/**
 * The area of a polygon whose corners are in order.
 * @param {Polygon} polygon
 */
export function area(polygon) {
  let twice = 0;
  polygon.forEach(([x, y], k) => {
    const [nextX, nextY] = polygon[(k + 1) % polygon.length];
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

/**
 * Where each class has the largest output, and the lines between classes.
 * @param {Region[]} regions
 * @returns {{ areas: ClassArea[], boundary: BoundaryPiece[] }}
 */
export function decisions(regions) {
  /** @type {ClassArea[]} */
  const areas = [];
  /** @type {BoundaryPiece[]} */
  const boundary = [];
  for (const { polygon, outputs } of regions) {
    const [first, ...others] = polygon.map((point) => largestOf(outputs.map((output) => valueAt(output, point))));
    if (others.every((label) => label === first)) {
      areas.push({ label: first, polygon }); // affine functions: the largest at all corners is the largest between them
      continue;
    }
    const here = outputs.flatMap((own, label) => {
      let part = polygon;
      for (const other of outputs) if (other !== own && part.length > 2) [part] = cut(part, difference(own, other));
      return part.length > 2 ? [{ label, polygon: part }] : [];
    });
    areas.push(...here);
    for (const { label, polygon: corners } of here) {
      corners.forEach((from, k) => {
        const to = corners[(k + 1) % corners.length];
        const other = outputs.findIndex((output, each) => each > label && isZero(difference(outputs[label], output), from, to));
        if (other >= 0) boundary.push({ from, to, labels: [label, other] });
      });
    }
  }
  return { areas, boundary };
}

/**
 * The pieces of the surface of the first output, and the lines on which it has one of some values.
 * @param {Region[]} regions
 * @param {number[]} levels
 * @returns {{ areas: Region[], boundary: { from: number[], to: number[] }[] }}
 */
export function contours(regions, levels) {
  const boundary = regions.flatMap(({ polygon, outputs: [output] }) =>
    levels.flatMap((level) => {
      const [above, below] = cut(polygon, difference(output, [0, 0, level]));
      const [from, to] = above.filter((corner) => below.includes(corner));
      return to ? [{ from, to }] : [];
    }),
  );
  return { areas: regions, boundary };
}

/**
 * @param {Affine} one
 * @param {Affine} other
 * @returns {Affine}
 */
function difference([a, b, c], [otherA, otherB, otherC]) {
  return [a - otherA, b - otherB, c - otherC];
}

/**
 * Whether an affine function is 0 between two places where it may be 0, but for rounding; not where it is 0 everywhere.
 * @param {Affine} line
 * @param {number[]} from
 * @param {number[]} to
 */
function isZero([a, b, c], from, to) {
  const [x, y] = between(from, to, 0.5);
  const size = Math.abs(a * x) + Math.abs(b * y) + Math.abs(c);
  return size > 0 && Math.abs(a * x + b * y + c) <= ROUNDING * size;
}

/**
 * @param {number[]} from
 * @param {number[]} to
 * @param {number} share
 */
function between([x, y], [toX, toY], share) {
  return [x + share * (toX - x), y + share * (toY - y)];
}

/**
 * What takes the place of linear regions where an activation is curved: triangles of a grid, in which the outputs are taken
 * for affine functions. Boundaries between classes are then off by a small part of a cell.
 * @param {import("./dense_network.js").DenseNetwork} network With two inputs.
 * @param {{ low: number, high: number, cells: number }} grid Cells along a side of the square from `low` to `high`.
 * @returns {Region[]}
 */
export function gridRegions(network, { low, high, cells }) {
  const step = (high - low) / cells;
  const along = Array.from({ length: cells + 1 }, (_, k) => low + k * step);
  const points = along.flatMap((y) => along.map((x) => [x, y]));
  const sums = network.forward(Float32Array.from(points.flat()), points.length);
  const count = network.sizes[network.sizes.length - 1];
  const corner = (/** @type {number} */ k) => ({ place: points[k], values: sums.subarray(k * count, (k + 1) * count) });
  /** @type {Region[]} */
  const regions = [];
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const first = row * (cells + 1) + column;
      const [a, b, c, d] = [first, first + 1, first + cells + 1, first + cells + 2].map(corner);
      regions.push(triangle(a, b, c, step), triangle(d, c, b, -step));
    }
  }
  return regions;
}

/**
 * @typedef {{ place: number[], values: Float32Array }} Corner
 * @param {Corner} corner With the right angle.
 * @param {Corner} beside It, along x.
 * @param {Corner} above It, along y.
 * @param {number} step From one to the next.
 * @returns {Region}
 */
function triangle(corner, beside, above, step) {
  const outputs = Array.from(corner.values, (value, k) => {
    const [a, b] = [(beside.values[k] - value) / step, (above.values[k] - value) / step];
    return /** @type {Affine} */ ([a, b, value - a * corner.place[0] - b * corner.place[1]]);
  });
  return { polygon: [corner.place, beside.place, above.place], outputs };
}
