// Why this class and not another one: what each value contributes to the difference between their logits.

/**
 * @typedef {object} NetworkExplanation As `cutaway.interpret.Attribution`, whose other class is always the runner-up.
 * @property {Float32Array} logits One for each class.
 * @property {number} winner The class with the highest logit.
 * @property {number} other The class that it is compared with.
 * @property {number} difference The logit of the winner minus the logit of the other class.
 * @property {Float32Array} inputs What each value of the input contributes to the difference.
 * @property {Map<string, Float32Array>} contributions What each unit contributes, for each layer that all paths go
 *   through.
 * @property {Map<string, number>} offsets What the biases of all later layers add, by layer, and "" for the input.
 */

/** Explains the answers of a network that is piecewise linear. */
export class Explainer {
  /** @param {import("./forward.js").Network} network */
  constructor(network) {
    this.network = network;
    /** Whether contributions are exact, because the model is piecewise linear. */
    this.isExact = network.compiled.every(({ pass }) => pass !== null);
  }

  /**
   * Split the difference between the highest logit and another one among the values of the input and the units.
   * @param {import("./forward.js").RawValues} input One raw sample.
   * @param {number | null} [label] The class it is compared with; the one with the second highest logit if it is null,
   *   no class, or the winner.
   * @returns {NetworkExplanation | null} Null if the model is not piecewise linear, or a logit is not finite.
   */
  explain(input, label = null) {
    const traced = this.#trace(input);
    if (!traced) return null;
    const { values, logits } = traced;
    const { spec } = this.network;
    const [winner, second] = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b);
    const other = label !== null && label !== winner && label in logits ? label : second;
    const { gradients, offsets } = this.#passBack(traced, winner, other);
    const contributions = new Map();
    const added = new Map([["", [...offsets.values()].reduce((sum, value) => sum + value, 0)]]);
    for (const { name } of spec.layers) {
      const later = layersAfter(spec, name);
      if (!later) continue;
      contributions.set(name, productOf(values.get(name), gradients.get(name)));
      added.set(name, later.reduce((sum, one) => sum + (offsets.get(one) ?? 0), 0));
    }
    const inputs = productOf(values.get(spec.input.name), gradients.get(spec.input.name));
    const difference = logits[winner] - logits[other];
    return { logits, winner, other, difference, inputs, contributions, offsets: added };
  }

  /**
   * How the logit of a class, less the highest other one, changes with each value of the input.
   * @param {import("./forward.js").RawValues} input One raw sample.
   * @param {number} target The class.
   * @returns {Float64Array | null} By the prepared input; null as for `explain`.
   */
  slopesToward(input, target) {
    const traced = this.#trace(input);
    if (!traced) return null;
    const { logits } = traced;
    const other = [...logits.keys()].filter((place) => place !== target).reduce((best, place) => (logits[place] > logits[best] ? place : best));
    return this.#passBack(traced, target, other).gradients.get(this.network.spec.input.name) ?? null;
  }

  /** @param {import("./forward.js").RawValues} input One raw sample. */
  #trace(input) {
    const traced = this.isExact ? this.network.trace(input) : null;
    return traced?.logits.every(Number.isFinite) ? traced : null;
  }

  /**
   * @param {ReturnType<import("./forward.js").Network["trace"]>} traced
   * @param {number} winner
   * @param {number} other
   * @returns {{ gradients: Map<string, Float64Array>, offsets: Map<string, number> }}
   */
  #passBack({ values, logits }, winner, other) {
    const { spec } = this.network;
    const gradients = new Map([...values].map(([name, array]) => [name, new Float64Array(array.length)]));
    const slopes = logits.map((_, place) => (place === winner ? 1 : place === other ? -1 : 0));
    // a model of two classes may have one output unit
    gradients.get(spec.output)?.set(slopes.slice(-this.network.layer(spec.output).shape[0]));
    const offsets = new Map();
    for (let at = spec.layers.length - 1; at >= 0; at--) {
      const { name, inputs } = spec.layers[at];
      const output = /** @type {Float32Array} */ (values.get(name));
      const sources = inputs.map((source) => /** @type {Float32Array} */ (values.get(source)));
      const into = inputs.map((source) => /** @type {Float64Array} */ (gradients.get(source)));
      const own = /** @type {Float64Array} */ (gradients.get(name));
      offsets.set(name, this.network.compiled[at].pass?.({ gradients: own, output, sources, into }) ?? 0);
    }
    return { gradients, offsets };
  }
}

/**
 * @param {Float32Array | undefined} values
 * @param {Float64Array | undefined} gradients
 * @returns {Float32Array}
 */
function productOf(values, gradients) {
  return Float32Array.from(values ?? [], (value, i) => value * (gradients?.[i] ?? 0));
}

/**
 * Names of all layers whose output depends on a layer's, without itself; null if a path from the input to the output goes
 * around the layer, or if it is the last one.
 * @param {import("./forward.js").NetworkSpec} spec
 * @param {string} name
 */
function layersAfter(spec, name) {
  const found = new Set([name]);
  for (const layer of spec.layers) if (layer.inputs.some((source) => found.has(source))) found.add(layer.name);
  const later = spec.layers.filter((layer) => layer.name !== name && found.has(layer.name));
  const areBehind = later.every(({ inputs }) => inputs.every((one) => found.has(one)));
  return name === spec.output || !areBehind ? null : later.map((layer) => layer.name);
}
