// The random numbers of `numpy.random.RandomState`, which scikit-learn draws its toy data from.

import { randomPermutation } from "./seeds.js";

const STATE_WORDS = 624;
const SHIFT_WORDS = 397;

/**
 * A stream of random numbers: the same as from `numpy.random.RandomState(seed)`.
 *
 * Source: Matsumoto and Nishimura 1998, "Mersenne twister"; normal numbers by Marsaglia's polar method.
 */
export class RandomState {
  #words = new Uint32Array(STATE_WORDS);
  #next = STATE_WORDS;
  /** @type {number | null} The second normal number of a pair. */
  #spare = null;

  /** @param {number} seed A whole number from 0 to 2**32 - 1. */
  constructor(seed) {
    this.#words[0] = seed;
    for (let k = 1; k < STATE_WORDS; k++) {
      const before = this.#words[k - 1];
      this.#words[k] = Math.imul(1812433253, before ^ (before >>> 30)) + k;
    }
  }

  /** @returns {number} 32 random bits, from 0 to 2**32 - 1. */
  bits() {
    if (this.#next === STATE_WORDS) this.#twist();
    let word = this.#words[this.#next++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #twist() {
    const words = this.#words;
    for (let k = 0; k < STATE_WORDS; k++) {
      const joined = (words[k] & 0x80000000) | (words[(k + 1) % STATE_WORDS] & 0x7fffffff);
      const odd = joined & 1 ? 0x9908b0df : 0;
      words[k] = words[(k + SHIFT_WORDS) % STATE_WORDS] ^ (joined >>> 1) ^ odd;
    }
    this.#next = 0;
  }

  /**
   * A uniform number from [low, high), with 53 random bits.
   * @param {number} [low]
   * @param {number} [high]
   */
  uniform(low = 0, high = 1) {
    const [a, b] = [this.bits() >>> 5, this.bits() >>> 6];
    return low + (high - low) * ((a * 67108864 + b) / 9007199254740992);
  }

  /**
   * A normal number.
   * @param {number} [mean]
   * @param {number} [deviation]
   */
  normal(mean = 0, deviation = 1) {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return mean + deviation * spare;
    }
    let [x, y, square] = [0, 0, 0];
    do {
      x = 2 * this.uniform() - 1;
      y = 2 * this.uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    this.#spare = factor * x;
    return mean + deviation * factor * y;
  }

  /**
   * The whole numbers below `count` in random order.
   * @param {number} count
   */
  permutation(count) {
    return randomPermutation(count, () => this.bits());
  }
}
