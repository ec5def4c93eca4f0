import { Bundle } from "../core/bundle.js";

/**
 * What anywidget gives to a module.
 * @typedef {{
 *   get: (name: string) => any, set: (name: string, value: any) => void, save_changes: () => void,
 *   on: (event: string, listener: (...given: any[]) => void) => void,
 *   off: (event: string, listener: (...given: any[]) => void) => void,
 *   send: (content: any) => void,
 * }} WidgetModel
 */

/**
 * Bundles that are shown, by the number of the widget, with how many views share each.
 * @type {Map<string, { bundle: Bundle, views: number }>}
 */
const shared = new Map();

/**
 * The arrays of a widget: asked for once, however often it is shown. They are no part of its state, so that a notebook
 * in which the state of widgets is saved stays small.
 * @param {WidgetModel} model
 * @param {AbortSignal} ended when the view is gone
 * @returns {Bundle}
 */
export function bundleFromKernel(model, ended) {
  const key = model.get("_key");
  const entry = shared.get(key) ?? { bundle: askKernel(model), views: 0 };
  shared.set(key, entry);
  entry.views += 1;
  ended.addEventListener("abort", () => {
    entry.views -= 1;
    if (!entry.views) shared.delete(key);
  });
  return entry.bundle;
}

/** @param {WidgetModel} model */
function askKernel(model) {
  /** @type {ReturnType<typeof promised>[]} */
  const arrays = model.get("_record").arrays.map(promised);
  model.on("msg:custom", (message, buffers) => {
    if (message?.kind !== "array" || !arrays[message.index]) return;
    arrays[message.index].give(bytesOf(buffers[0]));
  });
  model.send({ kind: "arrays" });
  return new Bundle(model.get("_record").arrays, (index) => arrays[index].promise);
}

function promised() {
  /** @type {(bytes: Uint8Array<ArrayBuffer>) => void} */
  let give = () => undefined;
  /** @type {Promise<Uint8Array<ArrayBuffer>>} */
  const promise = new Promise((resolve) => (give = resolve));
  return { promise, give };
}

/**
 * The bytes of a buffer, in whatever form a notebook hands it over.
 * @param {ArrayBuffer | ArrayBufferView<ArrayBuffer>} buffer
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(buffer) {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
