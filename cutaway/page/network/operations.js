// What each layer computes in evaluation, for one sample. `cutaway/models/exporting/operations.py` writes these layers.

import { activationOf } from "./activations.js";
import { groupsAlong, repeatTo, runsAlong, valueCount } from "./tensors.js";

/**
 * @typedef {object} LayerSpec
 * @property {string} name
 * @property {string} kind Its class in Keras.
 * @property {string[]} inputs Names of what it reads.
 * @property {number[]} shape Of one sample in its output.
 * @property {string} operation What it computes.
 * @property {Record<string, any>} settings Of the operation.
 * @property {Record<string, number>} weights Names of its weights, and their places in the model.
 */

/** @typedef {{ values: Float32Array, shape: number[] }} Weight */

/**
 * @typedef {object} LayerParts A layer with its weights.
 * @property {LayerSpec} layer
 * @property {number[][]} shapes Of one sample in each of its inputs.
 * @property {Record<string, Weight>} weights By name.
 */

/** @typedef {(sources: Float32Array[], target: Float32Array) => void} Operation */

/** @typedef {{ run: Operation, activate: ((values: Float32Array) => void) | null }} CompiledLayer */

/** @type {Record<string, (parts: LayerParts) => Operation>} */
const LAYER_OPERATIONS = {
  same: () => copyFirst,
  activation: () => copyFirst,
  dense: denseOperation,
  members: denseOperation,
  mean: meanOperation,
  affine: affineOperation,
  prelu: slopesOperation,
  layer_norm: layerNormOperation,
  add: () => mergeOperation((a, b) => a + b),
  subtract: () => mergeOperation((a, b) => a - b),
  multiply: () => mergeOperation((a, b) => a * b),
  maximum: () => mergeOperation(Math.max),
  minimum: () => mergeOperation(Math.min),
  average: ({ layer }) => mergeOperation((a, b) => a + b, layer.inputs.length),
  concatenate: concatenateOperation,
};

/**
 * Make the function that computes a layer, and the one that applies its activation to the result in place.
 * @param {LayerParts} parts
 * @returns {CompiledLayer}
 */
export function compileLayer(parts) {
  const { layer, shapes } = parts;
  const make = LAYER_OPERATIONS[layer.operation];
  if (!make) throw new RangeError(`layer "${layer.name}" does "${layer.operation}", which is not known here`);
  const axis = layer.settings.axis ?? layer.shape.length - 1;
  const takesActivation = ["dense", "members", "activation"].includes(layer.operation);
  const activate = takesActivation ? activationOf(layer.settings, runsAlong(layer.shape, axis)) : null;
  if (layer.inputs.length !== shapes.length) throw new RangeError(`layer "${layer.name}" reads a layer that does not exist`);
  return { run: make(parts), activate };
}

/** @type {Operation} */
function copyFirst([source], target) {
  target.set(source);
}

/**
 * Where the inputs, weights, biases and sums of each product of a Dense layer are: one for each row of its input, or one for
 * each member of an ensemble, whose members read one input together, or one of each.
 * @param {LayerParts} parts
 */
export function productsOf({ layer, shapes: [shape], weights: { kernel } }) {
  const [features, units] = kernel.shape.slice(-2);
  if (layer.operation === "members") {
    const step = shape.length === 1 ? 0 : features;
    const member = (/** @type {number} */ k) => ({ first: k * step, kernelFirst: k * features * units, biasFirst: k * units, unitFirst: k * units });
    return { features, units, places: Array.from({ length: kernel.shape[0] }, (_, k) => member(k)) };
  }
  const row = (/** @type {number} */ k) => ({ first: k * features, kernelFirst: 0, biasFirst: 0, unitFirst: k * units });
  return { features, units, places: Array.from({ length: valueCount(shape) / features }, (_, k) => row(k)) };
}

/**
 * @param {LayerParts} parts
 * @returns {Operation}
 */
function denseOperation(parts) {
  const { kernel, bias } = parts.weights;
  const { features, units, places } = productsOf(parts);
  const sums = new Float64Array(units);
  const memory = new Int32Array(features);
  return ([source], target) => {
    for (const { first, kernelFirst, biasFirst, unitFirst } of places) {
      if (bias) sums.set(bias.values.subarray(biasFirst, biasFirst + units));
      else sums.fill(0);
      addProduct(source, kernel.values, sums, { first, features, kernelFirst, places: memory });
      target.set(sums, unitFirst);
    }
  };
}

/**
 * The mean over the first axis.
 * @param {LayerParts} parts
 * @returns {Operation}
 */
function meanOperation({ shapes: [[rows, columns]] }) {
  return ([source], target) => {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += source[row * columns + column];
      target[column] = sum / rows;
    }
  };
}

/**
 * The weights of an affine operation, one for each value of a sample.
 * @param {LayerParts} parts
 * @returns {{ center: Float32Array | null, factor: Float32Array | null, shift: Float32Array | null }}
 */
export function affineParts({ layer, weights }) {
  const repeated = (/** @type {string} */ name) =>
    weights[name] ? repeatTo(weights[name].values, weights[name].shape, layer.shape) : null;
  return { center: repeated("center"), factor: repeated("factor"), shift: repeated("shift") };
}

/**
 * (x - center) * factor + shift.
 * @param {LayerParts} parts
 * @returns {Operation}
 */
