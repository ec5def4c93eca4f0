import { combineSelections } from "./hit_test.js";

/** CSS pixels within which a pointer finds a point. */
const RADIUS = { mouse: 8, pen: 12, touch: 24 };

/** A pointer that moves less is a click. */
const CLICK = 5;

const ARROWS = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

/**
 * Mouse, pen, touch, wheel and keyboard on a map.
 *
 * Dragging moves the map, or selects in the modes "lasso" and "box". With Shift a lasso adds to the selection, with Alt
 * it removes from it, in every mode. A tap makes a map take touches; before, one finger scrolls the page.
 */
export class Gestures {
  /** @type {Map<number, [number, number]>} */
  #pointers = new Map();
  /** @type {number[] | null} */
  path = null;
  /** @type {"lasso" | "box"} */
  #shape = "lasso";
  #traveled = 0;
  /** Whether the map was clicked or got a key since it has the focus: it may get it from a button of another section. */
  #isUsed = false;

  /** @param {import("./map.js").SampleMap} map */
  constructor(map) {
    this.map = map;
    const top = map.top;
    top.addEventListener("pointerdown", (event) => this.#down(event));
    top.addEventListener("pointermove", (event) => this.#move(event));
    top.addEventListener("pointerup", (event) => this.#up(event));
    top.addEventListener("pointercancel", (event) => this.#up(event));
    // after a tap, pointerleave would close the card immediately
    top.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && map.hover(-1, "mouse"));
    top.addEventListener("dblclick", () => map.reset());
    top.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    top.addEventListener("keydown", (event) => this.#key(event));
    top.addEventListener("blur", () => {
      top.style.touchAction = "pan-y";
      this.#isUsed = false;
    });
  }

  /**
   * @param {MouseEvent} event
   * @returns {[number, number]} CSS pixels from the left and the top of the map
   */
  #at(event) {
    const box = this.map.top.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button > 0) return;
    const { map } = this;
    const here = this.#at(event);
    map.top.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, here);
    this.#traveled = 0;
    const selects = map.mode !== "pan" || event.shiftKey || event.altKey;
    this.#shape = map.mode === "box" ? "box" : "lasso";
    this.path = selects && this.#pointers.size === 1 ? [...here] : null;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { map } = this;
    const here = this.#at(event);
    const before = this.#pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") map.hover(map.pick(...here), "mouse");
      return;
    }
    this.#traveled += Math.hypot(here[0] - before[0], here[1] - before[1]);
    this.#pointers.set(event.pointerId, here);
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, before, here);
    else if (this.path && this.#shape === "box") {
      const [x, y] = this.path;
      this.path = [x, y, here[0], y, here[0], here[1], x, here[1]];
      map.paintTop();
    } else if (this.path) {
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.path.push(...this.#at(each));
      map.paintTop();
    } else map.pan(here[0] - before[0], here[1] - before[1]);
  }

  /**
   * @param {number} moved
   * @param {[number, number]} before
   * @param {[number, number]} here
   */
  #pinch(moved, before, here) {
    const [other] = [...this.#pointers].filter(([id]) => id !== moved).map(([, place]) => place);
    const apart = (/** @type {[number, number]} */ place) => Math.hypot(place[0] - other[0], place[1] - other[1]);
    this.map.zoom(apart(here) / Math.max(1, apart(before)), ...other);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    const { map, path } = this;
    this.path = null;
    const how = event.altKey ? "remove" : event.shiftKey ? "add" : "replace";
    const clicked = this.#traveled < CLICK;
    if (event.type === "pointercancel" || (clicked && this.#pointers.size)) map.paintTop();
    else if (clicked) {
      map.top.focus({ preventScroll: true });
      this.#isUsed = true;
      if (event.pointerType === "touch") map.top.style.touchAction = "none";
      const index = map.pick(...this.#at(event), RADIUS[/** @type {keyof typeof RADIUS} */ (event.pointerType)]);
      map.click(index, how, event.pointerType);
    } else if (path && path.length > 4) map.select(combineSelections(map.selection, map.within(path), how));
    map.paintTop();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    const { map } = this;
    if (!event.ctrlKey && !(this.#isUsed && map.root.activeElement === map.top)) return; // until then the page scrolls
    event.preventDefault();
    const speed = event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.002;
    map.zoom(Math.exp(-event.deltaY * speed), ...this.#at(event));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { map } = this;
    if (event.ctrlKey || event.metaKey) return;
    this.#isUsed = true;
    const arrow = ARROWS[/** @type {keyof typeof ARROWS} */ (event.key)];
    const how = event.altKey ? "remove" : event.shiftKey ? "add" : "replace";
    if (arrow) map.pan(arrow[0], arrow[1]);
    else if (event.key === "+" || event.key === "=") map.zoomToFocus(1.4);
    else if (event.key === "-") map.zoomToFocus(1 / 1.4);
    else if (event.key === "0" || event.key === "Home") map.reset();
    else if (event.key === "n" || event.key === "N") map.hover(map.next(event.key === "n" ? 1 : -1), "keyboard");
    else if (event.key === "Enter") map.click(map.focus, how, "keyboard");
    else if (event.key === "Escape") {
      this.path = null;
      map.hover(-1, "keyboard");
      map.click(-1, "replace", "keyboard");
    } else return;
    event.preventDefault();
  }
}
