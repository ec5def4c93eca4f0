// A slider or a list for each column of a table, to change a row and watch the answer.

import { choice, element, textButton } from "../core/elements.js";
import { inNextFrame } from "../core/timing.js";
import { cellSeconds, interpolateAt, OTHER_VALUE } from "./preparing.js";

/** @typedef {import("./preparing.js").Cell} Cell */
/** @typedef {import("./preparing.js").ColumnControl} ColumnControl */

/**
 * @typedef {object} ColumnInput What shows and changes the cell of one column.
 * @property {HTMLElement[]} elements The first one has the label.
 * @property {() => Cell} read
 * @property {(cell: Cell) => void} write Of a cell that is known.
 */

/** Steps of a slider whose small part half of the samples would share. */
const SLIDER_STEPS = 200;

/** A median closer to an end than this share of the range makes a column skewed. */
const SKEWED_SHARE = 0.2;

/** Shares of the slider at which the lowest value, the quantiles 5, 25, 50, 75 and 95%, and the highest value are. */
const SLIDER_KNOTS = [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1];

/** What a list shows for a value that is not known. */
const UNKNOWN_VALUE = "\u0000unknown";

/** Numbers the controls of all forms, whose ids must differ. */
let controlCount = 0;

/** @type {Record<ColumnControl["kind"], (control: ColumnControl) => ColumnInput>} By the kind of a column. */
const INPUTS = {
  number(control) {
    const { step = 1 } = control;
    return pairedInput(element("input", { type: "number", step: "any", class: "column-value" }), sliderScale(control), {
      valueOf: (cell) => (cell === "" ? NaN : Number(cell)),
      textOf: (value) => String(Number(value.toPrecision(9))),
      // as many decimals as the step has
      slidTo: (value) => String(Number(value.toFixed(Math.min(Math.max(0, -Math.floor(Math.log10(step))), 20)))),
    });
  },

  date({ low, high, step = 86_400 }) {
    const [type, letters] = step < 86_400 ? ["datetime-local", 16] : ["date", 10];
    return pairedInput(element("input", { type, class: "column-value" }), sliderScale({ low, high, step }), {
      valueOf: (cell) => cellSeconds(cell) ?? NaN,
      textOf: (value) => new Date(value * 1000).toISOString().slice(0, letters),
    });
  },

  /** A list of the values of a category. */
  category({ values = [], texts = values, other = false, missing }) {
    /** @type {[string, string][]} */
    const options = values.map((value, i) => [value, texts[i]]);
    if (other) options.push([OTHER_VALUE, "another value"]);
    if (missing) options.push([UNKNOWN_VALUE, "not known"]);
    const list = choice(options);
    return {
      elements: [list],
      read: () => (list.value === UNKNOWN_VALUE || list.selectedIndex < 0 ? null : list.value),
      write: (cell) => {
        const wanted = String(cell);
        const isThere = [...list.options].some((option) => option.value === wanted);
        list.value = isThere || wanted === UNKNOWN_VALUE ? wanted : OTHER_VALUE;
      },
    };
  },

  /** A field for the text of a column with very many values. */
  text() {
    const field = element("input", { type: "text", class: "column-value", placeholder: "not known" });
    return {
      elements: [field],
      read: () => field.value.trim() || null,
      write: (cell) => (field.value = cell === UNKNOWN_VALUE ? "" : String(cell)),
    };
  },
};

/** Controls for the columns of a table. */
export class ColumnSliders {
  /** @type {Map<string, { input: ColumnInput, missing: HTMLInputElement | null }>} */
  #columns = new Map();
  #changed = inNextFrame(() => this.onChange(this.cells));

