import { afterPause } from "../../core/timing.js";

/** Minimum number of milliseconds between two messages about one explorer. */
const PAUSE = 60;

/** @typedef {import("../../explorer/explorer.js").Explorer} AnyExplorer */

/**
 * What an explorer shows, by names that another explorer can follow.
 * @param {AnyExplorer} explorer
 */
export function shownIn({ store, samples }) {
  const { layer, epochShown, color, search, pinned, selection } = store.state;
  const { layers, epochs } = samples.record;
  return {
    ...{ layer: layers[layer].name, epoch: epochs[epochShown], color, search },
    pinned: pinned < 0 ? "" : samples.names[pinned],
    selected: Array.from(selection, (index) => samples.names[index]),
  };
}

/** @typedef {ReturnType<typeof shownIn>} Shown */

/**
 * Show what another explorer shows, as far as this one has it.
 * @param {AnyExplorer} explorer
 * @param {Partial<Shown>} shown
 */
export function showIn({ store, samples, parts }, { layer, epoch, color, search, pinned, selected }) {
  const { layers, epochs } = samples.record;
  const patch = {
    layer: layers.findIndex(({ name }) => name === layer),
    epoch: epoch === undefined ? -1 : epochs.indexOf(epoch),
    pinned: pinned === undefined ? -2 : pinned === "" ? -1 : (samples.places.get(pinned) ?? -2),
  };
  if (patch.layer >= 0) store.set({ layer: patch.layer });
  if (patch.epoch >= 0 && patch.epoch !== store.state.epochShown) store.set({ epoch: patch.epoch, playing: false });
  if (patch.pinned > -2) store.set({ pinned: patch.pinned });
  if (color !== undefined && samples.columns.has(color)) store.set({ color });
  if (search !== undefined) store.set({ search });
  if (!selected) return;
  const places = selected.map((name) => samples.places.get(name)).filter((place) => place !== undefined);
  const now = Uint32Array.from(places).sort();
  if (String(now) !== String(store.state.selection)) parts?.commands.select(now);
}

/**
 * Call a function with what an explorer shows whenever that changes.
 * @param {AnyExplorer} explorer
 * @param {(keyof import("../../explorer/explorer.js").State)[]} keys
 * @param {(shown: Shown) => void} say
 */
function whenShown(explorer, keys, say) {
  let first = true;
  const sayLater = afterPause(() => !explorer.parts?.ended.aborted && say(shownIn(explorer)), PAUSE);
  explorer.store.watch(keys, () => {
    if (first) first = false;
    else sayLater();
  });
}

/**
 * Let two explorers in a page show the same samples, layers and epochs: what changes in one changes in the other.
 * @param {AnyExplorer} one
 * @param {AnyExplorer} other
 */
export function joinExplorers(one, other) {
  showIn(other, shownIn(one));
  /** @type {Map<AnyExplorer, Shown>} what each has shown or taken over; sent back, it would undo what came since */
  const known = new Map([one, other].map((each) => [each, shownIn(each)]));
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    whenShown(from, ["layer", "epochShown", "color", "search", "pinned", "selection"], (shown) => {
      const before = /** @type {Record<string, unknown>} */ (known.get(from) ?? {});
      const changed = Object.entries(shown).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]));
      known.set(from, shown);
      if (!changed.length || to.parts?.ended.aborted) return;
      showIn(to, Object.fromEntries(changed));
      known.set(to, shownIn(to));
    });
  }
}

/**
 * Share the pinned and the selected samples with other pages of the same run.
 * @param {AnyExplorer} explorer
 * @param {string} run
 */
export function shareSelection(explorer, run) {
  const channel = new BroadcastChannel(`cutaway:${document.baseURI}:${run}`);
  let heard = "";
  channel.onmessage = ({ data: { pinned, selected } }) => {
    heard = JSON.stringify([pinned, selected]);
    showIn(explorer, { pinned, selected });
  };
  whenShown(explorer, ["pinned", "selection"], ({ pinned, selected }) => {
    if (JSON.stringify([pinned, selected]) === heard) return; // do not send back a change that came from another explorer
    heard = "";
    channel.postMessage({ pinned, selected });
  });
  explorer.parts?.ended.addEventListener("abort", () => channel.close());
}
