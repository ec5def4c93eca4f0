// MurmurHash3 of 32 bits, by which values of a column with very many of them are hashed.

/**
 * @param {number} value
 * @param {number} bits
 * @returns {number}
 */
function rotateLeft(value, bits) {
  return (value << bits) | (value >>> (32 - bits));
}

/**
 * The hash of a text, as scikit-learn's `murmurhash3_32` computes it with the seed 0.
 *
 * Source: Appleby, MurmurHash3_x86_32, public domain.
 * @param {string} text
 * @returns {number} A signed whole number of 32 bits.
 */
export function murmurHash(text) {
  const bytes = new TextEncoder().encode(text);
  const mixed = (/** @type {number} */ block) => Math.imul(rotateLeft(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
  let hash = 0;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    const block = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    hash = (Math.imul(rotateLeft(hash ^ mixed(block), 13), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let last = bytes.length - 1; last >= at; last--) rest = (rest << 8) | bytes[last];
  if (at < bytes.length) hash ^= mixed(rest);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
