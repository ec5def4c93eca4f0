import { Explainer } from "../network/explaining.js";
import { Network } from "../network/forward.js";

/**
 * @typedef {{ spec: import("../network/forward.js").NetworkSpec, weights: number[], preparation: any, drawing: any }} NetworkRecord
 */

/** The model of a run, and the raw samples that it gets. */
export class PageModel {
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
    const inputs = await bundle.array(record.inputs ?? /** @type {any} */ (record.pictures).array);
    return new PageModel(record.network, new Network(record.network.spec, weights), inputs);
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
