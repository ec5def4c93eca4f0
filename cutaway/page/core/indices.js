/** Some samples of many as a short text for addresses: how far it is to each run and, if it is longer than 1, its length, in base 36. */

/**
 * @param {ArrayLike<number>} indices ascending
 * @param {number} count of all samples
 */
export function packIndices(indices, count) {
  const parts = [String(count)];
  let [next, k] = [0, 0];
  while (k < indices.length) {
    const first = indices[k];
    const gap = first - next;
    for (next = first; k < indices.length && indices[k] === next; k++) next++;
    parts.push(gap.toString(36) + (next - first > 1 ? `-${(next - first).toString(36)}` : ""));
  }
  return parts.join(".");
}

/**
 * Read what `packIndices` wrote.
 * @param {string} text
 * @param {number} count of all samples
 * @returns {Uint32Array<ArrayBuffer> | null} null where the text is none, or of other samples
 */
export function unpackIndices(text, count) {
  const [of, ...runs] = text.split(".");
  if (of !== String(count)) return null;
  const found = [];
  let next = 0;
  for (const run of runs) {
    const [, gap = "", length = "1"] = /^([0-9a-z]+)(?:-([0-9a-z]+))?$/.exec(run) ?? [];
    next += Number.parseInt(gap, 36);
    const end = next + Number.parseInt(length, 36);
    if (!(end <= count)) return null;
    while (next < end) found.push(next++);
  }
  return Uint32Array.from(found);
}
