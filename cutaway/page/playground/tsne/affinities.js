// Affinities of all pairs: which points attract each other, and how strongly.

/** Maximum number of Newton's steps for a row, and how near its entropy comes to the logarithm of the perplexity, in nats. */
const [MAX_STEPS, TOLERANCE] = [100, 1e-8];

/**
 * @typedef {object} Conditional
 * @property {Float64Array} p (point, point): the affinity of each other point to a point; a row sums to 1, its own entry is 0.
 * @property {Float64Array} betas Of each point: its kernel is exp(-beta d2). Infinity where at least as many others as the
 *   perplexity are the nearest.
 */

/**
 * @typedef {object} Affinities
 * @property {Float64Array} p (point, point), symmetric, with the sum 1.
 * @property {number} negativeEntropy The sum of p log p, which the KL divergence has as its constant part.
 */

/**
 * Give each point a Gaussian kernel whose affinities have the entropy log(perplexity), among all other points. The kernel is
 * found as in `cutaway.embedding.tsne.kernels.affinities`: by Newton's method, and by halving where that would go too far.
 *
 * Source: van der Maaten and Hinton 2008, equation 1 and section 2.
 * @param {Float64Array} squared (point, point), squared distances.
 * @param {number} perplexity From 1 to below the number of points less one.
 * @returns {Conditional}
 */
export function conditionalAffinities(squared, perplexity) {
  const n = Math.sqrt(squared.length);
  const p = new Float64Array(n * n);
  const betas = new Float64Array(n);
  for (let i = 0; i < n; i++) betas[i] = fillRow(squared.subarray(i * n, (i + 1) * n), p.subarray(i * n, (i + 1) * n), { i, perplexity });
  return { p, betas };
}

/**
 * @param {Float64Array} squared Of one point.
 * @param {Float64Array} row Its affinities, written.
 * @param {{ i: number, perplexity: number }} about
 * @returns {number} beta
 */
function fillRow(squared, row, { i, perplexity }) {
  const others = squared.length - 1;
  let [least, spread, ties] = [Infinity, 0, 0];
  for (let j = 0; j <= others; j++) if (j !== i) least = Math.min(least, squared[j]);
  for (let j = 0; j <= others; j++) {
    if (j === i) continue;
    spread += squared[j] - least;
    if (squared[j] === least) ties++;
  }
  if (ties === others || ties >= perplexity) {
    for (let j = 0; j <= others; j++) row[j] = j !== i && squared[j] === least ? 1 / ties : 0;
    return ties === others ? 0 : Infinity;
  }
  const goal = Math.log(perplexity);
  // the logarithm of beta: the entropy is nearly linear in it
  let [at, low, high] = [-Math.log(spread / others), -Infinity, Infinity];
  let [beta, total] = [0, 1];
  for (let step = 0; step < MAX_STEPS; step++) {
    beta = Math.exp(at);
    let [first, second] = [0, 0];
    total = 0;
    for (let j = 0; j <= others; j++) {
      if (j === i) continue;
      const far = squared[j] - least;
      const weight = Math.exp(-beta * far);
      row[j] = weight;
      total += weight;
      first += weight * far;
      second += weight * far * far;
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
  for (let j = 0; j <= others; j++) row[j] /= total;
  return beta;
}

/**
 * The symmetric matrix of t-SNE: p_ij = (p_j|i + p_i|j) / 2n.
 *
 * Source: van der Maaten and Hinton 2008, section 3.1.
 * @param {Float64Array} conditional (point, point)
 * @returns {Affinities}
 */
export function jointAffinities(conditional) {
  const n = Math.sqrt(conditional.length);
  const p = new Float64Array(n * n);
  let negativeEntropy = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const value = (conditional[i * n + j] + conditional[j * n + i]) / (2 * n);
      p[i * n + j] = p[j * n + i] = value;
      if (value > 0) negativeEntropy += 2 * value * Math.log(value);
    }
  }
  return { p, negativeEntropy };
}
