// A network of dense layers that trains in the page: its forward pass, and its gradient by backpropagation.

import { normalProbability, singleActivation, slopesOf, softmaxAlong } from "../network/activations.js";
import { foldSeed, kerasUniform } from "./random/seeds.js";

/**
 * @typedef {object} DenseLayer
 * @property {number} inputs
 * @property {number} units
 * @property {Float32Array} kernel (input, unit), a part of all parameters.
 * @property {Float32Array} bias One for each unit, a part of all parameters.
 */

/**
 * @typedef {object} LayerValues What a layer computes for a batch; (sample, unit) each.
 * @property {Float32Array} sums Weighted sums of the inputs, with the bias.
 * @property {Float32Array} outputs After the activation, dropout and units that are switched off.
 * @property {Float32Array} gradient Of the loss by the sums.
 * @property {Float32Array | null} gates What outputs are multiplied by; null for 1.
 */

/**
 * By the name of an initializer of Keras: the largest weight of a layer, which is drawn uniformly.
 *
 * Source: Glorot and Bengio 2010, equation 16; He et al. 2015, equation 10; LeCun et al. 1998, "Efficient BackProp".
 * @type {Record<string, (inputs: number, units: number) => number>}
 */
const LIMITS = {
  glorot_uniform: (inputs, units) => Math.sqrt(6 / (inputs + units)),
  he_uniform: (inputs) => Math.sqrt(6 / inputs),
  lecun_uniform: (inputs) => Math.sqrt(3 / inputs),
  zeros: () => 0,
};

export const INITIALIZERS = Object.keys(LIMITS);

/** Dense layers; all parameters are in one array, layer by layer, each with its kernel and then its bias. */
export class DenseNetwork {
  /**
   * @param {number[]} sizes Inputs, the units of each hidden layer, and outputs.
   * @param {{ activation: string, loss: string }} form
   */
  constructor(sizes, { activation, loss }) {
    this.sizes = sizes;
    const given = { function: activation, slope: activation === "leaky_relu" ? LEAK : 0 };
    const [value, linear] = [singleActivation(given), slopesOf(given)];
    if (!value || !ACTIVATIONS.includes(activation)) throw new RangeError(`unknown activation "${activation}"`);
    /** @type {Activation} */
    this.activation = { value, linear, slope: linear ? (z) => (z > 0 ? linear.above : z < 0 ? linear.below : linear.at0) : SLOPES[activation] };
    if (!LOSSES[loss]) throw new RangeError(`unknown loss "${loss}"`);
    this.loss = LOSSES[loss];
    const size = sizes.slice(1).reduce((total, units, k) => total + (sizes[k] + 1) * units, 0);
    this.parameters = new Float32Array(size);
    this.gradient = new Float32Array(size);
    this.layers = layersOf(sizes, this.parameters);
    this.gradients = layersOf(sizes, this.gradient);
    /** @type {Uint8Array[]} By hidden layer: 1 for each unit that is switched off. */
    this.off = sizes.slice(1, -1).map((units) => new Uint8Array(units));
    /** @type {LayerValues[]} */
    this.values = [];
    this.capacity = -1;
  }

  /**
   * Draw first weights, the same as `cutaway.mlp` with the same seed. Biases become 0.
   * @param {number} seed From 0 to 2**31 - 1.
   * @param {string} initializer One of `INITIALIZERS`.
   */
  draw(seed, initializer) {
    this.layers.forEach(({ inputs, units, kernel, bias }, k) => {
      const limit = LIMITS[initializer](inputs, units);
      if (limit) kernel.set(kerasUniform(foldSeed(seed, 2 * k), kernel.length, limit));
      else kernel.fill(0);
      bias.fill(0);
    });
  }

