import { element } from "../core/elements.js";
import { inNextFrame } from "../core/timing.js";
import { grouped } from "../core/words.js";
import { Gestures } from "./gestures.js";
import { findGroups } from "./groups.js";
import { ImageSheet, MOST_IMAGES } from "./images.js";
import { paintTop } from "./overlay.js";
import { combineSelections, FOUND, grown, nearestPoint, pointsInBox, pointsInside, RAISED, SELECTED } from "./hit_test.js";
import { Surface } from "./surface.js";
import { Transition } from "./transition.js";
import { STEPS, View } from "./view.js";

/** Images take the place of points from this zoom on; of few samples immediately. */
const IMAGE_ZOOM = 2.5;
const FEW = 80;

/** Mistakes are ringed where at most about so many of them are on the screen. */
export const MOST_RINGED = 1000;

/**
 * A map of samples: each a point, whose positions can move from one layout to another.
 *
 * Events: "hover" {index}, "pin" {index}, "select" {indices}, "layout", "painter" {kind}. An index is -1 for none.
 */
export class SampleMap extends EventTarget {
  view = new View();
  focus = -1;
  pinned = -1;
  /** @type {"pan" | "lasso" | "box"} */
  mode = "pan";
  selection = new Uint32Array();
  /** Whether samples with the bit FOUND are all that is found. */
  searched = false;
  /** Whether mistakes are ringed. */
  rings = true;
  /** @type {[number, number] | null} */
  marked = null;
  /** @type {ImageSheet | null} */
  sheet = null;
  /** @type {number[] | null} the samples whose images are shown, or null where points are */
  withImages = null;
  /** @type {{ groups: ArrayLike<number>, names: string[] } | null} */
  grouping = null;
  /** @type {import("./density.js").Density | null} the picture below the points */
  backdrop = null;
  /** @type {import("./groups.js").GroupPlace[] | null} */
  #found = null;
  /** Paint in the next frame. */
  repaint = inNextFrame(() => this.paint());
  #ending = new AbortController();

  /**
   * @param {HTMLElement} host its size is the size of the map
   * @param {{
   *   count: number, palette: Uint8Array<ArrayBuffer>, size?: number, alpha?: number,
   *   painter?: "auto" | "webgl2" | "canvas2d", label?: string, describe?: (index: number) => string,
   * }} options palette: RGBA of 256 colors; size: diameter of a point in CSS pixels; alpha: its opacity
   */
  constructor(host, options) {
    super();
    const { count, palette, size = 2.4, alpha = 0.6, painter = "auto" } = options;
    const { label = "Map of samples", describe = (index) => `sample ${index}` } = options;
    this.host = host;
    this.count = count;
    this.describe = describe;
    this.point = { size, alpha };
    this.root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    this.root.replaceChildren(...mapElements(`${label}, ${grouped(count)} samples`));
    this.top = /** @type {HTMLCanvasElement} */ (this.root.getElementById("top"));
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.top.getContext("2d"));
    const points = /** @type {HTMLCanvasElement} */ (this.root.getElementById("points"));
    const changed = (/** @type {string} */ kind) => {
      this.#size();
      this.repaint();
      this.#say("painter", { kind });
    };
    this.surface = new Surface(points, { count, palette, wanted: painter, changed });
    this.transition = new Transition(this.surface, () => {
      this.#found = null;
      this.repaint();
      this.#say("layout", {});
    });
    this.gestures = new Gestures(this);
    this.#watchSize();
    document.fonts.addEventListener("loadingdone", () => this.paintTop(), { signal: this.#ending.signal }); // labels are text
  }

  /** Give back what the map holds. */
  release() {
    this.repaint.cancel();
    this.transition.stop();
    this.resizing?.disconnect();
    this.#ending.abort();
    this.surface.release();
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  #say(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // ---- what is shown ----

  /**
   * Color the samples.
   * @param {Uint8Array<ArrayBuffer>} codes index of each sample's color in the palette
   * @param {Uint8Array<ArrayBuffer>} [palette] RGBA of 256 colors; as it is if left out
   */
  color(codes, palette = this.surface.palette) {
    this.surface.color(codes, palette);
    this.sheet?.clear();
    this.repaint();
  }

  /**
   * @param {ArrayLike<number>} bits of each sample's state, but for SELECTED
   * @param {boolean} [searched] whether those with the bit FOUND stand out, even if there are none
   */
  flag(bits, searched = false) {
    const { states } = this;
    for (let i = 0; i < this.count; i++) states[i] = (states[i] & SELECTED) | bits[i];
    this.searched = searched;
    this.#found = null;
    this.#statesChanged();
  }

  /** @param {ArrayLike<number>} indices */
  select(indices) {
    for (const index of this.selection) this.states[index] &= ~SELECTED;
    this.selection = Uint32Array.from(indices).sort();
    for (const index of this.selection) this.states[index] |= SELECTED;
    this.#statesChanged();
    this.#say("select", { indices: this.selection });
  }

  #statesChanged() {
    this.surface.split(this.searched);
    this.repaint();
  }

  /** @param {import("./images.js").Images | null} images */
  images(images) {
    this.sheet = images && new ImageSheet(images);
    this.repaint();
  }

  /**
   * Write a name on each group of samples.
   * @param {{ groups: ArrayLike<number>, names: string[] } | null} grouping groups: of each sample, negative for none
   */
  label(grouping) {
    this.grouping = grouping;
    this.#found = null;
    this.repaint();
  }

  /** Bits of each sample's state. */
  get states() {
    return this.surface.states;
  }

  /** Where the labels of groups belong, the largest group first. */
  get labels() {
    const between = this.transition.positions;
    if (!between || !this.grouping) return [];
    const { groups, names } = this.grouping;
    this.#found ??= findGroups(between, this.states, groups, names.length);
    return this.#found;
  }

  // ---- view ----

  #watchSize() {
    this.resizing = new ResizeObserver(([entry]) => this.#resize(entry));
    try {
      this.resizing.observe(this.host, { box: "device-pixel-content-box" });
    } catch {
      this.resizing.observe(this.host); // Safari knows only the content box
    }
    // so a change of density alone, by the page's zoom or on another screen, is noticed here
    const density = () => {
      this.#resize();
      const options = { once: true, signal: this.#ending.signal };
      matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", density, options);
    };
    density();
  }

  /** @param {ResizeObserverEntry} [entry] */
  #resize(entry) {
    const ratio = devicePixelRatio || 1;
    const exact = entry?.devicePixelContentBoxSize?.[0];
    // an emulated density, as of a device toolbar, leaves the exact size in CSS pixels; then the product is right
    const size = (/** @type {number} */ css, /** @type {number | undefined} */ device) =>
      device !== undefined && Math.abs(device - css * ratio) < 1 ? device : Math.round(css * ratio);
    const width = size(this.host.clientWidth, exact?.inlineSize);
    const height = size(this.host.clientHeight, exact?.blockSize);
    if (!width || !height || (width === this.top.width && height === this.top.height && this.view.width)) return;
    const first = !this.view.width;
    this.view.resize(width / ratio, height / ratio, ratio);
    [this.top.width, this.top.height] = [width, height];
    this.#size();
    if (first) this.view.reset();
    this.paint();
  }

  /** Give the points as many pixels as the overlay has. */
  #size() {
    const canvas = this.surface?.canvas;
    if (canvas) [canvas.width, canvas.height] = [this.top.width, this.top.height];
  }

