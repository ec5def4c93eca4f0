// Losses with their gradients, as Keras defines them.

import { softmaxAlong } from "../network/activations.js";

/**
 * @typedef {(sums: Float32Array, targets: Float32Array | Int32Array, into: { outputs: Float32Array, gradient: Float32Array }) => number} Loss
 *   The loss of one sample. `sums` are what the output layer adds up, one for each output; `outputs` become the
 *   predictions, and `gradient` the derivatives of the loss by the sums. `targets` are the class alone, or the value of each output.
 */

/** Keras keeps probabilities this far from 0 and 1: beyond it, a sample has no gradient. */
const EPSILON = Math.fround(1e-7);

/** @type {Record<string, Loss>} */
const LOSSES = {
  /** Softmax and cross-entropy. */
  categorical_crossentropy(sums, [label], { outputs, gradient }) {
    softmax(sums, outputs);
    const probability = outputs[label];
    const bounded = Math.min(Math.max(probability, EPSILON), 1 - EPSILON);
    const passes = bounded === probability ? 1 : 0;
    for (let k = 0; k < sums.length; k++) gradient[k] = passes * (outputs[k] - (k === label ? 1 : 0));
    return -Math.log(bounded);
  },

  /** Softmax and the mean squared error of the probabilities. */
  softmax_mean_squared_error(sums, [label], { outputs, gradient }) {
    softmax(sums, outputs);
    const count = sums.length;
    let [loss, mean] = [0, 0];
    for (let k = 0; k < count; k++) {
      const difference = outputs[k] - (k === label ? 1 : 0);
      loss += difference * difference;
      gradient[k] = (2 * difference) / count;
      mean += gradient[k] * outputs[k];
    }
    for (let k = 0; k < count; k++) gradient[k] = outputs[k] * (gradient[k] - mean);
    return loss / count;
  },

  /** The mean squared error of outputs without an activation. */
  mean_squared_error(sums, targets, { outputs, gradient }) {
    const count = sums.length;
    let loss = 0;
    for (let k = 0; k < count; k++) {
      const difference = sums[k] - targets[k];
      outputs[k] = sums[k];
      gradient[k] = (2 * difference) / count;
      loss += difference * difference;
    }
    return loss / count;
  },
};

/** The names of the losses. */
export const LOSS_NAMES = Object.keys(LOSSES);

/** @param {string} name One of `LOSS_NAMES`. */
export function lossNamed(name) {
  const loss = LOSSES[name];
  if (!loss) throw new RangeError(`unknown loss "${name}"`);
  return loss;
}

/**
 * @param {Float32Array} sums
 * @param {Float32Array} probabilities
 */
function softmax(sums, probabilities) {
  probabilities.set(sums);
  softmaxAlong(probabilities, { size: sums.length });
}
