import { Bundle } from "../core/bundle.js";
import { element } from "../core/elements.js";
import { announceScheme } from "../core/scheme.js";
import { grouped } from "../core/words.js";
import { Explorer } from "../explorer/explorer.js";

/**
 * Show an explorer in the output of a cell, as anywidget asks for it. It is in a shadow root: its styles and
 * the notebook's do not reach each other.
 * @param {{ model: WidgetModel, el: HTMLElement }} given
 * @returns {() => void} ends it, and gives back what it holds
 */
export function render({ model, el }) {
  const ending = new AbortController();
  const { signal } = ending;
  // JupyterLab would take the keys: it cannot see into the shadow root
  const shell = element("div", { "data-lm-suppress-shortcuts": "true" });
  const root = shell.attachShadow({ mode: "open" });
  const style = element("style", { text: model.get("_style") });
  const record = model.get("_record").explorer;
  const waiting = `The map of ${grouped(record.count)} samples comes from the kernel, which may be busy.`;
  const host = element("div", { class: "explorer" }, element("p", { class: "hint", text: waiting }));
  host.style.setProperty("--map-height", `${model.get("height")}px`);
  root.append(style, host);
  el.append(shell);
  const adapt = () => {
    const scheme = isNotebookDark(el) ? "dark" : "light";
    if (shell.dataset.scheme === scheme) return;
    shell.dataset.scheme = scheme;
    announceScheme();
  };
  const watching = new MutationObserver(adapt);
  for (const each of [document.documentElement, document.body]) watching.observe(each, { attributes: true, attributeFilter: SAID });
  signal.addEventListener("abort", () => watching.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", adapt, { signal });
  requestAnimationFrame(adapt); // once it is in the notebook, whose background may tell
  adapt();

  const explorer = new Explorer(host, record, bundleFromKernel(model, signal));
  Object.assign(shell, { explorer }); // for scripts of others, and for tests
  void start(explorer, model, signal).catch((error) => {
    host.replaceChildren(element("p", { text: `The map could not be drawn: ${error}.` }));
    throw error;
  });
  return () => {
    ending.abort();
    explorer.release();
    shell.remove();
  };
}

/**
 * @param {Explorer} explorer
 * @param {WidgetModel} model
 * @param {AbortSignal} signal
 */
async function start(explorer, model, signal) {
  const { layer, epoch, color } = traitsOf(model);
  explorer.store.set({ layer, epoch, color });
  await explorer.show();
  if (signal.aborted) return;
  keepInStep(model, explorer, signal);
  // the picture that the notebook keeps below the widget is hidden as long as the widget is alive
  const still = `.cutaway-still-${model.get("_key")}`;
  const rule = element("style", { text: `${still}, .jp-OutputArea-child:has(${still}) { display: none !important; }` });
  document.head.append(rule);
  signal.addEventListener("abort", () => rule.remove());
  await explorer.complete();
}

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
 * The arrays of a widget: asked for once, however often it is shown. They are no part of its state: a notebook
 * that saves the state of widgets stays small.
 * @param {WidgetModel} model
 * @param {AbortSignal} ended when the view is gone
 * @returns {Bundle}
 */
function bundleFromKernel(model, ended) {
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
  /** @type {PromiseWithResolvers<Uint8Array<ArrayBuffer>>[]} */
  const arrays = model.get("_record").arrays.map(() => Promise.withResolvers());
  model.on("msg:custom", (message, buffers) => {
    if (message?.kind !== "array" || !arrays[message.index]) return;
    arrays[message.index].resolve(bytesOf(buffers[0]));
  });
  model.send({ kind: "arrays" });
  return new Bundle(model.get("_record").arrays, (index) => arrays[index].promise);
}

/**
 * The bytes of a buffer, in whatever form a notebook hands it over.
 * @param {ArrayBuffer | ArrayBufferView<ArrayBuffer>} buffer
 * @returns {Uint8Array<ArrayBuffer>}
 */
function bytesOf(buffer) {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/**
 * Keep the state of an explorer and the traits of its widget the same, whichever of them changes. The trait "selected"
 * is bytes, little-endian uint32.
 * @param {WidgetModel} model
 * @param {import("../explorer/explorer.js").Explorer} explorer which shows its map
 * @param {AbortSignal} ended
 */
function keepInStep(model, explorer, ended) {
  const { store } = explorer;
  const { layer, epoch, color, pinned } = traitsOf(model);
  store.set({ layer, epoch, color, pinned });
  explorer.map?.select(selectedIn(model));

  const follow = (/** @type {string} */ name, /** @type {() => void} */ listener) => {
    model.on(`change:${name}`, listener);
    ended.addEventListener("abort", () => model.off(`change:${name}`, listener));
  };
  const send = (/** @type {string} */ name, /** @type {any} */ value) => {
    if (ended.aborted) return;
    model.set(name, value);
    model.save_changes();
  };
  for (const name of /** @type {const} */ (["layer", "color", "pinned"])) {
    follow(name, () => store.set({ [name]: traitsOf(model)[name] }));
    store.watch([name], (state) => state[name] !== traitsOf(model)[name] && send(name, state[name]));
  }
  // between two epochs the nearest one is sent, and its answer does not stop the way to the next
  follow("epoch", () => {
    const { epoch } = traitsOf(model);
    if (epoch !== store.state.epochShown) store.set({ epoch, playing: false });
  });
  store.watch(["epochShown"], ({ epochShown }) => epochShown !== traitsOf(model).epoch && send("epoch", epochShown));
  follow("selected", () => {
    const selected = selectedIn(model);
    if (String(selected) !== String(store.state.selection)) explorer.map?.select(selected);
  });
  store.watch(["selection"], ({ selection }) => {
    if (String(selection) !== String(selectedIn(model))) send("selected", new DataView(selection.slice().buffer));
  });
}

/**
 * @param {WidgetModel} model
 * @returns {{ layer: number, epoch: number, color: string, pinned: number }}
 */
function traitsOf(model) {
  const [layer, epoch, color, pinned] = ["layer", "epoch", "color", "pinned"].map((name) => model.get(name));
  return { layer, epoch, color, pinned };
}

/**
 * @param {WidgetModel} model
 * @returns {Uint32Array}
 */
function selectedIn(model) {
  const bytes = bytesOf(model.get("selected"));
  return new Uint32Array(bytes.slice().buffer);
}

/** Attributes where notebooks say what they look like. */
const SAID = ["data-jp-theme-light", "data-vscode-theme-kind", "data-theme", "theme", "class", "style"];

/** A background that is darker than this, from 0 to 1, is dark. */
const DARK = 0.5;

/**
 * Whether a notebook is dark around an element: as it says, or as its background is, or else as the system prefers.
 * @param {Element} place
 */
function isNotebookDark(place) {
  const { body, documentElement: root } = document;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false"; // JupyterLab, Notebook 7
  const kind = body.dataset.vscodeThemeKind ?? [...body.classList].find((name) => name.startsWith("vscode-"));
  if (kind) return /dark|contrast$/.test(kind);
  const theme = root.getAttribute("theme") ?? root.dataset.theme ?? body.dataset.theme; // Colab, documentation
  if (theme === "dark" || theme === "light") return theme === "dark";
  for (let around = /** @type {Element | null} */ (place); around; around = around.parentElement) {
    const level = brightness(getComputedStyle(around).backgroundColor);
    if (level !== null) return level < DARK;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * @param {string} color as the browser computes it
 * @returns {number | null} 0..1; null for a transparent one
 */
function brightness(color) {
  const [red, green, blue, alpha = 1] = (color.match(/[\d.]+/g) ?? []).map(Number);
  if (blue === undefined || alpha < 0.5 || !color.startsWith("rgb")) return null;
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}