  /**
   * @param {HTMLElement} host Where the controls are put.
   * @param {ColumnControl[]} controls
   * @param {(cells: Record<string, Cell>) => void} onChange Called at most once a frame.
   */
  constructor(host, controls, onChange) {
    this.onChange = onChange;
    this.element = element("form", { class: "column-sliders" });
    this.element.addEventListener("submit", (event) => event.preventDefault());
    for (const control of controls) this.element.append(this.#row(control));
    this.element.addEventListener("input", () => this.#update());
    const usual = Object.fromEntries(controls.map(({ column, start }) => [column, start]));
    const reset = () => {
      this.write(usual);
      this.#update();
    };
    this.element.append(textButton("Usual values", reset));
    this.write(usual);
    host.append(this.element);
  }

  /** @returns {Record<string, Cell>} The row as it is now. */
  get cells() {
    const found = [...this.#columns].map(([column, { input, missing }]) => {
      return [column, missing?.checked ? null : input.read()];
    });
    return Object.fromEntries(found);
  }

  /**
   * Show a row; columns that it does not hold stay as they are.
   * @param {Record<string, Cell>} cells
   */
  write(cells) {
    for (const [column, { input, missing }] of this.#columns) {
      if (!Object.hasOwn(cells, column)) continue;
      const cell = cells[column];
      if (missing) missing.checked = cell === null || cell === undefined;
      if (cell !== null && cell !== undefined) input.write(cell);
      else if (!missing) input.write(UNKNOWN_VALUE);
    }
    this.#allow();
  }

  /**
   * @param {ColumnControl} control
   * @returns {HTMLElement}
   */
  #row(control) {
    const { column, title = column } = control;
    const input = INPUTS[control.kind](control);
    const id = `columnControl${++controlCount}`;
    input.elements[0].id = id;
    for (const part of input.elements.slice(1)) part.setAttribute("aria-label", `${title}, typed`);
    const row = element("div", { class: "column-control" });
    row.append(element("label", { for: id, text: title }), ...input.elements);
    let missing = null;
    if (control.missing && control.kind !== "category" && control.kind !== "text") {
      missing = element("input", { type: "checkbox", "aria-label": `${title} is not known` });
      row.append(element("label", { class: "column-missing" }, missing, " not known"));
    }
    this.#columns.set(column, { input, missing });
    return row;
  }

  #update() {
    this.#allow();
    this.#changed();
  }

  /** Let those controls be changed whose value is known. */
  #allow() {
    for (const { input, missing } of this.#columns.values()) {
      for (const part of input.elements) part.toggleAttribute("disabled", Boolean(missing?.checked));
    }
  }
}

/**
 * A slider and a field, which follow each other.
 * @param {HTMLInputElement} field
 * @param {ReturnType<typeof sliderScale>} scale
 * @param {{ valueOf: (cell: Cell) => number, textOf: (value: number) => string, slidTo?: (value: number) => string }} how
 *   `valueOf`: NaN for none. `slidTo`: the text of a value that the slider gives, where it is another one.
 * @returns {ColumnInput}
 */
function pairedInput(field, scale, { valueOf, textOf, slidTo = textOf }) {
  const slider = element("input", { type: "range", min: scale.min, max: scale.max, step: scale.step });
  const follow = () => {
    const value = valueOf(field.value);
    if (Number.isFinite(value)) slider.value = String(scale.toSlider(value));
    slider.setAttribute("aria-valuetext", field.value);
  };
  slider.addEventListener("input", () => {
    field.value = slidTo(scale.toValue(Number(slider.value)));
    slider.setAttribute("aria-valuetext", field.value);
  });
  field.addEventListener("input", follow);
  return {
    elements: [slider, field],
    read: () => (Number.isFinite(valueOf(field.value)) ? valueOf(field.value) : null),
    write: (cell) => {
      const value = valueOf(cell);
      field.value = Number.isFinite(value) ? textOf(value) : "";
      follow();
    },
  };
}

/**
 * How a slider and the values of a column belong together: directly, or through the quantiles of a skewed column.
 * @param {Pick<ColumnControl, "low" | "high" | "step" | "quantiles">} control
 * @returns {{ min: string, max: string, step: string, toValue: (at: number) => number,
 *   toSlider: (value: number) => number }}
 */
function sliderScale({ low = 0, high = 1, step = 1, quantiles }) {
  const share = quantiles ? (quantiles[2] - low) / (high - low) : 0.5;
  const inner = quantiles?.every((value, i) => value > (quantiles[i - 1] ?? low)) && quantiles[4] < high;
  if (!quantiles || !inner || Math.min(share, 1 - share) > SKEWED_SHARE) {
    const same = (/** @type {number} */ value) => value;
    return { min: String(low), max: String(high), step: String(step), toValue: same, toSlider: same };
  }
  const values = [low, ...quantiles, high];
  const knots = SLIDER_KNOTS.map((knot) => knot * SLIDER_STEPS);
  const toValue = (/** @type {number} */ at) => Math.round(interpolateAt(at, knots, values) / step) * step;
  return {
    ...{ min: "0", max: String(SLIDER_STEPS), step: "1" },
    toValue: (at) => Math.min(Math.max(toValue(at), low), high),
    toSlider: (value) => Math.round(interpolateAt(value, values, knots)),
  };
}
