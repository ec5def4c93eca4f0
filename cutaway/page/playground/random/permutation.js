// Random orders, as NumPy draws them.

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
