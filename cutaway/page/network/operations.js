// What each layer computes in evaluation, for one sample, and how a change of its output changes its inputs.
// `cutaway/models/exporting/operations.py` writes these layers.

import { activationOf, slopesOf } from "./activations.js";
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

/**
 * @typedef {object} BackwardStep What a layer needs to pass gradients on.
 * @property {Float64Array} gradients Of the difference by its output.
 * @property {Float32Array} output
 * @property {Float32Array[]} sources The values of its inputs.
 * @property {Float64Array[]} into The gradients by its inputs, to which is added.
 */

/** @typedef {(step: BackwardStep) => number} Backward Returns what the biases of the layer add to the difference. */

/** @typedef {(sources: Float32Array[], target: Float32Array) => void} Forward */

/** @typedef {{ run: Forward, pass?: Backward }} Operation `pass`: none if it is not piecewise linear. */

/**
 * @typedef {{ run: Forward, activate: ((values: Float32Array) => void) | null, pass: Backward | null }} CompiledLayer
 *   `pass`: also through the activation; null if one of them is not piecewise linear.
 */

/** @type {Operation} Of one input, the input itself. */
const SUM = { run: merging((a, b) => a + b), pass: weighted(() => 1) };

/** @type {Record<string, (parts: LayerParts) => Operation>} */
const LAYER_OPERATIONS = {
  same: () => SUM,
  activation: () => SUM,
  dense: denseOperation,
  members: denseOperation,

  /** The mean over the first axis. */
  mean({ shapes: [[rows, columns]] }) {
    return {
      run([source], target) {
        for (let column = 0; column < columns; column++) {
          let sum = 0;
          for (let row = 0; row < rows; row++) sum += source[row * columns + column];
          target[column] = sum / rows;
        }
      },
      pass({ gradients, into: [into] }) {
        for (let i = 0; i < into.length; i++) into[i] += gradients[i % columns] / rows;
        return 0;
      },
    };
  },

  /** (x - center) * factor + shift. */
  affine(parts) {
    const [center, factor, shift] = ["center", "factor", "shift"].map((name) => repeatedWeight(parts, name));
    return {
      run([source], target) {
        for (let i = 0; i < target.length; i++) {
          target[i] = (source[i] - (center ? center[i] : 0)) * (factor ? factor[i] : 1) + (shift ? shift[i] : 0);
        }
      },
      pass({ gradients, into: [into] }) {
        let offset = 0;
        for (let i = 0; i < gradients.length; i++) {
          const slope = factor ? factor[i] : 1;
          into[i] += gradients[i] * slope;
          offset += gradients[i] * ((shift ? shift[i] : 0) - (center ? center[i] : 0) * slope);
        }
        return offset;
      },
    };
  },

  /** A ReLU with a slope of its own below 0 for each value. */
  prelu({ layer, weights: { alpha } }) {
    const slopes = repeatTo(alpha.values, alpha.shape, layer.shape);
    return {
      run([source], target) {
        for (let i = 0; i < target.length; i++) target[i] = source[i] > 0 ? source[i] : slopes[i] * source[i];
      },
      pass({ gradients, sources: [source], into: [into] }) {
        for (let i = 0; i < gradients.length; i++) into[i] += gradients[i] * (source[i] > 0 ? 1 : source[i] < 0 ? slopes[i] : 0);
        return 0;
      },
    };
  },

  layer_norm(parts) {
    const { axes, epsilon } = parts.layer.settings;
    const { groups, count } = groupsAlong(parts.layer.shape, axes);
    const [means, variances] = [new Float64Array(count), new Float64Array(count)];
    const members = groups.length / count;
    const [factor, shift] = ["factor", "shift"].map((name) => repeatedWeight(parts, name));
    return {
      run([source], target) {
        means.fill(0);
        variances.fill(0);
        for (let i = 0; i < groups.length; i++) means[groups[i]] += source[i] / members;
        for (let i = 0; i < groups.length; i++) variances[groups[i]] += (source[i] - means[groups[i]]) ** 2 / members;
        for (let i = 0; i < groups.length; i++) {
          const scaled = (source[i] - means[groups[i]]) / Math.sqrt(variances[groups[i]] + epsilon);
          target[i] = scaled * (factor ? factor[i] : 1) + (shift ? shift[i] : 0);
        }
      },
    };
  },

  add: () => SUM,
  subtract: () => ({ run: merging((a, b) => a - b), pass: weighted((number) => (number ? -1 : 1)) }),
  multiply: () => ({ run: merging((a, b) => a * b) }),
  maximum: () => ({ run: merging(Math.max), pass: toExtreme((a, b) => a > b) }),
  minimum: () => ({ run: merging(Math.min), pass: toExtreme((a, b) => a < b) }),
  average: ({ layer: { inputs } }) => ({ run: merging((a, b) => a + b, inputs.length), pass: weighted(() => 1 / inputs.length) }),

  concatenate({ layer, shapes }) {
    const { axis } = layer.settings;
    const { outer, inner, size } = runsAlong(layer.shape, axis);
    let first = 0;
    const blocks = shapes.map((shape) => {
      const block = { width: shape[axis] * inner, first };
      first += block.width;
      return block;
    });
    return {
      run(sources, target) {
        blocks.forEach(({ width, first: start }, number) => {
          for (let at = 0; at < outer; at++) target.set(sources[number].subarray(at * width, (at + 1) * width), at * size * inner + start);
        });
      },
      pass({ gradients, into }) {
        blocks.forEach(({ width, first: start }, number) => {
          for (let i = 0; i < outer * width; i++) into[number][i] += gradients[Math.floor(i / width) * size * inner + start + (i % width)];
        });
        return 0;
      },
    };
  },
};

