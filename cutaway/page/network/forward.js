// The forward pass of a model in the browser, as `cutaway.models.ForwardPass` computes it in Python.

import { softmaxAlong } from "./activations.js";
import { compileLayer } from "./operations.js";
import { decodeFloat16, valueCount } from "./tensors.js";

/** @typedef {import("./operations.js").LayerSpec} LayerSpec */
/** @typedef {import("./operations.js").Weight} Weight */

/**
 * @typedef {object} NetworkSpec
 * @property {number} scale The value of a raw sample that becomes 1.
 * @property {{ name: string, shape: number[] }} input
 * @property {LayerSpec[]} layers In an order that can be computed.
 * @property {string} output Name of the last layer.
 * @property {string} hidden Name of the layer that people look at first: the last hidden one.
 * @property {{ name: string, shape: number[], factor: number }[]} weights What each array of weights is, and what its
 *   numbers are multiplied by.
 */

/** @typedef {Float32Array | Uint8Array | Uint8ClampedArray | number[]} RawValues */

/**
 * @typedef {object} ForwardValues
 * @property {Map<string, Float32Array>} outputs Of each layer, by its name.
 * @property {Float32Array} probabilities One for each class.
 * @property {Float32Array} logits One for each class; of a model with one output unit 0 for class 0.
 */

/** Activations that are left out of the logits where they end the model. */
const ENDING_ACTIVATIONS = ["softmax", "log_softmax", "sigmoid"];

/** Activations whose values are probabilities. */
const PROBABILITY_ACTIVATIONS = ["softmax", "sigmoid", "hard_sigmoid"];

/** Milliseconds of work before the page gets its turn. */
const LONGEST_CHUNK = 24;

/** A model that runs in the browser, one sample at a time. */
export class Network {
  /**
   * @param {NetworkSpec} spec
   * @param {ArrayLike<Float32Array | Uint16Array>} weights In the order of `spec.weights`: float32 numbers, or the bits
   *   of float16 numbers.
   */
  constructor(spec, weights) {
    this.spec = spec;
    /** @type {Weight[]} */
    this.weights = spec.weights.map(({ shape, factor }, at) => {
      const array = weights[at];
      const values = array instanceof Uint16Array ? decodeFloat16(array, factor) : Float32Array.from(array, (value) => value * factor);
      return { values, shape };
    });
    this.inputSize = valueCount(spec.input.shape);
    const shapes = new Map([[spec.input.name, spec.input.shape]]);
    this.parts = spec.layers.map((layer) => {
      const named = Object.entries(layer.weights).map(([name, at]) => [name, this.weights[at]]);
      const found = layer.inputs.map((name) => shapes.get(name)).filter((shape) => shape !== undefined);
      shapes.set(layer.name, layer.shape);
      return { layer, shapes: found, weights: /** @type {Record<string, Weight>} */ (Object.fromEntries(named)) };
    });
    this.ending = String(this.layer(spec.output).settings.function ?? "linear");
    /** Whether the last activation is left out of the logits. */
    this.isOpen = ENDING_ACTIVATIONS.includes(this.ending);
    this.compiled = this.parts.map((part) => compileLayer(part, this.isOpen && part.layer.name === spec.output));
  }

  /**
   * @param {string} name
   * @returns {LayerSpec}
   */
  layer(name) {
    const found = this.spec.layers.find((layer) => layer.name === name);
    if (!found) throw new RangeError(`the model has no layer "${name}"`);
    return found;
  }

  /**
   * Compute all layers, with the logits as the value of the last one.
   * @param {RawValues} input One raw sample.
   * @param {Set<string> | null} [wanted] Names of the layers to compute; all if null.
   * @returns {{ values: Map<string, Float32Array>, logits: Float32Array }} Values of the prepared input and of layers.
   */
  trace(input, wanted = null) {
    if (input.length !== this.inputSize) {
      throw new RangeError(`the model takes ${this.inputSize} values, not ${input.length}`);
    }
    const prepared = Float32Array.from(input);
    if (this.spec.scale !== 1) for (let i = 0; i < prepared.length; i++) prepared[i] /= this.spec.scale;
    const values = new Map([[this.spec.input.name, prepared]]);
    this.compiled.forEach(({ run, activate }, at) => {
      const { name, inputs, shape } = this.spec.layers[at];
      if (wanted && !wanted.has(name)) return;
      const target = new Float32Array(valueCount(shape));
      run(inputs.map((source) => /** @type {Float32Array} */ (values.get(source))), target);
      if (!this.isOpen || name !== this.spec.output) activate?.(target);
      values.set(name, target);
    });
    const last = values.get(this.spec.output) ?? new Float32Array(0);
    return { values, logits: last.length === 1 ? Float32Array.of(0, last[0]) : last };
  }

  /**
   * Compute the outputs of all layers and the probabilities.
   * @param {RawValues} input One raw sample, flat, before it is divided by the scale.
   * @returns {ForwardValues}
   */
  forward(input) {
    const { values, logits } = this.trace(input);
    const outputs = new Map(this.spec.layers.map(({ name }) => [name, values.get(name) ?? new Float32Array(0)]));
    const output = Float32Array.from(values.get(this.spec.output) ?? []);
    const { activate } = this.compiled[this.spec.layers.findIndex(({ name }) => name === this.spec.output)];
    if (this.isOpen) activate?.(output);
    outputs.set(this.spec.output, output);
    // as `cutaway.models.class_probabilities` makes them
    const areProbabilities = PROBABILITY_ACTIVATIONS.includes(this.ending);
    const probabilities = output.length === 1 ? Float32Array.of(areProbabilities ? 1 - output[0] : 0, output[0]) : output.slice();
    if (!areProbabilities) softmaxAlong(probabilities, { size: probabilities.length });
    return { outputs, probabilities, logits };
  }

  /**
   * Compute one layer for many samples, in chunks between which the page gets its turn.
   * @param {Float32Array | Uint8Array} rows Raw samples, one after another.
   * @param {{ layer: string, onProgress?: (done: number, all: number) => void }} options
   * @returns {Promise<Float32Array>} (sample, unit)
   */
  async forwardMany(rows, { layer, onProgress }) {
    const samples = rows.length / this.inputSize;
    const units = valueCount(this.layer(layer).shape);
    const wanted = this.#neededFor(layer);
    const found = new Float32Array(samples * units);
    let started = performance.now();
    for (let sample = 0; sample < samples; sample++) {
      const row = rows.subarray(sample * this.inputSize, (sample + 1) * this.inputSize);
      const outputs = layer === this.spec.output ? this.forward(row).outputs : this.trace(row, wanted).values;
      found.set(outputs.get(layer) ?? [], sample * units);
      if (performance.now() - started > LONGEST_CHUNK) {
        onProgress?.(sample + 1, samples);
        await new Promise((resolve) => setTimeout(resolve));
        started = performance.now();
      }
    }
    onProgress?.(samples, samples);
    return found;
  }

  /**
   * The names of a layer and of all layers that it depends on.
   * @param {string} layer
   * @returns {Set<string>}
   */
  #neededFor(layer) {
    const needed = new Set([layer]);
    for (const { name, inputs } of [...this.spec.layers].reverse()) {
      if (needed.has(name)) for (const source of inputs) needed.add(source);
    }
    return needed;
  }
}
