import { bytesOf } from "./arrays.js";

/**
 * Keep the state of an explorer and the traits of its widget the same, whichever of them changes. The trait "selected"
 * is bytes, little-endian uint32.
 * @param {import("./arrays.js").WidgetModel} model
 * @param {import("../explorer/explorer.js").Explorer} explorer which shows its map
 * @param {AbortSignal} ended
 */
export function keepInStep(model, explorer, ended) {
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
    if (!same(selected, store.state.selection)) explorer.map?.select(selected);
  });
  store.watch(["selection"], ({ selection }) => {
    if (!same(selection, selectedIn(model))) send("selected", new DataView(selection.slice().buffer));
  });
}

/**
 * @param {import("./arrays.js").WidgetModel} model
 * @returns {{ layer: number, epoch: number, color: string, pinned: number }}
 */
export function traitsOf(model) {
  const [layer, epoch, color, pinned] = ["layer", "epoch", "color", "pinned"].map((name) => model.get(name));
  return { layer, epoch, color, pinned };
}

/**
 * @param {import("./arrays.js").WidgetModel} model
 * @returns {Uint32Array}
 */
function selectedIn(model) {
  const bytes = bytesOf(model.get("selected"));
  return new Uint32Array(bytes.slice().buffer);
}

/**
 * @param {Uint32Array} one
 * @param {Uint32Array} other
 */
function same(one, other) {
  return one.length === other.length && one.every((value, k) => value === other[k]);
}
