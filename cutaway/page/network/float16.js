// Weights travel as float16, two bytes each, and are computed with as float32.

/** @type {Float32Array | null} The value of each of the 65,536 bit patterns, made when it is first needed. */
let float16Values = null;

/**
 * The number that 16 bits stand for: one for the sign, five for the exponent, ten for the fraction.
 * @param {number} bits
 * @returns {number}
 */
function float16Value(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
}

/**
 * Decode float16 numbers.
 * @param {Uint16Array} bits Their bit patterns.
 * @param {{ factor?: number, native?: boolean }} [options] What they are multiplied by, and whether the browser's own
 *   Float16Array is used, where it has one.
 * @returns {Float32Array}
 */
export function decodeFloat16(bits, { factor = 1, native = true } = {}) {
  const Half = /** @type {any} */ (globalThis)["Float16Array"];
  let values;
  if (native && Half) {
    values = new Float32Array(new Half(bits.buffer, bits.byteOffset, bits.length));
  } else {
    float16Values ??= Float32Array.from({ length: 65536 }, (_, pattern) => float16Value(pattern));
    values = new Float32Array(bits.length);
    for (let i = 0; i < bits.length; i++) values[i] = float16Values[bits[i]];
  }
  if (factor !== 1) for (let i = 0; i < values.length; i++) values[i] *= factor;
  return values;
}
