import { rgb } from "../core/colors.js";
import { element } from "../core/elements.js";
import { isDark, onScheme } from "../core/scheme.js";
import { Store } from "../core/store.js";
import { Density } from "../map/density.js";
import { FOUND, HIDDEN, RINGED } from "../map/hit_test.js";
import { SampleMap } from "../map/map.js";
import { makeCard } from "./card.js";
import { searchMask, unknownField } from "./search.js";
import { makeLegend } from "./legend.js";
import { PageModel } from "./model.js";
import { Layouts, pointStyle, Samples } from "./samples.js";
import { makeSelection } from "./selection.js";
import { makeLayerMaps } from "./layer_maps.js";
import { makeTimeline } from "./timeline.js";
import { makeToolbar } from "./toolbar.js";
import { makeNewSample, placeOf } from "./new_sample.js";
import { makeUnits } from "./units.js";
import { makeSamplePath } from "./sample_path.js";
import { showPart } from "../views.js";

/** Layouts that are loaded at a time. */
const AHEAD = 4;

/** Categories of a column with more names than this get no labels on the map. */
const MOST_LABELED = 200;

/**
 * @typedef {{
 *   layer: number, epoch: number, epochShown: number, playing: boolean, color: string, search: string, off: number[],
 *   selection: Uint32Array, pinned: number, hovered: number, mode: "pan" | "box" | "lasso", shown: number,
 *   counts: Uint32Array, rings: boolean, fault: string, painted: number, model: import("./model.js").PageModel | null,
 *   newSample: Map<number, { index: number[], distance: ArrayLike<number> }> | null, entered: any,
 * }} State `epoch` may lie between two epochs, `epochShown` is the nearest one; `off` are categories that are hidden;
 *   `shown` is the number of samples that are found and not hidden, and `counts` those of each category; `rings` is whether
 *   mistakes are ringed; `fault` is that of the search; `newSample` are the nearest samples, in each layer, of what a
 *   person draws or enters; `entered` are its strokes or cells, null before; `painted` counts changes of colors, states and images
 * @typedef {{
 *   resetView: () => void, zoomToSelection: () => void, invert: () => void, select: (indices: ArrayLike<number>) => void,
 * }} Commands
 * @typedef {{
 *   store: Store<State>, samples: Samples, layouts: Layouts, commands: Commands, ready: EventTarget, ended: AbortSignal,
 *   shared: () => import("../map/hit_test.js").Looks,
 * }} Parts what each view gets
 */

/** All samples of a run, in every layer and after every epoch. */
export class Explorer {
  /** Says "layout" when one is loaded, and "scheme" when the page has become light or dark. */
  ready = new EventTarget();
  #ending = new AbortController();

  /**
   * @param {HTMLElement} host
   * @param {import("./samples.js").ExplorerRecord} record
   * @param {import("../core/bundle.js").Bundle} bundle
   */
  constructor(host, record, bundle) {
    this.host = host;
    this.record = record;
    this.samples = new Samples(record, bundle);
    this.layouts = new Layouts(record, bundle);
    /** @type {State} */
    const state = {
      layer: record.layer,
      epoch: record.kept,
      epochShown: record.kept,
      playing: false,
      color: record.columns[0].key,
      search: "",
      off: [],
      selection: new Uint32Array(),
      pinned: -1,
      hovered: -1,
      mode: "pan",
      shown: record.count,
      counts: new Uint32Array(),
      rings: true,
      fault: "",
      painted: 0,
      model: null,
      newSample: null,
      entered: null,
    };
    this.store = new Store(state);
  }

