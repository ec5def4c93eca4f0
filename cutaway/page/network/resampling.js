// Images brought to another size, as Pillow does it with its filter LANCZOS.

/** @typedef {{ values: Uint8Array, width: number, height: number }} GrayImage */

/** Zeros of the Lanczos window on each side. */
const LANCZOS_LOBES = 3;

/**
 * Bring a gray image to another size: first its rows, then its columns, with a filter as wide as an output pixel.
 *
 * Source: Turkowski 1990, "Filters for common resampling tasks"; rounding as in Pillow's Resample.c.
 * @param {GrayImage} image
 * @param {{ width: number, height: number }} size
 * @returns {GrayImage}
 */
export function resizeImage({ values, width: before, height: rows }, { width, height }) {
  return { values: resampleRows(resampleRows(values, before, width), rows, height), width, height };
}

/**
 * Resample rows of pixels, which become columns.
 * @param {Uint8Array} values
 * @param {number} from Pixels of a row.
 * @param {number} to Pixels of the resampled row.
 */
function resampleRows(values, from, to) {
  const rows = values.length / from;
  const resampled = new Uint8Array(rows * to);
  for (let at = 0; at < to; at++) {
    const { first, weights } = lanczosWeights(at, from, to);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * values[row * from + first + i];
      resampled[at * rows + row] = Math.min(Math.max(Math.floor(sum + 0.5), 0), 255);
    }
  }
  return resampled;
}

/**
 * The weights of the pixels of a line in one pixel of the resampled line.
 * @param {number} at Its place.
 * @param {number} from Pixels of a line.
 * @param {number} to Pixels of the resampled line.
 * @returns {{ first: number, weights: Float64Array }} From which pixel on; they sum to 1.
 */
function lanczosWeights(at, from, to) {
  const ratio = from / to;
  const wide = Math.max(ratio, 1);
  const center = (at + 0.5) * ratio;
  const first = Math.max(Math.trunc(center - LANCZOS_LOBES * wide + 0.5), 0);
  const last = Math.min(Math.trunc(center + LANCZOS_LOBES * wide + 0.5), from);
  const sinc = (/** @type {number} */ t) => (t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t));
  const weights = Float64Array.from({ length: last - first }, (_, i) => {
    const x = (i + first - center + 0.5) / wide;
    return Math.abs(x) < LANCZOS_LOBES ? sinc(x) * sinc(x / LANCZOS_LOBES) : 0;
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { first, weights: weights.map((weight) => weight / sum) };
}
