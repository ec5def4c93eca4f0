// What a network answers to test digits, and a picture of what each of its units answers to.

import { shownOf } from "../core/words.js";
import { MAX_SHOWN } from "./network_lines.js";

/** @typedef {import("./controller.js").Controller} Controller */
/** @typedef {import("./session.js").Frame} Frame */

/**
 * @typedef {object} Reading
 * @property {Frame} frame Of which network.
 * @property {number} rows Test digits, the first ones.
 * @property {Float32Array} probabilities (digit, class)
 * @property {Float32Array[]} pictures By layer, (pixel, unit): `covariances`; none of the first one, which has weights to show.
 */

/** Test digits that are read. */
export const READ = 400;

/** Milliseconds between two readings of a training that runs: one takes as long as some steps. */
const READ_MILLISECONDS = 250;

/** Reads test digits with the network that is shown, a few times a second. */
export class DigitReader {
  /** @param {Controller} controller */
  constructor(controller) {
    this.controller = controller;
    /** @type {Reading | null} */
    this.reading = null;
    this.read = -Infinity;
  }

  /** @returns {Reading | null} The last one if it is too early for another; null if there is no network yet. */
  show() {
    const { frame, isPlaying } = this.controller.state;
    const before = this.reading?.frame;
    if (!frame || before === frame) return this.reading;
    const isEarly = isPlaying && performance.now() - this.read < READ_MILLISECONDS;
    if (isEarly && String(before?.settings.hidden) === String(frame.settings.hidden)) return this.reading;
    this.reading = this.#readDigits(frame);
    this.read = performance.now();
    return this.reading;
  }

  /**
   * @param {Frame} frame
   * @returns {Reading}
   */
  #readDigits(frame) {
    const { x, y, inputs } = this.controller.state.parts.test;
    const rows = Math.min(y.length, READ);
    const { network } = this.controller.mirror();
    const probabilities = network.predict(x.subarray(0, rows * inputs), rows);
    const pictures = network.values.map(({ outputs }, k) =>
      k ? covariances({ x, inputs }, { outputs, units: network.sizes[k + 1] }, rows) : new Float32Array(0),
    );
    return { frame, rows, probabilities, pictures };
  }
}

/**
 * How the output of each unit goes with each pixel: their covariance over some digits. Of a ReLU it is the mean of the
 * digits weighted by the unit's output, less their plain mean, times the unit's mean output.
 * @param {{ x: Float32Array, inputs: number }} samples (sample, pixel)
 * @param {{ outputs: Float32Array, units: number }} layer (sample, unit)
 * @param {number} rows
 * @returns {Float32Array} (pixel, unit) of the units that are shown.
 */
export function covariances({ x, inputs }, { outputs, units }, rows) {
  const shown = shownOf(units, MAX_SHOWN);
  const means = Float32Array.from({ length: shown }, (_, unit) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += outputs[row * units + unit];
    return sum / rows;
  });
  const found = new Float32Array(inputs * shown);
  for (let row = 0; row < rows; row++) {
    for (let pixel = 0; pixel < inputs; pixel++) {
      const ink = x[row * inputs + pixel] / rows;
      if (ink === 0) continue; // four fifths of them
      for (let unit = 0; unit < shown; unit++) found[pixel * shown + unit] += ink * (outputs[row * units + unit] - means[unit]);
    }
  }
  return found;
}