  /** Load the first view, and show it. */
  async show() {
    const { samples, layouts, store } = this;
    const { a } = layouts.place(store.state.layer, store.state.epoch);
    const [first] = await Promise.all([layouts.load(a), samples.load()]);
    if (this.#ending.signal.aborted) return;
    this.map = this.#makeMap();
    this.map.transition.add(a, first);
    this.#connect(this.map);
  }

  /** Load the other layouts, images, neighbors and the model. */
  async complete() {
    const { samples, layouts, store, map } = this;
    if (!map) return;
    const { signal } = this.#ending;
    const { keys } = layouts;
    if (store.state.entered) await this.#loadModel(); // somebody is drawing
    for (const [k, key] of keys.entries()) {
      for (const next of keys.slice(k, k + AHEAD)) void layouts.load(next).catch(() => {}); // an error is thrown below
      if (!map.transition.has(key)) map.transition.add(key, await layouts.load(key));
      if (signal.aborted) return;
      this.ready.dispatchEvent(new Event("layout"));
    }
    this.#showDensity(map);
    await samples.loadMore();
    if (signal.aborted) return;
    map.images(samples.images);
    this.#repainted();
    if (!store.state.model) await this.#loadModel();
  }

  async #loadModel() {
    const model = await PageModel.load(this.record, this.samples.bundle);
    if (!this.#ending.signal.aborted) this.store.set({ model });
  }

  /**
   * Paint the density of all samples below the points, if there are more samples than points.
   * @param {SampleMap} map
   */
  #showDensity(map) {
    const { record: { density }, samples: { bundle }, store } = this;
    if (!density) return;
    const { layer, epoch, grids } = density;
    const load = async (/** @type {number} */ grid) => {
      const { tiles, opacities, groups } = grids[grid];
      const found = await Promise.all([tiles, opacities, groups].map((array) => bundle.array(array)));
      return { tiles: found[0], opacities: found[1], groups: found[2] };
    };
    const changed = () => void (this.#ending.signal.aborted || map.repaint());
    map.backdrop = new Density({ key: `${layer}/${epoch}`, grids, load, changed });
    this.#colorDensity(map, store.state);
    map.repaint();
  }

  /**
   * Color the density by classes where points are, and gray elsewhere.
   * @param {SampleMap} map
   * @param {Readonly<State>} state
   */
  #colorDensity(map, { color, off }) {
    if (color !== "label") return map.backdrop?.color(() => rgb(this.record.colors.missing));
    const dark = isDark(this.host);
    const list = this.record.colors.classes.map((each) => rgb(each, dark));
    map.backdrop?.color((group) => (off.includes(group) ? null : list[group % list.length]));
  }

  /** End everything that goes on, and give back what the map holds. */
  release() {
    this.store.set({ playing: false });
    this.#ending.abort();
    this.map?.release();
  }

  /** @returns {SampleMap} */
  #makeMap() {
    const { samples, store, layouts } = this;
    const place = element("div", { class: "map" });
    const commands = {
      resetView: () => this.map?.reset(),
      zoomToSelection: () => this.map?.zoomTo(store.state.selection),
      invert: () => this.map?.select(this.map.others),
      select: (/** @type {ArrayLike<number>} */ indices) => this.map?.select(indices),
    };
    const shared = () => /** @type {SampleMap} */ (this.map).surface.looks;
    const coloring = samples.coloring(store.state.color, store.state.epochShown, isDark(this.host));
    const map = new SampleMap(place, {
      count: samples.count,
      palette: coloring.palette,
      ...pointStyle(samples.count),
      describe: (index) => this.#describe(index),
    });
    this.map = map;
    /** @type {Parts} */
    this.parts = { store, samples, layouts, commands, shared, ready: this.ready, ended: this.#ending.signal };
    const side = element("div", { class: "side" }, makeCard(this.parts), makeLegend(this.parts));
    this.host.replaceChildren(
      makeLayerMaps(this.parts),
      element("div", { class: "controls" }, makeTimeline(this.parts), makeToolbar(this.parts)),
      element("div", { class: "stage" }, place, side),
      makeSamplePath(this.parts),
      makeNewSample(this.parts),
      makeUnits(this.parts),
      makeSelection(this.parts),
    );
    return map;
  }

