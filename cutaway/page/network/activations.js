// The activation functions of Keras, by their names there.

/**
 * @typedef {{ function?: string, slope?: number, threshold?: number, most?: number | null, alpha?: number }}
 *   ActivationSettings The name, and what it needs: `slope` below 0, `threshold` and `most` of a ReLU, `alpha` of an
 *   ELU.
 */

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

const logistic = (/** @type {number} */ x) => 1 / (1 + Math.exp(-x));
const softplus = (/** @type {number} */ x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const boundedBy6 = (/** @type {number} */ x) => Math.min(Math.max(x, 0), 6);

/** @type {Record<string, (x: number) => number>} Those that take each value by itself and have no settings. */
const PLAIN_ACTIVATIONS = {
  softplus,
  sigmoid: logistic,
  tanh: Math.tanh,
  gelu: (x) => x * normalProbability(x),
  selu: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
  relu6: boundedBy6,
  silu: (x) => x * logistic(x),
  mish: (x) => x * Math.tanh(softplus(x)),
  softsign: (x) => x / (1 + Math.abs(x)),
  hard_sigmoid: (x) => boundedBy6(x + 3) / 6,
  exponential: Math.exp,
};

/**
 * The function that takes each value by itself; null for those that take several values together.
 * @param {ActivationSettings} settings
 * @returns {((x: number) => number) | null}
 */
export function singleActivation({ function: name = "linear", slope = 0, threshold = 0, most = null, alpha = 1 }) {
  if (name === "linear") return (x) => x;
  if (name === "leaky_relu") return (x) => (x >= 0 ? x : slope * x);
  if (name === "elu") return (x) => (x > 0 ? x : alpha * Math.expm1(x));
  if (name !== "relu") return PLAIN_ACTIVATIONS[name] ?? null;
  const highest = most ?? Infinity;
  return (x) => {
    const above = Math.min(x > threshold ? x : 0, highest);
    return slope ? above - slope * Math.max(threshold - x, 0) : above;
  };
}

/**
 * Make the function that applies an activation to values in place.
 * @param {ActivationSettings} settings
 * @param {{ size: number, inner: number }} along How values lie that softmax takes together: entries, and values an
 *   entry.
 * @returns {((values: Float32Array) => void) | null} Null if nothing is to be done.
 */
export function activationOf(settings, { size, inner }) {
  const name = settings.function ?? "linear";
  if (name === "linear") return null;
  if (name === "softmax" || name === "log_softmax") {
    return (values) => softmaxAlong(values, { size, inner, isLog: name === "log_softmax" });
  }
  const apply = singleActivation(settings);
  if (!apply) throw new RangeError(`unknown activation "${name}"`);
  return (values) => {
    for (let i = 0; i < values.length; i++) values[i] = apply(values[i]);
  };
}

/**
 * Softmax, or its logarithm, in place.
 * @param {Float32Array} values
 * @param {{ size: number, inner?: number, isLog?: boolean }} along Entries that belong together, and values an entry.
 */
export function softmaxAlong(values, { size, inner = 1, isLog = false }) {
  for (let first = 0; first < values.length; first += size * inner) {
    for (let start = first; start < first + inner; start++) {
      const stop = start + size * inner;
      let highest = -Infinity;
      for (let i = start; i < stop; i += inner) highest = Math.max(highest, values[i]);
      let sum = 0;
      for (let i = start; i < stop; i += inner) sum += Math.exp(values[i] - highest);
      for (let i = start; i < stop; i += inner) {
        const shifted = values[i] - highest;
        values[i] = isLog ? shifted - Math.log(sum) : Math.exp(shifted) / sum;
      }
    }
  }
}

/**
 * The slopes of a piecewise linear activation; null for one that is not, or that is bounded.
 * @param {ActivationSettings} settings
 * @returns {{ above: number, below: number, at0: number } | null} For values above 0, below 0 and exactly 0.
 */
export function slopesOf({ function: name = "linear", slope = 0, threshold = 0, most = null }) {
  if (name === "linear") return { above: 1, below: 1, at0: 1 };
  if (name === "leaky_relu" || (name === "relu" && slope)) {
    return threshold === 0 && most === null ? { above: 1, below: slope, at0: 1 } : null;
  }
  return name === "relu" && threshold === 0 && most === null ? { above: 1, below: 0, at0: 0 } : null;
}

/**
 * The error function, by a series of positive terms, which loses no digits.
 * Source: Abramowitz and Stegun 1964, equation 7.1.6.
 * @param {number} x
 * @returns {number} From -1 to 1.
 */
function errorFunction(x) {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * The probability that a normal deviate is below a value.
 * @param {number} x
 * @returns {number} From 0 to 1.
 */
export function normalProbability(x) {
  return 0.5 * (1 + errorFunction(x / Math.SQRT2));
}

/**
 * The value that a normal deviate is below with a probability.
 * Source: Abramowitz and Stegun 1964, equation 26.2.23, and then Halley's method.
 * @param {number} probability From 0 to 1; at least 1e-10 away from both for 6 digits.
 * @returns {number}
 */
export function normalQuantile(probability) {
  if (!(probability > 0 && probability < 1)) return probability === 0 ? -Infinity : probability === 1 ? Infinity : NaN;
  const tail = Math.min(probability, 1 - probability);
  const t = Math.sqrt(-2 * Math.log(tail));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  let x = above / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  for (let step = 0; step < 3; step++) {
    const slope = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    const change = (normalProbability(x) - tail) / slope;
    x -= change / (1 + 0.5 * x * change);
  }
  return probability <= 0.5 ? x : -x;
}
