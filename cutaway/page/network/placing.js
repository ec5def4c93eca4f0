// The place of a new sample in a map, and the samples that are nearest to it in a layer.

/** @typedef {{ index: Int32Array, distance: Float32Array }} NearestRows Which rows, the nearest first. */

/** Effective number of neighbors of a new sample, as of `cutaway.embedding.place`. */
const PLACING_PERPLEXITY = 5;

/** Neighbors that weigh anything, for each of perplexity. */
const NEIGHBORS_A_PERPLEXITY = 3;

/** Values of a row after which its distance so far is compared. */
const COMPARED_AFTER = 32;

/**
 * Find the rows that are nearest to a new one, by Euclidean distance; of equally near ones those that come first.
 * @param {Float32Array} rows (sample, unit)
 * @param {ArrayLike<number>} row As many values as units.
 * @param {number} [count] How many; fewer if there are fewer.
 * @returns {NearestRows}
 */
export function nearestRows(rows, row, count = NEIGHBORS_A_PERPLEXITY * PLACING_PERPLEXITY) {
  const units = row.length;
  const samples = rows.length / units;
  if (!Number.isInteger(samples)) throw new RangeError(`rows of ${units} values, not ${rows.length} values in all`);
  const wanted = Math.min(count, samples);
  const index = new Int32Array(wanted);
  const squared = new Float64Array(wanted).fill(Infinity);
  for (let sample = 0; sample < samples; sample++) {
    const [first, most] = [sample * units, squared[wanted - 1]];
    let found = 0;
    for (let start = 0; start < units && found < most; start += COMPARED_AFTER) {
      const stop = Math.min(start + COMPARED_AFTER, units);
      for (let i = start; i < stop; i++) found += (rows[first + i] - row[i]) ** 2;
    }
    if (!(found < most)) continue;
    let place = wanted - 1;
    for (; place > 0 && squared[place - 1] > found; place--) {
      squared[place] = squared[place - 1];
      index[place] = index[place - 1];
    }
    squared[place] = found;
    index[place] = sample;
  }
  return { index, distance: Float32Array.from(squared, Math.sqrt) };
}

/** Maximum number of Newton's steps for a kernel, and how near its entropy comes to the logarithm of the perplexity, in nats. */
const [MAX_STEPS, TOLERANCE] = [100, 1e-8];

/**
 * The Gaussian kernel whose weights have the entropy log(perplexity). It is found as in
 * `cutaway.embedding.tsne.kernels.affinities`: by Newton's method, and by halving where that would go too far.
 *
 * Source: van der Maaten and Hinton 2008, equation 1 and section 2.
 * @param {Float64Array} squared Squared distances; overwritten with the weights, which sum to 1.
 * @param {number} perplexity Effective number of neighbors, 1 or more.
 * @returns {number} beta of the kernel exp(-beta d2): 0 where all are equally near, and Infinity where at least as many as the
 *   perplexity are the nearest.
 */
export function toKernelWeights(squared, perplexity) {
  const least = squared.reduce((nearest, value) => Math.min(nearest, value), Infinity);
  const far = squared.map((value) => value - least);
  const ties = far.filter((value) => value === 0).length;
  if (ties === far.length || ties >= perplexity) {
    far.forEach((value, j) => (squared[j] = value === 0 ? 1 / ties : 0));
    return ties === far.length ? 0 : Infinity;
  }
  const goal = Math.log(perplexity);
  // the logarithm of beta: the entropy is nearly linear in it
  let [at, low, high] = [-Math.log(far.reduce((sum, value) => sum + value, 0) / far.length), -Infinity, Infinity];
  let [beta, total] = [0, 1];
  for (let step = 0; step < MAX_STEPS; step++) {
    beta = Math.exp(at);
    let [first, second] = [0, 0];
    total = 0;
    for (let j = 0; j < far.length; j++) {
      const weight = Math.exp(-beta * far[j]);
      squared[j] = weight;
      total += weight;
      first += weight * far[j];
      second += weight * far[j] * far[j];
    }
    const mean = first / total;
    const excess = Math.log(total) + beta * mean - goal;
    if (Math.abs(excess) < TOLERANCE) break;
    if (excess > 0) low = at;
    else high = at;
    const slope = beta * beta * Math.max(second / total - mean * mean, 0);
    const ahead = at + Math.min(2, Math.max(-2, slope > 0 ? excess / slope : excess > 0 ? 2 : -2));
    at = ahead > low && ahead < high ? ahead : (low + high) / 2;
  }
  for (let j = 0; j < far.length; j++) squared[j] /= total;
  return beta;
}

/**
 * Weights of neighbors that fall with their distance.
 * @param {ArrayLike<number>} distances Ascending.
 * @returns {Float64Array} They sum to 1.
 */
export function neighborWeights(distances) {
  const weights = Float64Array.from(distances, (distance) => distance * distance);
  if (weights.length <= PLACING_PERPLEXITY) return weights.fill(1 / weights.length);
  toKernelWeights(weights, PLACING_PERPLEXITY);
  return weights;
}

/**
 * The place of a new sample among its neighbors in a map: the weighted median of each of their coordinates.
 *
 * That is where `cutaway.embedding.place` begins; unlike the mean it does not fall between two groups.
 * @param {ArrayLike<number>} xy (sample, 2), in any units.
 * @param {NearestRows} nearest
 * @returns {[number, number]}
 */
export function placeAmong(xy, nearest) {
  const weights = neighborWeights(nearest.distance);
  const half = weights.reduce((sum, one) => sum + one, 0) / 2;
  const [x, y] = [0, 1].map((axis) => {
    const values = Array.from(nearest.index, (at) => xy[2 * at + axis]);
    const order = [...values.keys()].sort((a, b) => values[a] - values[b] || a - b);
    let reached = 0;
    const at = order.find((place) => (reached += weights[place]) >= half);
    return values[at ?? order[order.length - 1]];
  });
  return [x, y];
}
