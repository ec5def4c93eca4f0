/**
 * Where a layer's layout at a place of the time slider is kept.
 * @typedef {{ a: string, b: string, t: number }} Place
 */

/** The layouts of all layers and epochs, loaded when they are wanted. */
export class Layouts {
  /** @type {Map<string, Uint16Array<ArrayBuffer>>} */
  loaded = new Map();

  /**
   * @param {import("./samples.js").ExplorerRecord} record
   * @param {import("../core/bundle.js").Bundle} bundle
   */
  constructor(record, bundle) {
    this.record = record;
    this.bundle = bundle;
  }

  /**
   * @param {number} layer
   * @param {number} epoch its place among the epochs, between two of them as well
   * @returns {Place}
   */
  place(layer, epoch) {
    const count = this.record.layers[layer].layouts.length;
    if (count === 1) return { a: `${layer}/0`, b: `${layer}/0`, t: 0 };
    const before = Math.min(count - 1, Math.floor(epoch));
    const after = Math.min(count - 1, before + 1);
    return { a: `${layer}/${before}`, b: `${layer}/${after}`, t: epoch - before };
  }

  /**
   * Load a layout.
   * @param {string} key
   * @returns {Promise<Uint16Array<ArrayBuffer>>}
   */
  async load(key) {
    const [layer, epoch] = key.split("/").map(Number);
    const positions = await this.bundle.array(this.record.layers[layer].layouts[epoch]);
    this.loaded.set(key, positions);
    return positions;
  }

  /** All keys, those of the kept epoch first, from there outward. */
  get keys() {
    const { layers, kept } = this.record;
    const keys = layers.flatMap(({ layouts }, layer) => layouts.map((_, epoch) => ({ layer, epoch, count: layouts.length })));
    const far = (/** @type {{ epoch: number, count: number }} */ { epoch, count }) =>
      count === 1 ? 0 : Math.abs(epoch - kept);
    return keys.sort((one, other) => far(one) - far(other)).map(({ layer, epoch }) => `${layer}/${epoch}`);
  }
}
