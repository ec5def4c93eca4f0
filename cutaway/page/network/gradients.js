// How a change of a layer's output changes its inputs, for layers that are linear around a sample.

import { slopesOf } from "./activations.js";
import { addTransposedProduct, affineParts, productsOf } from "./operations.js";
import { repeatTo, runsAlong } from "./tensors.js";

/** @typedef {import("./operations.js").LayerParts} LayerParts */

/**
 * @typedef {object} BackwardStep What a layer needs to pass gradients on.
 * @property {Float64Array} gradients Of the difference by its output.
 * @property {Float32Array} output
 * @property {Float32Array[]} sources The values of its inputs.
 * @property {Float64Array[]} into The gradients by its inputs, to which is added.
 */

/** @typedef {(step: BackwardStep) => number} Backward Returns what the biases of the layer add to the difference. */

/** @type {Record<string, (parts: LayerParts) => Backward>} */
const LAYER_GRADIENTS = {
  same: () => passOn,
  activation: () => passOn,
  dense: denseGradients,
  members: denseGradients,
  mean: meanGradients,
  affine: affineGradients,
  prelu: preluGradients,
  add: () => sumGradients(() => 1),
  subtract: () => sumGradients((number) => (number ? -1 : 1)),
  average: ({ layer }) => sumGradients(() => 1 / layer.inputs.length),
  maximum: () => extremeGradients((a, b) => a > b),
  minimum: () => extremeGradients((a, b) => a < b),
  concatenate: concatenateGradients,
};

/**
 * Make the function that passes gradients through a layer; null if it is not piecewise linear.
 * @param {LayerParts} parts
 * @param {boolean} ends Whether the layer ends the model with a softmax or a sigmoid, which is left out.
 * @returns {Backward | null}
 */
export function compileGradients(parts, ends) {
  const make = LAYER_GRADIENTS[parts.layer.operation];
  if (!make) return null;
  const pass = make(parts);
  if (ends) return pass;
  const slopes = slopesOf(parts.layer.settings);
  if (!slopes) return null;
  const { above, below, at0 } = slopes;
  return (step) => {
    // around 0 the output has the sign of the activation's input
    const given = parts.layer.operation === "activation" ? step.sources[0] : step.output;
    const scaled = step.gradients.map((value, i) => value * (given[i] > 0 ? above : given[i] < 0 ? below : at0));
    return pass({ ...step, gradients: scaled });
  };
}

/** @type {Backward} */
function passOn({ gradients, into: [into] }) {
  for (let i = 0; i < gradients.length; i++) into[i] += gradients[i];
  return 0;
}

/**
 * @param {LayerParts} parts
 * @returns {Backward}
 */
function denseGradients(parts) {
  const { kernel, bias } = parts.weights;
  const { features, units, places } = productsOf(parts);
  return ({ gradients, into: [into] }) => {
    let offset = 0;
    for (const { first, kernelFirst, biasFirst, unitFirst } of places) {
      addTransposedProduct(gradients, kernel.values, into, { first, features, units, kernelFirst, gradientFirst: unitFirst });
      if (bias) for (let j = 0; j < units; j++) offset += bias.values[biasFirst + j] * gradients[unitFirst + j];
    }
    return offset;
  };
}

/**
 * @param {LayerParts} parts
 * @returns {Backward}
 */
function meanGradients({ shapes: [[rows, columns]] }) {
  return ({ gradients, into: [into] }) => {
    for (let i = 0; i < into.length; i++) into[i] += gradients[i % columns] / rows;
    return 0;
  };
}

/**
 * @param {LayerParts} parts
 * @returns {Backward}
 */
function affineGradients(parts) {
  const { center, factor, shift } = affineParts(parts);
  return ({ gradients, into: [into] }) => {
    let offset = 0;
    for (let i = 0; i < gradients.length; i++) {
      const slope = factor ? factor[i] : 1;
      into[i] += gradients[i] * slope;
      offset += gradients[i] * ((shift ? shift[i] : 0) - (center ? center[i] : 0) * slope);
    }
    return offset;
  };
}

/**
 * @param {LayerParts} parts
 * @returns {Backward}
 */
function preluGradients({ layer, weights: { alpha } }) {
  const slopes = repeatTo(alpha.values, alpha.shape, layer.shape);
  return ({ gradients, sources: [source], into: [into] }) => {
    for (let i = 0; i < gradients.length; i++) {
      into[i] += gradients[i] * (source[i] > 0 ? 1 : source[i] < 0 ? slopes[i] : 0);
    }
    return 0;
  };
}

/**
 * @param {(number: number) => number} factorOf What an input is multiplied by in the sum, by its number.
 * @returns {Backward}
 */
function sumGradients(factorOf) {
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
function extremeGradients(wins) {
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
 * @param {LayerParts} parts
 * @returns {Backward}
 */
function concatenateGradients({ layer, shapes }) {
  const { outer, inner, size } = runsAlong(layer.shape, layer.settings.axis);
  return ({ gradients, into }) => {
    let first = 0;
    into.forEach((one, number) => {
      const width = shapes[number][layer.settings.axis] * inner;
      for (let i = 0; i < outer * width; i++) {
        one[i] += gradients[Math.floor(i / width) * size * inner + first + (i % width)];
      }
      first += width;
    });
    return 0;
  };
}
