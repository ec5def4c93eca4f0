// Where values are in the flat array of one sample, whose shape has no axis for the batch.

/**
 * The number of values of a shape.
 * @param {number[]} shape
 * @returns {number}
 */
export function valueCount(shape) {
  return shape.reduce((product, side) => product * side, 1);
}

/**
 * Repeat values along the axes where their shape has one entry.
 * @param {Float32Array} values Of the shape `from`.
 * @param {number[]} from As many sides as `to`, each 1 or equal.
 * @param {number[]} to
 * @returns {Float32Array} Of the shape `to`.
 */
export function repeatTo(values, from, to) {
  const { groups } = groupsAlong(to, from.flatMap((side, axis) => (side === 1 ? [axis] : [])));
  return Float32Array.from(groups, (group) => values[group]);
}

/**
 * Number the groups of values that differ only in their places along some axes.
 * @param {number[]} shape
 * @param {number[]} axes
 * @returns {{ groups: Int32Array, count: number }} The group of each value, and how many there are.
 */
export function groupsAlong(shape, axes) {
  const kept = shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
  const sides = shape.map((side, axis) => ({ side, inner: valueCount(shape.slice(axis + 1)), step: axes.includes(axis) ? 0 : valueCount(kept.slice(axis + 1)) }));
  const groupOf = (/** @type {number} */ at) => sides.reduce((sum, { side, inner, step }) => sum + (Math.floor(at / inner) % side) * step, 0);
  return { groups: Int32Array.from({ length: valueCount(shape) }, (_, at) => groupOf(at)), count: valueCount(kept) };
}

/**
 * How the values along an axis lie: `outer` blocks, each of `size` entries of `inner` values.
 * @param {number[]} shape
 * @param {number} axis
 * @returns {{ outer: number, size: number, inner: number }}
 */
export function runsAlong(shape, axis) {
  const [outer, inner] = [valueCount(shape.slice(0, axis)), valueCount(shape.slice(axis + 1))];
  return { outer, size: shape[axis], inner };
}

/** @type {Float32Array | null} The value of each of the 65,536 bit patterns, made when it is first needed. */
let float16Values = null;

/**
 * Decode float16 numbers: one bit for the sign, five for the exponent, ten for the fraction.
 * @param {Uint16Array} bits Their bit patterns.
 * @param {number} factor What they are multiplied by.
 * @returns {Float32Array}
 */
export function decodeFloat16(bits, factor) {
  const values = (float16Values ??= Float32Array.from({ length: 65536 }, (_, pattern) => {
    const [sign, exponent, fraction] = [pattern & 0x8000 ? -1 : 1, (pattern >> 10) & 0x1f, pattern & 0x3ff];
    if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
  }));
  const found = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) found[i] = factor * values[bits[i]];
  return found;
}
