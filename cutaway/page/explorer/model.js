import { Explainer } from "../network/explaining.js";
import { Network } from "../network/forward.js";

/**
 * @typedef {{ spec: import("../network/forward.js").NetworkSpec, weights: number[], preparation: any, drawing: any }} NetworkRecord
 */

/** The model of a run, and the raw samples that it gets. */
export class PageModel {
  /** @type {{ layer: string, values: Promise<Float32Array> } | null} */
  #computed = null;

  /**
   * @param {NetworkRecord} record
   * @param {Network} network
   * @param {Uint8Array | Float32Array} inputs
   */
  constructor(record, network, inputs) {
    this.preparation = record.preparation;
    this.drawing = record.drawing;
    this.network = network;
    this.explainer = new Explainer(network);
    this.inputs = inputs;
  }

  /**
   * @param {import("./samples.js").ExplorerRecord} record
   * @param {import("../core/bundle.js").Bundle} bundle
   * @returns {Promise<PageModel | null>} null where the page cannot compute the model
   */
  static async load(record, bundle) {
    if (!record.network) return null;
    const weights = await Promise.all(record.network.weights.map((/** @type {number} */ k) => bundle.array(k)));
    const inputs = await bundle.array(record.inputs ?? /** @type {any} */ (record.images).array);
    return new PageModel(record.network, new Network(record.network.spec, weights), inputs);
  }

  /**
   * The activations of a layer for all samples, computed once.
   * @param {string} layer
   * @param {Float32Array | Uint8Array} rows
   * @param {(done: number, all: number) => void} onProgress
   * @returns {Promise<Float32Array>} (sample, unit)
   */
  activations(layer, rows, onProgress) {
    if (this.#computed?.layer !== layer) {
      // of one layer: 20 MB for 10,000 samples and 512 units
      this.#computed = { layer, values: this.network.forwardMany(rows, { layer, onProgress }) };
    }
    return this.#computed.values;
  }

  /**
   * The raw values of a sample.
   * @param {number} index
   */
  input(index) {
    const size = this.network.inputSize;
    return this.inputs.subarray(size * index, size * (index + 1));
  }
}