function affineOperation(parts) {
  const { center, factor, shift } = affineParts(parts);
  return ([source], target) => {
    for (let i = 0; i < target.length; i++) {
      target[i] = (source[i] - (center ? center[i] : 0)) * (factor ? factor[i] : 1) + (shift ? shift[i] : 0);
    }
  };
}

/**
 * A ReLU with a slope of its own below 0 for each value.
 * @param {LayerParts} parts
 * @returns {Operation}
 */
function slopesOperation({ layer, weights: { alpha } }) {
  const slopes = repeatTo(alpha.values, alpha.shape, layer.shape);
  return ([source], target) => {
    for (let i = 0; i < target.length; i++) target[i] = source[i] > 0 ? source[i] : slopes[i] * source[i];
  };
}

/**
 * @param {LayerParts} parts
 * @returns {Operation}
 */
function layerNormOperation({ layer, weights }) {
  const { groups, count } = groupsAlong(layer.shape, layer.settings.axes);
  const [means, variances] = [new Float64Array(count), new Float64Array(count)];
  const members = groups.length / count;
  const { factor, shift } = affineParts({ layer, shapes: [layer.shape], weights });
  return ([source], target) => {
    means.fill(0);
    variances.fill(0);
    for (let i = 0; i < groups.length; i++) means[groups[i]] += source[i] / members;
    for (let i = 0; i < groups.length; i++) variances[groups[i]] += (source[i] - means[groups[i]]) ** 2 / members;
    for (let i = 0; i < groups.length; i++) {
      const scaled = (source[i] - means[groups[i]]) / Math.sqrt(variances[groups[i]] + layer.settings.epsilon);
      target[i] = scaled * (factor ? factor[i] : 1) + (shift ? shift[i] : 0);
    }
  };
}

/**
 * @param {(a: number, b: number) => number} combine
 * @param {number} [divisor] of the result
 * @returns {Operation}
 */
function mergeOperation(combine, divisor = 1) {
  return (sources, target) => {
    target.set(sources[0]);
    for (const source of sources.slice(1)) {
      for (let i = 0; i < target.length; i++) target[i] = combine(target[i], source[i]);
    }
    if (divisor !== 1) for (let i = 0; i < target.length; i++) target[i] /= divisor;
  };
}

/**
 * @param {LayerParts} parts
 * @returns {Operation}
 */
function concatenateOperation({ layer, shapes }) {
  const { outer, inner, size } = runsAlong(layer.shape, layer.settings.axis);
  return (sources, target) => {
    let first = 0;
    sources.forEach((source, number) => {
      const width = shapes[number][layer.settings.axis] * inner;
      for (let block = 0; block < outer; block++) {
        target.set(source.subarray(block * width, (block + 1) * width), block * size * inner + first);
      }
      first += width;
    });
  };
}

/**
 * Add the product of inputs with a kernel to sums.
 *
 * Inputs that are zero are skipped, and four others are taken at a time, so each sum is read and written a quarter
 * as often.
 * @param {Float32Array} inputs Only `features` of them, from `first` on.
 * @param {Float32Array} kernel (feature, unit), from `kernelFirst` on.
 * @param {Float64Array} sums One for each unit.
 * @param {{ first: number, features: number, kernelFirst: number, places: Int32Array }} where `places` is working
 *   memory for at least `features` numbers.
 */
function addProduct(inputs, kernel, sums, { first, features, kernelFirst, places }) {
  const units = sums.length;
  let found = 0;
  for (let i = 0; i < features; i++) if (inputs[first + i] !== 0) places[found++] = i;
  let at = 0;
  for (; at + 4 <= found; at += 4) {
    const [p, q, r, s] = [places[at], places[at + 1], places[at + 2], places[at + 3]];
    const [a, b, c, d] = [inputs[first + p], inputs[first + q], inputs[first + r], inputs[first + s]];
    const [ka, kb] = [kernelFirst + p * units, kernelFirst + q * units];
    const [kc, kd] = [kernelFirst + r * units, kernelFirst + s * units];
    for (let j = 0; j < units; j++) {
      sums[j] += a * kernel[ka + j] + b * kernel[kb + j] + (c * kernel[kc + j] + d * kernel[kd + j]);
    }
  }
  for (; at < found; at++) {
    const value = inputs[first + places[at]];
    const row = kernelFirst + places[at] * units;
    for (let j = 0; j < units; j++) sums[j] += value * kernel[row + j];
  }
}

/**
 * Add the product of gradients with the transposed kernel to the gradients of the inputs.
 * @param {Float64Array} gradients One for each unit, from `gradientFirst` on.
 * @param {Float32Array} kernel (feature, unit), from `kernelFirst` on.
 * @param {Float64Array} sums Those of `features` inputs, from `first` on.
 * @param {{ first: number, features: number, units: number, kernelFirst: number, gradientFirst: number }} where
 */
export function addTransposedProduct(gradients, kernel, sums, { first, features, units, kernelFirst, gradientFirst }) {
  for (let i = 0; i < features; i++) {
    const row = kernelFirst + i * units;
    let sum = 0;
    for (let j = 0; j < units; j++) sum += kernel[row + j] * gradients[gradientFirst + j];
    sums[first + i] += sum;
  }
}
