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
  const repeated = new Float32Array(valueCount(to));
  const steps = stepsAlong(from).map((step, axis) => (from[axis] === 1 ? 0 : step));
  forEachPlace(to, (place, at) => {
    let source = 0;
    for (let axis = 0; axis < to.length; axis++) source += place[axis] * steps[axis];
    repeated[at] = values[source];
  });
  return repeated;
}

/**
 * Number the groups of values that differ only in their places along some axes.
 * @param {number[]} shape
 * @param {number[]} axes
 * @returns {{ groups: Int32Array, count: number }} The group of each value, and how many there are.
 */
export function groupsAlong(shape, axes) {
  const kept = shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
  const steps = stepsAlong(kept).map((step, axis) => (axes.includes(axis) ? 0 : step));
  const groups = new Int32Array(valueCount(shape));
  forEachPlace(shape, (place, at) => {
    for (let axis = 0; axis < shape.length; axis++) groups[at] += place[axis] * steps[axis];
  });
  return { groups, count: valueCount(kept) };
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

/**
 * How far apart neighbors along each axis are.
 * @param {number[]} shape
 * @returns {number[]}
 */
function stepsAlong(shape) {
  return shape.map((_, axis) => valueCount(shape.slice(axis + 1)));
}

/**
 * Call a function with each place of a shape, in the order of the values.
 * @param {number[]} shape
 * @param {(place: number[], at: number) => void} visit
 */
function forEachPlace(shape, visit) {
  const place = shape.map(() => 0);
  const count = valueCount(shape);
  for (let at = 0; at < count; at++) {
    visit(place, at);
    for (let axis = shape.length - 1; axis >= 0 && ++place[axis] === shape[axis]; axis--) place[axis] = 0;
  }
}

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
 *   Float16Array is used, if it has one.
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
