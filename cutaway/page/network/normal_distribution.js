// The normal distribution: its cumulative distribution function and its quantiles, to about 12 digits.

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