  /** @param {number} rows Number of samples to make room for. */
  #reserve(rows) {
    if (rows <= this.capacity) return;
    this.capacity = rows;
    this.values = this.layers.map(({ units }) => {
      const [sums, outputs, gradient] = Array.from({ length: 3 }, () => new Float32Array(rows * units));
      return { sums, outputs, gradient, gates: null };
    });
  }

  /**
   * Compute all layers but the activation of the last one, which belongs to the loss.
   * @param {Float32Array} x (sample, input)
   * @param {number} rows
   * @param {{ rate: number, random: () => number } | null} [dropout] In training: the share of units that is dropped,
   *   and uniform numbers from 0 to 1.
   * @returns {Float32Array} The sums of the last layer, (sample, output); overwritten by the next call.
   */
  forward(x, rows, dropout = null) {
    this.#reserve(rows);
    const last = this.layers.length - 1;
    this.layers.forEach((layer, k) => {
      const values = this.values[k];
      multiply(k ? this.values[k - 1].outputs : x, layer, values.sums, rows);
      if (k === last) return;
      const { value } = this.activation;
      const count = rows * layer.units;
      for (let i = 0; i < count; i++) values.outputs[i] = value(values.sums[i]);
      this.#drop(k, count, dropout);
    });
    return this.values[last].sums;
  }

  /**
   * @param {number} k
   * @param {number} count
   * @param {{ rate: number, random: () => number } | null} dropout
   */
  #drop(k, count, dropout) {
    const [values, off] = [this.values[k], this.off[k]];
    values.gates = null;
    if (!dropout?.rate && !off.includes(1)) return;
    const gates = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const stays = !off[i % off.length] && !(dropout && dropout.random() < dropout.rate);
      gates[i] = stays ? 1 / (1 - (dropout?.rate ?? 0)) : 0;
      values.outputs[i] *= gates[i];
    }
    values.gates = gates;
  }

  /**
   * The predictions for a batch; the outputs of all layers are kept in `values`.
   * @param {Float32Array} x (sample, input)
   * @param {number} rows
   * @returns {Float32Array} (sample, output)
   */
  predict(x, rows) {
    this.forward(x, rows);
    this.measure(new Float32Array(rows), rows); // of any targets
    return this.values[this.layers.length - 1].outputs.slice(0, rows * this.sizes[this.layers.length]);
  }

  /**
   * The mean loss of the batch of the last forward pass. Predictions and derivatives by the last sums are kept in `values`.
   * @param {Float32Array} y The class of each sample, or (sample, output) values.
   * @param {number} rows
   */
  measure(y, rows) {
    const { sums, outputs, gradient } = this.values[this.layers.length - 1];
    const units = this.sizes[this.sizes.length - 1];
    const columns = y.length / rows;
    let total = 0;
    for (let row = 0; row < rows; row++) {
      const part = (/** @type {Float32Array} */ array) => array.subarray(row * units, (row + 1) * units);
      const into = { outputs: part(outputs), gradient: part(gradient) };
      total += this.loss(part(sums), y.subarray(row * columns, (row + 1) * columns), into);
    }
    return total / rows;
  }

  /**
   * Go back through the layers after `measure`: `gradient` becomes the gradient of the mean loss by all parameters.
   * @param {Float32Array} x The batch of the last forward pass.
   * @param {number} rows
   */
  backward(x, rows) {
    this.gradient.fill(0);
    const last = this.values[this.layers.length - 1];
    const count = rows * this.sizes[this.sizes.length - 1];
    for (let i = 0; i < count; i++) last.gradient[i] /= rows;
    for (let k = this.layers.length - 1; k >= 0; k--) {
      const below = k ? this.values[k - 1] : null;
      const given = { inputs: below ? below.outputs : x, gradient: this.values[k].gradient, rows };
      addGradients(given, this.layers[k], this.gradients[k], below?.gradient ?? null);
      if (below) this.#throughActivation(below, rows * this.layers[k].inputs);
    }
  }

  /**
   * @param {LayerValues} values
   * @param {number} count
   */
  #throughActivation({ sums, outputs, gradient, gates }, count) {
    const { slope, value } = this.activation;
    for (let i = 0; i < count; i++) {
      if (gradient[i] === 0) continue;
      const gate = gates ? gates[i] : 1;
      gradient[i] *= gate * (gate ? slope(sums[i], gate === 1 ? outputs[i] : value(sums[i])) : 0);
    }
  }
}

