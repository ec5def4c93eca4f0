// What one unit of a dense layer computes for one sample, number by number.

/** @typedef {import("./forward.js").Network} Network */
/** @typedef {import("./forward.js").RawValues} RawValues */

/** @typedef {{ layer: string, unit: number, value: number }} Edge What a unit passes on to a unit: output times weight. */

/**
 * @typedef {object} UnitSum
 * @property {string} source Name of the layer, or of the input, that the unit reads.
 * @property {Float32Array} inputs What it reads.
 * @property {Float32Array} weights Its weight for each of them.
 * @property {Float32Array} products Weight times input, for each of them.
 * @property {number} above The sum of the products above 0.
 * @property {number} below The sum of those below 0.
 * @property {number} bias
 * @property {number} sum
 * @property {string} activation
 * @property {number} output
 * @property {Edge[]} edges To the next layer, the strongest first.
 */

/**
 * Compute the sum of a unit and what it passes on.
 * @param {Network} network
 * @param {RawValues} input One raw sample.
 * @param {string} name Of the layer.
 * @param {number} unit
 * @returns {UnitSum | null} Null where the layer is none whose units each have one weight for each input.
 */
export function unitSum(network, input, name, unit) {
  const part = network.parts.find(({ layer }) => layer.name === name);
  const kernel = part?.weights.kernel;
  if (!part || !kernel || !isPlain(part)) return null;
  const { values } = network.trace(input);
  const [source] = part.layer.inputs;
  const inputs = /** @type {Float32Array} */ (values.get(source));
  const units = kernel.shape[1];
  const weights = inputs.map((_, k) => kernel.values[k * units + unit]);
  const products = inputs.map((value, k) => value * weights[k]);
  let [above, below] = [0, 0];
  for (const product of products) {
    if (product > 0) above += product;
    else below += product;
  }
  const bias = part.weights.bias?.values[unit] ?? 0;
  const output = /** @type {Float32Array} */ (values.get(name))[unit];
  const activation = String(part.layer.settings.function ?? "linear");
  return { source, inputs, weights, products, above, below, bias, sum: above + below + bias, activation, output, edges: edgesOf(network, name, { unit, output }) };
}

/** @param {Network["parts"][number]} part */
function isPlain({ layer, weights }) {
  return layer.operation === "dense" && layer.shape.length === 1 && weights.kernel.shape.length === 2;
}

/**
 * @param {Network} network
 * @param {string} name
 * @param {{ unit: number, output: number }} from
 * @returns {Edge[]}
 */
function edgesOf(network, name, { unit, output }) {
  const edges = network.parts.flatMap((part) => {
    if (!part.layer.inputs.includes(name)) return [];
    if (part.layer.operation === "same") return edgesOf(network, part.layer.name, { unit, output }); // dropout
    if (!isPlain(part)) return [];
    const units = part.weights.kernel.shape[1];
    const weights = part.weights.kernel.values.subarray(unit * units, (unit + 1) * units);
    return Array.from(weights, (weight, to) => ({ layer: part.layer.name, unit: to, value: output * weight }));
  });
  return edges.sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
}
