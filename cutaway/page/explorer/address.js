/** What the address says of the state begins so. */
const BEGINNING = "#explore:";

/**
 * Keep what is shown in the address of the page, so that it can be handed on: the layer, the epoch, the color, the
 * search and the pinned sample.
 * @param {import("./explorer.js").Parts} parts
 */
export function keepInAddress({ store, samples }) {
  const { layers, epochs, kept, layer: first } = samples.record;
  const read = () => {
    if (!location.hash.startsWith(BEGINNING)) return;
    const said = new URLSearchParams(location.hash.slice(BEGINNING.length));
    const layer = layers.findIndex(({ name }) => name === said.get("layer"));
    const epoch = epochs.indexOf(Number(said.get("epoch") ?? epochs[kept]));
    const color = said.get("color") ?? "";
    store.set({
      layer: layer < 0 ? first : layer,
      epoch: epoch < 0 ? kept : epoch,
      color: samples.columns.has(color) ? color : store.state.color,
      off: [],
      search: said.get("find") ?? "",
      pinned: samples.places.get(said.get("sample") ?? "") ?? -1,
    });
  };
  read();
  // no part of the page has this address; where a person reloads the page, the browser goes back to where it was
  const section = document.getElementById(samples.record.name);
  if (location.hash.startsWith(BEGINNING) && scrollY === 0) section?.scrollIntoView();
  addEventListener("hashchange", read);
  let timer = 0;
  let before = address(store.state, samples);
  store.watch(["layer", "epochShown", "color", "search", "pinned"], () => {
    clearTimeout(timer); // browsers allow some changes of the address a second
    timer = setTimeout(() => {
      const now = address(store.state, samples);
      if (now !== before) history.replaceState(null, "", now);
      before = now;
    }, 300);
  });
}

/**
 * @param {Readonly<import("./explorer.js").State>} state
 * @param {import("./samples.js").Samples} samples
 */
function address({ layer, epochShown, color, search, pinned }, samples) {
  const { layers, epochs } = samples.record;
  const said = new URLSearchParams({ layer: layers[layer].name, epoch: String(epochs[epochShown]), color });
  if (search) said.set("find", search);
  if (pinned >= 0) said.set("sample", samples.names[pinned]);
  return `${BEGINNING}${said}`;
}
