/**
 * What Python says of an array.
 * @typedef {{ dtype: keyof typeof ARRAYS, shape: number[], gzip: boolean }} ArrayRecord
 */

const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** Arrays that come with a page, in a notebook's message or from a server; each is decoded when it is first wanted. */
export class Bundle {
  /** @type {Map<number, Promise<any>>} */
  #decoded = new Map();

  /**
   * @param {ArrayRecord[]} records
   * @param {(index: number) => Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>} read the bytes of an array
   */
  constructor(records, read) {
    this.records = records;
    this.read = read;
  }

  /**
   * @param {number} index
   * @returns {Promise<any>} a typed array
   */
  array(index) {
    const known = this.#decoded.get(index);
    if (known) return known;
    const decoded = this.#decode(index);
    this.#decoded.set(index, decoded);
    decoded.catch(() => this.#decoded.delete(index)); // try again: the server may have been away for a moment
    return decoded;
  }

  /** @param {number} index */
  async #decode(index) {
    const { dtype, shape, gzip } = this.records[index];
    const packed = await this.read(index);
    const unzip = () => new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const bytes = gzip ? new Uint8Array(await new Response(unzip()).arrayBuffer()) : packed;
    const Kind = ARRAYS[dtype];
    const length = shape.reduce((product, size) => product * size, 1);
    // the bytes may begin anywhere in the buffer of a message
    const whole = bytes.byteOffset % Kind.BYTES_PER_ELEMENT ? bytes.slice() : bytes;
    return new Kind(whole.buffer, whole.byteOffset, length);
  }

  /**
   * @param {number} index of an array that holds a JSON list of texts
   * @returns {Promise<string[]>}
   */
  async texts(index) {
    return JSON.parse(new TextDecoder().decode(await this.array(index)));
  }
}

/**
 * Decode base64. `fromBase64` takes 13 ms for 10 MB if the browser has it, the loop 55 ms, `fetch` of a data URI 600 ms.
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
function decodeBase64(text) {
  const decode = /** @type {any} */ (Uint8Array).fromBase64;
  if (decode) return decode.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let k = 0; k < binary.length; k++) bytes[k] = binary.charCodeAt(k);
  return bytes;
}

/**
 * The arrays inside a page: scripts of text with base64, which nothing executes.
 * @param {ArrayRecord[]} records
 * @param {string} prefix of the elements' ids
 */
export function bundleInPage(records, prefix) {
  return new Bundle(records, (index) => {
    const script = /** @type {HTMLElement} */ (document.getElementById(`${prefix}${index}`));
    const bytes = decodeBase64(script.textContent ?? "");
    script.remove(); // the text is no longer needed: 25 MB for 70,000 pictures
    return bytes;
  });
}
