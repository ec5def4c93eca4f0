// Products of one sample with a kernel, which is held as Keras has it: the weights from one input lie side by side.

/**
 * Add the product of inputs with a kernel to sums.
 *
 * Inputs that are zero are skipped, and four others are taken at a time, so that each sum is read and written a quarter
 * as often.
 * @param {Float32Array} inputs Only `features` of them, from `first` on.
 * @param {Float32Array} kernel (feature, unit), from `kernelFirst` on.
 * @param {Float64Array} sums One for each unit.
 * @param {{ first: number, features: number, kernelFirst: number, places: Int32Array }} where `places` is working
 *   memory for at least `features` numbers.
 */
export function addProduct(inputs, kernel, sums, { first, features, kernelFirst, places }) {
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

/**
 * Add the product of gradients with the transposed kernel to the gradients of the inputs.
 * @param {Float64Array} gradients One for each unit, from `gradientFirst` on.
 * @param {Float32Array} kernel (feature, unit), from `kernelFirst` on.
 * @param {Float64Array} sums Those of `features` inputs, from `first` on.
 * @param {{ first: number, features: number, units: number, kernelFirst: number, gradientFirst: number }} where
 */
export function addTransposedProduct(gradients, kernel, sums, { first, features, units, kernelFirst, gradientFirst }) {
  for (let i = 0; i < features; i++) {
    const row = kernelFirst + i * units;
    let sum = 0;
    for (let j = 0; j < units; j++) sum += kernel[row + j] * gradients[gradientFirst + j];
    sums[first + i] += sum;
  }
}
