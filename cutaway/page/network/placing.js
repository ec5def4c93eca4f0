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
    const found = squaredRowDistance(rows, sample * units, row, squared[wanted - 1]);
    if (!(found < squared[wanted - 1])) continue;
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

/**
 * @param {Float32Array} rows
 * @param {number} first Of the row among them.
 * @param {ArrayLike<number>} row
 * @param {number} most Beyond which the exact value does not matter.
 * @returns {number}
 */
function squaredRowDistance(rows, first, row, most) {
  let sum = 0;
  for (let start = 0; start < row.length && sum < most; start += COMPARED_AFTER) {
    const stop = Math.min(start + COMPARED_AFTER, row.length);
    for (let i = start; i < stop; i++) sum += (rows[first + i] - row[i]) ** 2;
  }
  return sum;
}

/**
 * Weights of neighbors that fall with their distance, so that their entropy is the logarithm of the perplexity.
 *
 * Source: van der Maaten and Hinton 2008, equation 1.
 * @param {ArrayLike<number>} distances Ascending.
 * @param {number} [perplexity] Effective number of neighbors, 1 or more.
 * @returns {Float64Array} They sum to 1.
 */
export function neighborWeights(distances, perplexity = PLACING_PERPLEXITY) {
  const nearest = distances[0];
  const squared = Float64Array.from(distances, (distance) => distance * distance - nearest * nearest);
  const largest = squared[squared.length - 1];
  if (largest === 0 || squared.length <= perplexity) return squared.fill(1 / squared.length);
  const ties = squared.filter((value) => value === 0).length;
  if (ties >= perplexity) return squared.map((value) => (value === 0 ? 1 / ties : 0));
  let [low, high, precision] = [0, Infinity, 1 / largest];
  let weights = squared;
  for (let step = 0; step < 200; step++) {
    const powers = squared.map((value) => Math.exp(-value * precision));
    const sum = powers.reduce((total, power) => total + power, 0);
    const mean = powers.reduce((total, power, i) => total + power * squared[i], 0) / sum;
    const excess = Math.log(sum) + precision * mean - Math.log(perplexity);
    weights = powers.map((power) => power / sum);
    if (Math.abs(excess) < 1e-9) break;
    if (excess > 0) low = precision;
    else high = precision;
    precision = high === Infinity ? precision * 2 : (low + high) / 2;
  }
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
  const [x, y] = [0, 1].map((axis) => weightedMedian(Array.from(nearest.index, (at) => xy[2 * at + axis]), weights));
  return [x, y];
}

/**
 * The value at which half the weight is reached.
 * @param {number[]} values
 * @param {Float64Array} weights
 * @returns {number}
 */
function weightedMedian(values, weights) {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b] || a - b);
  const half = weights.reduce((sum, one) => sum + one, 0) / 2;
  let reached = 0;
  const at = order.find((place) => (reached += weights[place]) >= half);
  return values[at ?? order[order.length - 1]];
}