  /** Show everything. */
  reset() {
    this.view.reset();
    this.repaint();
  }

  /**
   * @param {number} dx CSS pixels to the right
   * @param {number} dy CSS pixels down
   */
  pan(dx, dy) {
    this.view.pan(dx, dy);
    this.repaint();
  }

  /**
   * @param {number} factor above 1 to zoom in
   * @param {number} [px] the place that stays where it is
   * @param {number} [py]
   */
  zoom(factor, px, py) {
    this.view.zoom(factor, px, py);
    this.repaint();
  }

  /**
   * Zoom about the pinned sample or the one under the pointer, which comes into view; about the middle if there is none.
   * @param {number} factor
   */
  zoomToFocus(factor) {
    const index = this.pinned < 0 ? this.focus : this.pinned;
    if (index < 0) return this.zoom(factor);
    const { width, height } = this.view;
    const [x, y] = this.toScreen(index);
    if (x < 0 || y < 0 || x > width || y > height) this.view.pan(width / 2 - x, height / 2 - y);
    return this.zoom(factor, ...this.toScreen(index));
  }

  /**
   * Show these samples as large as they fit.
   * @param {ArrayLike<number>} indices
   */
  zoomTo(indices) {
    if (!indices.length) return;
    const places = Array.from(indices, (index) => this.transition.place(index));
    const [xs, ys] = [0, 1].map((k) => places.map((place) => place[k]));
    this.view.show([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]);
    this.repaint();
  }

  /**
   * @param {number} index
   * @returns {[number, number]} CSS pixels from the left and the top
   */
  toScreen(index) {
    return this.view.toScreen(...this.transition.place(index));
  }

