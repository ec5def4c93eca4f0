// Activation functions of hidden layers with their derivatives, by the names of Keras.

import { singleActivation } from "../network/activations.js";
import { normalProbability } from "../network/normal_distribution.js";

/**
 * @typedef {object} Activation
 * @property {(z: number) => number} value
 * @property {(z: number, value: number) => number} slope The derivative at z, where the function has this value.
 * @property {{ above: number, below: number } | null} linear Its slopes above and below 0; null where it is curved.
 */

const logistic = (/** @type {number} */ z) => 1 / (1 + Math.exp(-z));

/** `keras.activations.leaky_relu` has this slope below 0. */
const LEAK = 0.2;

/** @type {Record<string, Omit<Activation, "value">>} */
const SLOPES = {
  relu: { slope: (z) => (z > 0 ? 1 : 0), linear: { above: 1, below: 0 } },
  leaky_relu: { slope: (z) => (z >= 0 ? 1 : LEAK), linear: { above: 1, below: LEAK } },
  linear: { slope: () => 1, linear: { above: 1, below: 1 } },
  tanh: { slope: (_, value) => 1 - value * value, linear: null },
  sigmoid: { slope: (_, value) => value * (1 - value), linear: null },
  softplus: { slope: logistic, linear: null },
  elu: { slope: (z, value) => (z > 0 ? 1 : value + 1), linear: null },
  silu: { slope: (z, value) => value + logistic(z) * (1 - value), linear: null },
  gelu: {
    slope: (z) => normalProbability(z) + (z * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI),
    linear: null,
  },
};

/** The names of all activations that a hidden layer can have here. */
export const ACTIVATIONS = Object.keys(SLOPES);

/**
 * @param {string} name One of `ACTIVATIONS`.
 * @returns {Activation}
 */
export function activationNamed(name) {
  const value = singleActivation({ function: name, slope: name === "leaky_relu" ? LEAK : 0 });
  if (!value || !SLOPES[name]) throw new RangeError(`unknown activation "${name}"`);
  return { value, ...SLOPES[name] };
}
