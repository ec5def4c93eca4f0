import { packIndices, unpackIndices } from "../core/indices.js";
import { afterPause } from "../core/timing.js";
import { showPart } from "../views.js";

/** What the address says of the state begins so. */
const BEGINNING = "#explore:";

/** Maximum number of characters of a selection in the address. */
const LONGEST = 20_000;

/**
 * Keep the view in the address of the page, which can be handed on: the layer, the epoch, the color, the
 * search, the pinned sample and the selection.
 * @param {import("./explorer.js").Parts} parts
 */
export function keepInAddress({ store, samples, commands, ended }) {
  const { layers, epochs, kept, layer: first, begins } = samples.record;
  const read = (/** @type {string} */ hash) => {
    if (!hash.startsWith(BEGINNING)) return;
    const query = new URLSearchParams(hash.slice(BEGINNING.length));
    const layer = layers.findIndex(({ name }) => name === query.get("layer"));
    const epoch = epochs.indexOf(Number(query.get("epoch") ?? epochs[kept]));
    const color = query.get("color") ?? "";
    store.set({
      layer: layer < 0 ? first : layer,
      epoch: epoch < 0 ? kept : epoch,
      color: samples.columns.has(color) ? color : store.state.color,
      off: [],
      search: query.get("find") ?? "",
      pinned: samples.places.get(query.get("sample") ?? "") ?? -1,
    });
    const selected = unpackIndices(query.get("selected") ?? "", samples.count) ?? new Uint32Array();
    if (String(selected) !== String(store.state.selection)) commands.select(selected);
  };
  read(location.hash.startsWith(BEGINNING) ? location.hash : begins);
  // the map has its height now; where a person reloads the page, the browser goes back to its place
  const [visit] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  if (location.hash.startsWith(BEGINNING) && visit?.type !== "reload") showPart(samples.record.name);
  addEventListener("hashchange", () => read(location.hash), { signal: ended });
  let before = addressOf({ store, samples });
  // browsers allow some changes of the address a second
  const write = afterPause(() => {
    const now = addressOf({ store, samples });
    // in the studio, the address of a page differs from its <base>
    if (now !== before) history.replaceState(history.state, "", `${location.pathname}${location.search}${now}`);
    before = now;
  }, 300);
  ended.addEventListener("abort", write.cancel);
  store.watch(["layer", "epochShown", "color", "search", "pinned", "selection"], write);
}

/**
 * What is shown, as the part of an address after its path.
 * @param {Pick<import("./explorer.js").Parts, "store" | "samples">} parts
 */
export function addressOf({ store, samples }) {
  const { layer, epochShown, color, search, pinned, selection } = store.state;
  const { layers, epochs } = samples.record;
  const query = new URLSearchParams({ layer: layers[layer].name, epoch: String(epochs[epochShown]), color });
  if (search) query.set("find", search);
  if (pinned >= 0) query.set("sample", samples.names[pinned]);
  const selected = selection.length ? packIndices(selection, samples.count) : "";
  if (selected && selected.length <= LONGEST) query.set("selected", selected);
  return `${BEGINNING}${query}`;
}
