// Distances of all pairs of a few hundred points, and the nearest neighbors of each.

/**
 * Squared Euclidean distances of all pairs.
 * @param {ArrayLike<number>} points (point, column)
 * @param {number} columns
 * @returns {Float64Array} (point, point)
 */
export function squaredDistances(points, columns) {
  const n = points.length / columns;
  const squared = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) {
        const difference = points[i * columns + k] - points[j * columns + k];
        sum += difference * difference;
      }
      squared[i * n + j] = squared[j * n + i] = sum;
    }
  }
  return squared;
}

/**
 * The nearest other points of each point, the nearest first; of equally near ones those with the lowest numbers.
 * @param {Float64Array} squared (point, point)
 * @param {number} count Of neighbors, below the number of points.
 * @returns {Int32Array} (point, neighbor)
 */
export function nearestNeighbors(squared, count) {
  const n = Math.sqrt(squared.length);
  const nearest = new Int32Array(n * count);
  for (let i = 0; i < n; i++) {
    const row = squared.subarray(i * n, (i + 1) * n);
    const found = nearest.subarray(i * count, (i + 1) * count);
    let filled = 0;
    for (let j = 0; j < n; j++) {
      if (j === i || (filled === count && row[j] >= row[found[count - 1]])) continue;
      let place = filled < count ? filled++ : count - 1;
      for (; place > 0 && row[found[place - 1]] > row[j]; place--) found[place] = found[place - 1];
      found[place] = j;
    }
  }
  return nearest;
}

/**
 * The middle of points, and the longer side of the rectangle around them.
 * @param {ArrayLike<number>} xy
 */
export function boundsOf(xy) {
  const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
  for (let k = 0; k < xy.length; k++) {
    low[k % 2] = Math.min(low[k % 2], xy[k]);
    high[k % 2] = Math.max(high[k % 2], xy[k]);
  }
  return { middle: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], size: Math.max(high[0] - low[0], high[1] - low[1]) };
}

/**
 * The first two principal components of points, from their distances: classical scaling. The largest entry of each is positive.
 * Source: Torgerson 1952; the eigenvectors by orthogonal iteration.
 * @param {Float64Array} squared (point, point)
 * @returns {{ scores: Float64Array, shares: [number, number] }} `scores`: (point, 2); `shares`: of the variance, of each.
 */
export function firstComponents(squared) {
  const n = Math.sqrt(squared.length);
  const means = Float64Array.from({ length: n }, (_, i) => mean(squared.subarray(i * n, (i + 1) * n)));
  const all = mean(means);
  const products = squared.map((value, k) => (means[Math.floor(k / n)] + means[k % n] - value - all) / 2);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += products[i * n + i];
  const scores = new Float64Array(2 * n);
  /** @type {[number, number]} */
  const shares = [0, 0];
  /** @type {Float64Array | null} */
  let before = null;
  for (const axis of [0, 1]) {
    const { vector, value } = leadingVector(products, before);
    const sign = Math.sign(vector.reduce((most, each) => (Math.abs(each) > Math.abs(most) ? each : most), 0)) || 1;
    for (let i = 0; i < n; i++) scores[2 * i + axis] = sign * Math.sqrt(Math.max(value, 0)) * vector[i];
    shares[axis] = trace > 0 ? Math.max(value, 0) / trace : 0;
    before = vector;
  }
  return { scores, shares };
}

/** Steps of the iteration for an eigenvector, and its change below which it ends. */
const [MAX_STEPS, TOLERANCE] = [300, 1e-12];

/**
 * The eigenvector with the largest eigenvalue, among those that are orthogonal to another one.
 * @param {Float64Array} matrix (row, row), symmetric, with no eigenvalue below 0.
 * @param {Float64Array | null} other
 */
function leadingVector(matrix, other) {
  const n = Math.sqrt(matrix.length);
  // no symmetry of the data may make this first guess orthogonal to the vector
  let vector = Float64Array.from({ length: n }, (_, i) => Math.sin(1 + i * i) / n);
  let value = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = new Float64Array(n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) next[i] += matrix[i * n + j] * vector[j];
    if (other) {
      const along = dot(next, other);
      for (let i = 0; i < n; i++) next[i] -= along * other[i];
    }
    value = Math.sqrt(dot(next, next));
    if (!(value > 0)) break;
    for (let i = 0; i < n; i++) next[i] /= value;
    const change = 1 - dot(next, vector);
    vector = next;
    if (change < TOLERANCE) break;
  }
  return { vector, value };
}

/** @param {Float64Array} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * @param {Float64Array} one
 * @param {Float64Array} other
 */
function dot(one, other) {
  return one.reduce((sum, value, k) => sum + value * other[k], 0);
}