/**
 * Make the functions that compute a layer, apply its activation to the result in place, and pass gradients through both.
 * @param {LayerParts} parts
 * @param {boolean} ends Whether the layer ends the model with a softmax or a sigmoid, through which no gradients are passed.
 * @returns {CompiledLayer}
 */
export function compileLayer(parts, ends) {
  const { layer, shapes } = parts;
  const make = LAYER_OPERATIONS[layer.operation];
  if (!make) throw new RangeError(`layer "${layer.name}" does "${layer.operation}", which is not known here`);
  const axis = layer.settings.axis ?? layer.shape.length - 1;
  const takesActivation = ["dense", "members", "activation"].includes(layer.operation);
  const activate = takesActivation ? activationOf(layer.settings, runsAlong(layer.shape, axis)) : null;
  if (layer.inputs.length !== shapes.length) throw new RangeError(`layer "${layer.name}" reads a layer that does not exist`);
  const { run, pass } = make(parts);
  const slopes = slopesOf(layer.settings);
  if (!pass || ends || !slopes) return { run, activate, pass: (ends && pass) || null };
  const { above, below, at0 } = slopes;
  return {
    run,
    activate,
    pass: (step) => {
      // around 0 the output has the sign of the activation's input
      const given = layer.operation === "activation" ? step.sources[0] : step.output;
      return pass({ ...step, gradients: step.gradients.map((value, i) => value * (given[i] > 0 ? above : given[i] < 0 ? below : at0)) });
    },
  };
}

/**
 * A product for each row of the input, or for each member of an ensemble, whose members read one input together, or one of each.
 * @param {LayerParts} parts
 * @returns {Operation}
 */
function denseOperation({ layer, shapes: [shape], weights: { kernel, bias } }) {
  const [features, units] = kernel.shape.slice(-2);
  const areMembers = layer.operation === "members";
  const step = areMembers && shape.length === 1 ? 0 : features;
  const places = Array.from({ length: areMembers ? kernel.shape[0] : valueCount(shape) / features }, (_, k) => {
    const [kernelFirst, biasFirst] = areMembers ? [k * features * units, k * units] : [0, 0];
    return { first: k * step, kernelFirst, biasFirst, unitFirst: k * units };
  });
  const sums = new Float64Array(units);
  const memory = new Int32Array(features);
  return {
    run([source], target) {
      for (const { first, kernelFirst, biasFirst, unitFirst } of places) {
        if (bias) sums.set(bias.values.subarray(biasFirst, biasFirst + units));
        else sums.fill(0);
        addProduct(source, kernel.values, sums, { first, features, kernelFirst, places: memory });
        target.set(sums, unitFirst);
      }
    },
    pass({ gradients, into: [into] }) {
      let offset = 0;
      for (const { first, kernelFirst, biasFirst, unitFirst } of places) {
        for (let i = 0; i < features; i++) {
          const row = kernelFirst + i * units;
          let sum = 0;
          for (let j = 0; j < units; j++) sum += kernel.values[row + j] * gradients[unitFirst + j];
          into[first + i] += sum;
        }
        if (bias) for (let j = 0; j < units; j++) offset += bias.values[biasFirst + j] * gradients[unitFirst + j];
      }
      return offset;
    },
  };
}

/**
 * A weight of a layer, repeated for each value of a sample; null if the layer has none of this name.
 * @param {LayerParts} parts
 * @param {string} name
 */
function repeatedWeight({ layer, weights }, name) {
  return weights[name] ? repeatTo(weights[name].values, weights[name].shape, layer.shape) : null;
}

/**
 * @param {(a: number, b: number) => number} combine
 * @param {number} [divisor] of the result
 * @returns {Forward}
 */
function merging(combine, divisor = 1) {
  return (sources, target) => {
    target.set(sources[0]);
    for (const source of sources.slice(1)) {
      for (let i = 0; i < target.length; i++) target[i] = combine(target[i], source[i]);
    }
    if (divisor !== 1) for (let i = 0; i < target.length; i++) target[i] /= divisor;
  };
}

/**
 * @param {(number: number) => number} factorOf What an input is multiplied by in the sum, by its number.
 * @returns {Backward}
 */
function weighted(factorOf) {
  return ({ gradients, into }) => {
    into.forEach((one, number) => {
      const factor = factorOf(number);
      for (let i = 0; i < gradients.length; i++) one[i] += gradients[i] * factor;
    });
    return 0;
  };
}

/**
 * Of a maximum or a minimum, taken input by input: among equal values the earlier ones and the next share the gradient.
 * @param {(a: number, b: number) => boolean} wins
 * @returns {Backward}
 */
function toExtreme(wins) {
  return ({ gradients, sources, into }) => {
    for (let i = 0; i < gradients.length; i++) {
      const shares = sources.map(() => 0);
      shares[0] = 1;
      let best = sources[0][i];
      for (let number = 1; number < sources.length; number++) {
        const value = sources[number][i];
        const share = wins(value, best) ? 1 : value === best ? 0.5 : 0;
        for (let before = 0; before < number; before++) shares[before] *= 1 - share;
        shares[number] = share;
        if (share === 1) best = value;
      }
      into.forEach((one, number) => (one[i] += gradients[i] * shares[number]));
    }
    return 0;
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