/**
 * The parts of all parameters, or of their gradients, that belong to each layer.
 * @param {number[]} sizes
 * @param {Float32Array} parameters
 * @returns {DenseLayer[]}
 */
export function layersOf(sizes, parameters) {
  let first = 0;
  return sizes.slice(1).map((units, k) => {
    const inputs = sizes[k];
    const between = first + inputs * units;
    const [kernel, bias] = [parameters.subarray(first, between), parameters.subarray(between, between + units)];
    first = between + units;
    return { inputs, units, kernel, bias };
  });
}

/**
 * Weighted sums of a batch. Inputs of 0 are skipped: four fifths of the pixels of digits, half of the outputs of ReLUs.
 * @param {Float32Array} x (sample, input)
 * @param {DenseLayer} layer
 * @param {Float32Array} sums (sample, unit)
 * @param {number} rows
 */
function multiply(x, { inputs, units, kernel, bias }, sums, rows) {
  for (let row = 0; row < rows; row++) {
    const start = row * units;
    sums.set(bias, start);
    for (let i = 0; i < inputs; i++) {
      const value = x[row * inputs + i];
      if (value === 0) continue;
      const from = i * units;
      for (let u = 0; u < units; u++) sums[start + u] += value * kernel[from + u];
    }
  }
}

/**
 * Add what a batch contributes to the gradients of a layer, and compute the gradients of its inputs.
 * @param {{ inputs: Float32Array, gradient: Float32Array, rows: number }} given
 * @param {DenseLayer} layer
 * @param {DenseLayer} gradients
 * @param {Float32Array | null} below (sample, input): where the gradients of the inputs go; null if nobody needs them.
 */
function addGradients({ inputs: x, gradient, rows }, { inputs, units, kernel }, gradients, below) {
  for (let row = 0; row < rows; row++) {
    const start = row * units;
    for (let u = 0; u < units; u++) gradients.bias[u] += gradient[start + u];
    for (let i = 0; i < inputs; i++) {
      const value = x[row * inputs + i];
      const from = i * units;
      if (value !== 0) for (let u = 0; u < units; u++) gradients.kernel[from + u] += value * gradient[start + u];
      if (!below) continue;
      let sum = 0;
      for (let u = 0; u < units; u++) sum += kernel[from + u] * gradient[start + u];
      below[row * inputs + i] = sum;
    }
  }
}

/**
 * @typedef {object} Activation
 * @property {(z: number) => number} value
 * @property {(z: number, value: number) => number} slope The derivative at z, where the function has this value.
 * @property {{ above: number, below: number } | null} linear Its slopes above and below 0; null if it is curved.
 */

const logistic = (/** @type {number} */ z) => 1 / (1 + Math.exp(-z));

/** `keras.activations.leaky_relu` has this slope below 0. */
const LEAK = 0.2;

/** @type {Record<string, Activation["slope"]>} Of the curved ones. */
const SLOPES = {
  tanh: (_, value) => 1 - value * value,
  sigmoid: (_, value) => value * (1 - value),
  softplus: logistic,
  elu: (z, value) => (z > 0 ? 1 : value + 1),
  silu: (z, value) => value + logistic(z) * (1 - value),
  gelu: (z) => normalProbability(z) + (z * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI),
};

/** The names of all activations that a hidden layer can have here. */
export const ACTIVATIONS = ["relu", "leaky_relu", "linear", ...Object.keys(SLOPES)];

/**
 * @typedef {(sums: Float32Array, targets: Float32Array, into: { outputs: Float32Array, gradient: Float32Array }) => number} Loss
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
    const loss = LOSSES.mean_squared_error(outputs, outputs.map((_, k) => (k === label ? 1 : 0)), { outputs, gradient });
    const mean = gradient.reduce((sum, slope, k) => sum + slope * outputs[k], 0);
    for (let k = 0; k < sums.length; k++) gradient[k] = outputs[k] * (gradient[k] - mean);
    return loss;
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

/**
 * @param {Float32Array} sums
 * @param {Float32Array} probabilities
 */
function softmax(sums, probabilities) {
  probabilities.set(sums);
  softmaxAlong(probabilities, { size: sums.length });
}