  /**
   * The sample at a place of the screen: of two that overlap, the one that stands out.
   * @param {number} px
   * @param {number} py
   * @param {number} [radius] CSS pixels
   */
  pick(px, py, radius = 8) {
    const between = this.transition.positions;
    if (!between) return -1;
    const [x, y] = this.view.toData(px, py);
    const { parts } = this.surface;
    const near = (/** @type {number} */ pixels, /** @type {number} */ bits) =>
      nearestPoint(between, this.states, x * STEPS, y * STEPS, (pixels / this.view.scale) * STEPS, bits);
    const raised = parts.raised ? near(grown(this.#style.size, parts) / 2, RAISED) : -1;
    return raised < 0 ? near(radius, 0) : raised;
  }

  /**
   * Whether a gesture or a key reaches a sample: where something is searched, what was found.
   * @param {number} index
   */
  #reaches = (index) => !this.searched || (this.states[index] & FOUND) > 0;

  /** The samples that could be selected and are not. */
  get others() {
    const { rest, raised } = this.surface.parts;
    return (this.searched && raised ? raised : rest).filter((i) => !(this.states[i] & SELECTED));
  }

  /**
   * The samples inside a polygon.
   * @param {number[]} path x0, y0, x1, y1, ...: CSS pixels
   */
  within(path) {
    const between = this.transition.positions;
    if (!between) return new Uint32Array();
    const polygon = new Float64Array(path.length);
    for (let k = 0; k < path.length; k += 2) {
      const [x, y] = this.view.toData(path[k], path[k + 1]);
      polygon.set([x * STEPS, y * STEPS], k);
    }
    return pointsInside(between, this.states, polygon).filter(this.#reaches);
  }

  /** @returns {number[]} left, bottom, right, top of the visible part: 0..65535 */
  get #box() {
    const { x, y, scale, width, height } = this.view;
    const [halfX, halfY] = [width / 2 / scale, height / 2 / scale];
    return [x - halfX, y - halfY, x + halfX, y + halfY].map((value) => value * STEPS);
  }

  /**
   * The next sample on the screen, from the one in the middle on.
   * @param {1 | -1} step
   */
  next(step) {
    const { width, height } = this.view;
    if (this.focus < 0) return this.pick(width / 2, height / 2, Math.max(width, height));
    const between = this.transition.positions;
    const visible = between ? (pointsInBox(between, this.states, this.#box) ?? []).filter(this.#reaches) : [];
    if (!visible.length) return this.focus;
    const [first, last] = [visible[0], visible[visible.length - 1]];
    if (step > 0) return visible.find((index) => index > this.focus) ?? first;
    return visible.findLast((index) => index < this.focus) ?? last;
  }

  // ---- painting ----

  /** Larger and denser points as one zooms in. */
  get #style() {
    const zoomed = Math.max(1, this.view.zoomed);
    const { size, alpha } = this.point;
    return { size: size * zoomed ** 0.4, alpha: Math.min(0.95, alpha * zoomed ** 0.25) };
  }

  paint() {
    this.repaint.cancel();
    const between = this.transition.positions;
    if (!between || !this.view.width) return;
    // images would cover each other where the whole map is seen
    const fit = this.sheet !== null && (this.view.zoomed >= IMAGE_ZOOM || this.count <= FEW);
    this.withImages = fit ? pointsInBox(between, this.states, this.#box, MOST_IMAGES) : null;
    const count = this.withImages ? 0 : this.count;
    const { view, transition: { a, b, t } } = this;
    const isRinged = this.rings && this.surface.parts.ringed.length <= MOST_RINGED * Math.max(1, view.zoomed) ** 2;
    const ring = isRinged ? Uint8Array.from(getComputedStyle(this.host).color.match(/[\d.]+/g) ?? [], Number) : null;
    this.backdrop?.paint(this);
    this.surface.paint({ a, b, t, view, count, ring, ...this.#style });
    this.paintTop();
  }

  /**
   * Mark a place without a sample, or none.
   * @param {[number, number] | null} place data coordinates
   */
  mark(place) {
    this.marked = place;
    this.paintTop();
  }

  /** Paint the overlay: the points stay as they are. */
  paintTop() {
    if (this.view.width && this.transition.positions) paintTop(this);
  }

  // ---- gestures ----

  /**
   * @param {number} index
   * @param {string} how
   */
  hover(index, how) {
    if (index === this.focus) return;
    this.focus = index;
    this.paintTop();
    this.#say("hover", { index });
    if (how !== "keyboard") return;
    /** @type {HTMLElement} */ (this.root.getElementById("said")).textContent = index < 0 ? "" : this.describe(index);
  }

  /**
   * A click on a sample pins it, with Shift or Alt it is added to or removed from the selection; a click on
   * no sample unpins, and clears the selection.
   * @param {number} index
   * @param {"replace" | "add" | "remove"} how
   * @param {string} device
   */
  click(index, how, device) {
    if (index >= 0) this.hover(index, device);
    if (how === "replace") {
      this.pin(index);
      if (index < 0 && this.selection.length) this.select([]);
    } else if (index >= 0) this.select(combineSelections(this.selection, Uint32Array.of(index), how));
  }

  /** @param {number} index */
  pin(index) {
    this.pinned = index;
    this.paintTop();
    this.#say("pin", { index });
  }
}

const STYLE = `:host { display: block; position: relative; overflow: hidden; contain: strict; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
#top { touch-action: pan-y; cursor: crosshair; }
#top:focus-visible { outline: 2px solid var(--accent, Highlight); outline-offset: -2px; border-radius: inherit; }
#said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }`;

/**
 * The parts of a map: its points, the overlay that takes gestures, and the text for screen readers.
 * @param {string} label
 * @returns {HTMLElement[]}
 */
function mapElements(label) {
  const keys = "Arrow keys move, plus and minus zoom, n goes to the next sample, Enter shows it, Escape clears.";
  return [
    element("style", { text: STYLE }),
    element("canvas", { id: "points", "aria-hidden": "true" }),
    element("canvas", {
      id: "top",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "map",
      "aria-label": `${label}. ${keys}`,
      "data-lm-suppress-shortcuts": "true", // JupyterLab would take the keys
    }),
    element("div", { id: "said", "aria-live": "polite" }),
  ];
}