  /** @param {number} index */
  #describe(index) {
    const { samples, store } = this;
    const { label, predicted } = samples.told(index, store.state.epochShown);
    return `${samples.names[index]}, labeled ${label}${predicted ? `, predicted ${predicted}` : ""}`;
  }

  /** @param {SampleMap} map */
  #connect(map) {
    const { store, samples, layouts } = this;
    onScheme(() => {
      this.#color(map, store.state);
      this.#colorDensity(map, store.state);
      this.ready.dispatchEvent(new Event("scheme"));
    }, this.#ending.signal);
    map.addEventListener("hover", (event) => store.set({ hovered: /** @type {CustomEvent} */ (event).detail.index }));
    map.addEventListener("pin", (event) => store.set({ pinned: /** @type {CustomEvent} */ (event).detail.index }));
    map.addEventListener("select", (event) => store.set({ selection: /** @type {CustomEvent} */ (event).detail.indices }));
    store.watch(["pinned"], ({ pinned }) => pinned !== map.pinned && map.pin(pinned));
    store.watch(["mode"], ({ mode }) => (map.mode = mode));
    store.watch(["rings"], ({ rings }) => {
      map.rings = rings;
      map.repaint();
    });
    store.watch(["epoch"], ({ epoch }) => store.set({ epochShown: Math.round(epoch) }));
    store.watch(["color", "epochShown"], (state, changed) => {
      if (!changed.has("color") && !samples.changes(state.color)) return;
      this.#color(map, state);
    });
    store.watch(["search", "off", "color", "epochShown"], (state) => this.#filter(map, state));
    store.watch(["newSample", "layer", "epoch"], (state) => map.mark(this.#placeOfNewSample(state)));
    map.addEventListener("layout", () => map.mark(this.#placeOfNewSample(store.state)));
    store.watch(["layer", "epoch"], ({ layer, epoch }, changed) => {
      const { a, b, t } = layouts.place(layer, epoch);
      if (![a, b].every((key) => map.transition.has(key))) this.#whenLoaded(map, [a, b]);
      else if (changed.has("layer") && t === 0 && map.transition.a !== "" && !changed.has("epoch")) map.transition.move(a);
      else map.transition.between(a, b, t);
    });
  }

  /**
   * Where what a person draws or enters belongs on the map, as it is now: among its nearest samples.
   * @param {Readonly<State>} state
   * @returns {[number, number] | null} data coordinates
   */
  #placeOfNewSample({ newSample, layer }) {
    const nearest = newSample?.get(layer);
    const transition = this.map?.transition;
    return nearest && transition ? placeOf(nearest, (index) => transition.place(index)) : null;
  }

  /**
   * @param {SampleMap} map
   * @param {string[]} keys
   */
  async #whenLoaded(map, keys) {
    for (const key of keys) map.transition.add(key, await this.layouts.load(key));
    const { layer, epoch } = this.store.state;
    const { a, b, t } = this.layouts.place(layer, epoch);
    if ([a, b].every((key) => map.transition.has(key))) map.transition.between(a, b, t);
  }

  /**
   * @param {SampleMap} map
   * @param {Readonly<State>} state
   */
  #color(map, { color, epochShown }) {
    const { samples } = this;
    const { codes, palette } = samples.coloring(color, epochShown, isDark(this.host));
    map.color(codes, palette);
    const column = samples.columns.get(color);
    const labeled = column?.kind === "category" && column.names.length <= MOST_LABELED && column.palette === "classes";
    map.label(labeled ? { groups: samples.values(color, epochShown), names: column.names } : null);
    this.#repainted();
  }

  /**
   * Tell the map what the search finds, which categories are switched off, and what is predicted incorrectly.
   * @param {SampleMap} map
   * @param {Readonly<State>} state
   */
  #filter(map, state) {
    const { samples, store } = this;
    const { search, off, color, epochShown } = state;
    const missed = searchMask(samples, search, epochShown);
    const [values, labels, predicted] = [color, "label", "predicted"].map((key) => samples.values(key, epochShown));
    const counts = new Uint32Array(samples.columns.get(color)?.names.length ?? 0);
    const bits = new Uint8Array(samples.count);
    let shown = 0;
    for (let i = 0; i < bits.length; i++) {
      if (off.includes(values[i])) {
        bits[i] = HIDDEN;
        continue;
      }
      if (labels[i] >= 0 && predicted[i] >= 0 && labels[i] !== predicted[i]) bits[i] = RINGED;
      if (missed?.[i]) continue;
      if (missed) bits[i] |= FOUND;
      shown++;
      counts[values[i]]++;
    }
    map.flag(bits, missed !== null);
    this.#colorDensity(map, state);
    store.set({ shown, counts, fault: unknownField(samples, search), painted: store.state.painted + 1 });
  }

  /**
   * The samples of a class that are predicted as another, after the kept epoch.
   * @param {number} label
   * @param {number} predicted
   */
  confused(label, predicted) {
    const { samples, record } = this;
    const [labels, found] = ["label", "predicted"].map((key) => samples.values(key, record.kept));
    return samples.names.flatMap((_, i) => (labels[i] === label && found[i] === predicted ? [i] : []));
  }

  /**
   * The samples that a search finds, after the kept epoch.
   * @param {string} search
   * @returns {number[]}
   */
  find(search) {
    const mask = searchMask(this.samples, search, this.record.kept);
    return [...this.samples.names.keys()].filter((index) => !mask?.[index]);
  }

  /**
   * Show samples that another section is about: one is pinned, several are selected.
   * @param {number[]} indices
   */
  present(indices) {
    this.store.set({ search: "", off: [], epoch: this.record.kept, pinned: indices.length === 1 ? indices[0] : -1 });
    this.map?.select(indices.length === 1 ? [] : indices);
    showPart(this.host.closest("section")?.id ?? "");
    this.host.querySelector(".stage")?.scrollIntoView({ block: "center" });
    this.map?.top.focus({ preventScroll: true });
  }

  #repainted() {
    this.store.set({ painted: this.store.state.painted + 1 });
  }
}
