/** Some samples of many as a short text: how far it is from run to run, in base64 that addresses can hold. */

/**
 * Write places as text: the number of all samples, and the lengths of gaps and runs in turn, seven bits a byte.
 * @param {ArrayLike<number>} indices ascending
 * @param {number} count of all samples
 */
export function packIndices(indices, count) {
  const bytes = [];
  let [next, k] = [0, 0];
  while (k < indices.length) {
    const first = indices[k];
    let end = first + 1;
    for (k++; k < indices.length && indices[k] === end; k++) end++;
    for (let length of [first - next, end - first]) {
      for (; length >= 128; length >>>= 7) bytes.push((length & 127) | 128);
      bytes.push(length);
    }
    next = end;
  }
  const text = btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""));
  return `${count}.${text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/**
 * Read what `packIndices` wrote.
 * @param {string} text
 * @param {number} count of all samples
 * @returns {Uint32Array<ArrayBuffer> | null} null where the text is none, or of other samples
 */
export function unpackIndices(text, count) {
  const [of, packed, more] = text.split(".");
  if (Number(of) !== count || packed === undefined || more !== undefined) return null;
  let bytes;
  try {
    bytes = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null;
  }
  const found = [];
  let [next, isGap, length, scale] = [0, true, 0, 1];
  for (let k = 0; k < bytes.length; k++) {
    const byte = bytes.charCodeAt(k);
    length += (byte & 127) * scale;
    scale *= 128;
    if (byte & 128) continue;
    if (next + length > count) return null;
    if (!isGap) for (let index = next; index < next + length; index++) found.push(index);
    next += length;
    [isGap, length, scale] = [!isGap, 0, 1];
  }
  return Uint32Array.from(found);
}
