// Affinities of all pairs: which points attract each other, and how strongly.

import { toKernelWeights } from "../../network/placing.js";

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
 * Give each point a Gaussian kernel whose affinities have the entropy log(perplexity), among all other points.
 * @param {Float64Array} squared (point, point), squared distances.
 * @param {number} perplexity From 1 to below the number of points less one.
 * @returns {Conditional}
 */
export function conditionalAffinities(squared, perplexity) {
  const n = Math.sqrt(squared.length);
  const p = new Float64Array(n * n);
  const betas = Float64Array.from({ length: n }, (_, i) => {
    const others = squared.subarray(i * n, (i + 1) * n).filter((_, j) => j !== i);
    const beta = toKernelWeights(others, perplexity);
    others.forEach((weight, j) => (p[i * n + j + (j < i ? 0 : 1)] = weight));
    return beta;
  });
  return { p, betas };
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
