// What `cutaway.train` draws from its seed: first weights and the order of the training samples, bit for bit.

const MASK = (1n << 64n) - 1n;

/**
 * A seed of its own for one of many streams: `cutaway.models.weights.fold`.
 *
 * Source: O'Neill 2015, "Developing a seed_seq alternative", as `numpy.random.SeedSequence` has it.
 * @param {number} seed From 0 to 2**32 - 1.
 * @param {number} stream From 0 to 2**32 - 1.
 * @returns {number} From 0 to 2**31 - 1.
 */
export function foldSeed(seed, stream) {
  let constant = 0x43b0d7e5;
  const hash = (/** @type {number} */ value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  const mix = (/** @type {number} */ x, /** @type {number} */ y) => {
    const mixed = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return mixed ^ (mixed >>> 16);
  };
  const pool = [hash(seed), hash(stream), hash(0), hash(0)];
  for (let source = 0; source < 4; source++) {
    for (let to = 0; to < 4; to++) if (source !== to) pool[to] = mix(pool[to], hash(pool[source]));
  }
  const word = Math.imul(pool[0] ^ 0x8b51f9dd, Math.imul(0x8b51f9dd, 0x58f38ded));
  return ((word ^ (word >>> 16)) >>> 0) >>> 1;
}

/**
 * The uniform numbers of `keras.random.uniform` on JAX: `cutaway.models.threefry.uniform`.
 *
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3 (Threefry-2x32, 20 rounds).
 * @param {number} seed
 * @param {number} count
 * @param {number} limit The numbers are from [-limit, limit).
 */
export function kerasUniform(seed, count, limit) {
  const [low, high] = [Math.fround(-limit), Math.fround(limit)];
  const range = Math.fround(high - low);
  const bits = new Uint32Array(1);
  const fraction = new Float32Array(bits.buffer);
  const values = new Float32Array(count);
  for (let k = 0; k < count; k++) {
    bits[0] = (threefry(seed, k) >>> 9) | 0x3f800000; // the bits of a float32 from [1, 2)
    values[k] = Math.max(low, Math.fround((fraction[0] - 1) * range + low));
  }
  return values;
}

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];

/**
 * @param {number} seed
 * @param {number} position below 2**32
 */
function threefry(seed, position) {
  const keys = [seed | 0, 0, seed ^ 0x1bd11bda];
  let [a, b] = [keys[0], (position + keys[1]) | 0];
  for (let group = 0; group < 5; group++) {
    for (const rotation of ROTATIONS[group % 2]) {
      a = (a + b) | 0;
      b = ((b << rotation) | (b >>> (32 - rotation))) ^ a;
    }
    a = (a + keys[(group + 1) % 3]) | 0;
    b = (b + keys[(group + 2) % 3] + group + 1) | 0;
  }
  return a ^ b;
}

/**
 * The order of the training samples in an epoch: `cutaway.training.loop.order.epoch_order`.
 * @param {number} samples
 * @param {number} seed
 * @param {number} epoch From 1.
 */
export function epochOrder(samples, seed, epoch) {
  return randomPermutation(samples, philox(BigInt(seed), BigInt(epoch)));
}

/**
 * Random numbers of 32 bits, the same as from `numpy.random.Philox(key=[first, second])`.
 *
 * Source: Salmon et al. 2011, section 3.4 (Philox-4x64, 10 rounds).
 * @param {bigint} first
 * @param {bigint} second
 * @returns {() => number}
 */
function philox(first, second) {
  /** @type {bigint[]} */
  let ready = [];
  let counter = 0n;
  return () => {
    if (!ready.length) {
      counter += 1n;
      let [a, b, c, d] = [counter, 0n, 0n, 0n];
      let [key, other] = [first, second];
      for (let round = 0; round < 10; round++) {
        const [one, two] = [a * 0xd2e7470ee14c6c93n, c * 0xca5a826395121157n];
        [a, b, c, d] = [(two >> 64n) ^ b ^ key, two & MASK, (one >> 64n) ^ d ^ other, one & MASK];
        key = (key + 0x9e3779b97f4a7c15n) & MASK;
        other = (other + 0xbb67ae8584caa73bn) & MASK;
      }
      ready = [a, b, c, d].flatMap((word) => [word & 0xffffffffn, word >> 32n]).reverse();
    }
    return Number(ready.pop());
  };
}

/**
 * The whole numbers below `count` in random order, by swaps from the end.
 *
 * Source: Durstenfeld 1964, algorithm 235; numbers below a limit are drawn by rejection.
 * @param {number} count Below 2**32.
 * @param {() => number} bits 32 random ones.
 */
export function randomPermutation(count, bits) {
  const order = Int32Array.from({ length: count }, (_, k) => k);
  for (let k = count - 1; k > 0; k--) {
    const unused = Math.clz32(k);
    let other = 0;
    do other = (bits() << unused) >>> unused;
    while (other > k);
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}
