// Samples of a person's own: points that are painted on the plane, and CSV files.

import { element, textButton } from "../core/elements.js";
import { counted } from "../core/words.js";
import { MAX_BYTES, MAX_INPUTS, MAX_NAME, samplesFromCsv } from "./csv.js";
import { numbered } from "./data_sets.js";
import { MAX_CLASSES, MAX_SAMPLES } from "./fields.js";

/** @typedef {import("./controller.js").Controller} Controller */

/** Points of one stroke. */
const MAX_STROKE = 400;

/** Points that a painted dataset begins with: something to learn from. */
export function paintedAtFirst(classes = 2) {
  const rows = Array.from({ length: 10 }, (_, k) => [(k % 2 ? 1 : -1) * (1 + 0.1 * k), (k % 3) * 0.4 - 0.4, k % 2]);
  return { rows, classNames: numbered(classes) };
}

/** What a person adds samples with. */
export class OwnDataView {
  /**
   * @param {HTMLElement} host
   * @param {HTMLCanvasElement} plane
   * @param {{ controller: Controller, colors: string[], file: HTMLElement }} page `file`: where a file is chosen.
   */
  constructor(host, plane, { controller, colors, file }) {
    this.controller = controller;
    this.brush = 0;
    const brushes = element("span", { class: "brushes", role: "group", "aria-label": "Class that is painted" });
    const classes = () => controller.state.own?.classNames?.length ?? 2;
    const clear = textButton("Clear", () => controller.change({}, paintedAtFirst(classes())));
    host.append(element("p", { class: "hint", text: "Click or drag on the plane to add points." }), brushes, clear);
    controller.store.watch(["settings", "own"], ({ settings, own }) => {
      host.hidden = settings.data !== "painted";
      plane.style.touchAction = host.hidden ? "" : "none"; // a finger paints, and does not scroll
      if (!host.hidden) brushes.replaceChildren(...this.#brushes(classes(), own?.rows ?? [], colors));
    });
    this.#paintOn(plane);
    file.addEventListener("change", async (event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      await this.read(input.files?.[0]);
      input.value = ""; // so that the same file can be chosen again
    });
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      void this.read(event.dataTransfer?.files[0]);
    });
  }

  /**
   * @param {number} count
   * @param {number[][]} rows
   * @param {string[]} colors
   */
  #brushes(count, rows, colors) {
    this.brush = Math.min(this.brush, count - 1);
    const buttons = numbered(count).map((name, k) => {
      const choose = () => {
        this.brush = k;
        for (const [j, each] of buttons.entries()) each.setAttribute("aria-pressed", String(j === k));
      };
      const button = textButton(name, choose, { "aria-pressed": String(k === this.brush), "aria-label": `Paint class ${name}` });
      button.style.borderColor = colors[k];
      return button;
    });
    const add = () => this.controller.change({}, { rows, classNames: numbered(count + 1) });
    return [...buttons, textButton("+ class", add, { disabled: count >= MAX_CLASSES })];
  }

  /** @param {HTMLCanvasElement} plane */
  #paintOn(plane) {
    const { controller } = this;
    /** @type {number[][]} */
    let added = [];
    const add = (/** @type {PointerEvent} */ { clientX, clientY }) => {
      const { drawing } = controller.state.frame ?? {};
      if (!drawing || added.length >= MAX_STROKE) return;
      const { left, top, width, height } = plane.getBoundingClientRect();
      const side = drawing.high - drawing.low;
      added.push([drawing.low + ((clientX - left) / width) * side, drawing.high - ((clientY - top) / height) * side, this.brush]);
    };
    plane.addEventListener("pointerdown", (event) => {
      if (controller.state.settings.data !== "painted") return;
      plane.setPointerCapture(event.pointerId);
      add(event);
    });
    plane.addEventListener("pointermove", (event) => event.buttons && added.length && add(event));
    plane.addEventListener("pointercancel", () => (added = []));
    plane.addEventListener("pointerup", () => {
      const { own } = controller.state;
      if (added.length && own?.rows) controller.change({}, { ...own, rows: [...own.rows, ...added].slice(-MAX_SAMPLES) });
      added = [];
    });
  }

  /** @param {File | undefined} file */
  async read(file) {
    if (!file) return;
    try {
      if (file.size > MAX_BYTES) throw new RangeError(`A file has ${MAX_BYTES / 1e6} MB at most; ${file.name} has ${(file.size / 1e6).toFixed(1)} MB.`);
      const { rows, classNames, columns, hasCommas } = samplesFromCsv(await file.text());
      this.controller.change({ data: "file" }, { rows, classNames, inputNames: columns.slice(0, -1) });
      const about = `${counted(rows.length, "sample")} of ${columns[columns.length - 1]}, ${hasCommas ? "decimal commas, " : ""}columns standardized.`;
      this.controller.store.set({ message: columns.length > 3 ? `${about} The plane is drawn for two columns of numbers only.` : about });
    } catch (error) {
      this.controller.store.set({ message: `${file.name} was not read. ${error instanceof Error ? error.message : error}` });
    }
  }
}

/**
 * Samples from a file that this page may have saved.
 * @param {any} saved
 * @returns {import("./data_sets.js").OwnData}
 * @throws {RangeError} It did not.
 */
export function checkedOwn({ rows, classNames, inputNames = [] }) {
  const areNames = (/** @type {any} */ names) => Array.isArray(names) && names.every((name) => typeof name === "string" && name.length <= MAX_NAME);
  const hasClasses = areNames(classNames) && classNames.length >= 2 && classNames.length <= MAX_CLASSES;
  const width = rows?.[0]?.length;
  const hasInputs = areNames(inputNames) && (!inputNames.length || inputNames.length === width - 1);
  const isRow = (/** @type {any} */ row) =>
    Array.isArray(row) &&
    row.length === width &&
    row.every((value) => Number.isFinite(value) && Math.abs(value) <= 1e6) &&
    Number.isInteger(row[width - 1]) &&
    row[width - 1] >= 0 &&
    row[width - 1] < classNames.length;
  const hasRows = Array.isArray(rows) && rows.length >= 10 && rows.length <= MAX_SAMPLES && width >= 2 && width <= MAX_INPUTS + 1;
  if (!hasClasses || !hasInputs || !hasRows || !rows.every(isRow)) throw new RangeError("its samples are damaged");
  return { rows, classNames, inputNames };
}
