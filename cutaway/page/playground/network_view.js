// The network: what each unit answers where, and the weights between units.

import { numberCodes } from "../core/colors.js";
import { element, swatch, textButton } from "../core/elements.js";
import { shownOf } from "../core/words.js";
import { inputName, outputName } from "./data_sets.js";
import { layersOf } from "./dense_network.js";
import { READ } from "./digit_reader.js";
import { RESPONSE_POINTS, RESPONSE_SIDE } from "./drawing.js";
import { MAX_LAYERS, MAX_UNITS } from "./fields.js";
import { COLUMN, GAP, MAX_SHOWN, NetworkLines, TILE, TOP } from "./network_lines.js";
import { painterOf, stroke } from "./plane.js";

/** @typedef {import("./plane.js").Look} Look */
/** @typedef {import("./controller.js").Controller} Controller */
/** @typedef {import("./controller.js").State} State */

const ABOUT_PICTURES =
  "Pictures of units of the first layer are their weights, one for each pixel. Those of later layers show how the unit's output goes with " +
  `each pixel over ${READ} test digits, their covariance: blue where ink goes with a larger output, orange where it goes with a smaller one.`;

/** Pictures of the inputs x and y: from -1 to 1 along each. */
const INPUT_PICTURES = [1, RESPONSE_SIDE].map((step) =>
  Float32Array.from({ length: RESPONSE_SIDE ** 2 }, (_, k) => (((Math.floor(k / step) % RESPONSE_SIDE) + 0.5) / RESPONSE_SIDE) * 2 - 1),
);

/** Shows layers in columns; a unit can be chosen, and layers and units added. */
export class NetworkView {
  /**
   * @param {HTMLElement} host
   * @param {Controller} controller
   */
  constructor(host, controller) {
    this.controller = controller;
    this.layers = element("div", { class: "layer-heads" });
    this.units = element("div", { class: "units" });
    this.stage = element("div", { class: "network-stage" }, this.layers);
    const redraw = () => this.shown && this.show(this.shown.state, this.shown.look, this.shown.pictures);
    this.lines = new NetworkLines(this.stage, controller, redraw);
    this.stage.append(this.lines.canvas, this.units, this.lines.label);
    this.about = element("p", { class: "hint", hidden: true, text: ABOUT_PICTURES });
    /** @type {{ state: State, look: Look, pictures?: Float32Array[] } | null} What was drawn last. */
    this.shown = null;
    /** What the columns were built from. */
    this.built = "";
    host.append(element("label", { class: "line-choice" }, "Lines show ", this.lines.choice), this.stage, this.about);
  }

  /**
   * @param {State} state
   * @param {Look} look
   * @param {Float32Array[]} [pictures] Of digits: by layer, (pixel, unit) of the units that are shown; the first layer shows its weights.
   */
  show(state, look, pictures) {
    this.shown = { state, look, pictures };
    this.about.hidden = !pictures;
    const sizes = [state.parts.train.inputs, ...state.settings.hidden, state.parts.train.outputs];
    const { classNames, inputNames } = state.parts.train;
    const built = JSON.stringify([sizes, state.settings.data, classNames, inputNames]);
    if (built !== this.built) this.#build(sizes, state, look);
    this.built = built;
    if (state.frame) this.#draw(state, look, { sizes, pictures });
  }

  /**
   * @param {number[]} sizes
   * @param {State} state
   * @param {Look} look
   */
  #build(sizes, { settings: { hidden }, parts: { train } }, look) {
    const tallest = Math.max(...sizes.map((size) => shownOf(size, MAX_SHOWN)));
    const [width, height] = [sizes.length * COLUMN, TOP + tallest * (TILE + GAP) + 24];
    this.stage.style.width = `${width}px`;
    this.stage.style.height = `${height}px`;
    this.layers.replaceChildren(...sizes.map((size, k) => this.#head(k, size, hidden, train.isRegression)));
    /** @type {{ button: HTMLButtonElement, canvas: HTMLCanvasElement, layer: number, unit: number }[]} */
    this.tiles = [];
    for (const [column, size] of sizes.entries()) {
      if (column === 0 && size > MAX_SHOWN) continue; // the pixels of an image
      for (let unit = 0; unit < shownOf(size, MAX_SHOWN); unit++) this.tiles.push(this.#tile(column, unit, column === sizes.length - 1, train));
    }
    const rest = sizes.flatMap((size, column) => {
      if (size <= MAX_SHOWN + Number(column > 0)) return [];
      const text = column ? `${size - MAX_SHOWN} more` : `${size} inputs`;
      return [element("p", { class: "more-units", text, style: `left: ${column * COLUMN}px; top: ${column ? height - 22 : TOP + 60}px` })];
    });
    const classes = train.isRegression ? [] : train.classNames.map((name, unit) => nameLabel(name, { column: sizes.length - 1, unit, color: look.classes[unit] }));
    const inputs = sizes[0] > MAX_SHOWN ? [] : (train.inputNames ?? []).map((name, unit) => nameLabel(name, { column: 0, unit }));
    this.units.replaceChildren(...this.tiles.map(({ button }) => button), ...classes, ...inputs, ...rest);
  }

  /**
   * @param {number} column
   * @param {number} size
   * @param {number[]} hidden
   * @param {boolean} isRegression
   */
  #head(column, size, hidden, isRegression) {
    const layer = column - 1;
    const change = (/** @type {number} */ by) => {
      const units = hidden.map((count, k) => (k === layer ? count + by : count));
      return () => this.controller.change({ hidden: units });
    };
    const isHidden = layer >= 0 && layer < hidden.length;
    const name = column === 0 ? "Inputs" : isHidden ? `Hidden ${column}` : isRegression ? "Output" : "Classes";
    const label = element("span", { class: "layer-name", text: isHidden ? `${name}: ${size}` : name });
    const head = element("div", { class: "layer-head", style: `left: ${column * COLUMN}px; width: ${COLUMN - 24}px` }, label);
    if (!isHidden) return head;
    const buttons = [
      textButton("−", change(-1), { "aria-label": `One unit fewer in hidden layer ${column}`, disabled: size <= 1 }),
      textButton("+", change(1), { "aria-label": `One unit more in hidden layer ${column}`, disabled: size >= MAX_UNITS }),
    ];
    head.append(element("span", { class: "layer-buttons" }, ...buttons));
    return head;
  }

  /**
   * @param {number} column
   * @param {number} unit
   * @param {boolean} isOutput
   * @param {import("./data_sets.js").Samples} samples That name inputs and outputs.
   */
  #tile(column, unit, isOutput, samples) {
    const canvas = element("canvas", { width: RESPONSE_SIDE, height: RESPONSE_SIDE });
    const name = column === 0 ? `Input ${inputName(samples, unit)}` : isOutput ? outputName(samples, unit) : `Hidden layer ${column}, unit ${unit + 1}`;
    const place = { layer: column - 1, unit };
    const onclick = () => {
      this.controller.store.set({ selected: place });
      document.getElementById("tabNumbers")?.click(); // where its numbers are
    };
    const style = `left: ${column * COLUMN}px; top: ${TOP + unit * (TILE + GAP)}px; width: ${TILE}px; height: ${TILE}px`;
    const button = element("button", { type: "button", class: "unit", "aria-label": name, title: name, style, onclick, disabled: column === 0 }, canvas);
    return { button, canvas, ...place };
  }

  /**
   * @param {State} state
   * @param {Look} look
   * @param {{ sizes: number[], pictures?: Float32Array[] }} network
   */
  #draw({ frame, selected, parts }, look, { sizes, pictures }) {
    if (!frame) return;
    for (const { button, canvas, layer, unit } of this.tiles ?? []) {
      const isSelected = selected.layer === layer && selected.unit === unit;
      button.setAttribute("aria-pressed", String(isSelected));
      button.classList.toggle("off", Boolean(frame.off[layer]?.[unit]));
      const ofOutput = parts.train.isRegression ? frame.drawing?.scale : { middle: 0.5, largest: 0.5 };
      const range = layer === sizes.length - 2 ? ofOutput : null;
      if (layer < 0) drawResponse(canvas, sizes[0] > 2 ? new Float32Array(1) : INPUT_PICTURES[unit], look, { middle: 0, largest: 1 });
      else if (frame.drawing) drawResponse(canvas, column(frame.drawing.responses[layer], unit, sizes[layer + 1]), look, range);
      else if (layer === 0) drawResponse(canvas, column(layersOf(sizes, frame.parameters)[0].kernel, unit, sizes[1]), look, null);
      else if (pictures) drawResponse(canvas, column(pictures[layer], unit, shownOf(sizes[layer + 1], MAX_SHOWN)), look, null);
      else drawResponse(canvas, new Float32Array(1), look, null);
    }
    this.lines.draw(frame, sizes, look);
  }
}

/**
 * The name of a class next to its output, with the color that it has in the plane, or the name of an input.
 * @param {string} name
 * @param {{ column: number, unit: number, color?: string }} place
 */
function nameLabel(name, { column, unit, color }) {
  const style = `left: ${column * COLUMN + TILE + GAP}px; top: ${TOP + unit * (TILE + GAP)}px; width: ${COLUMN - TILE - GAP}px; height: ${TILE}px`;
  if (color) return element("p", { class: "class-label", title: name, style }, swatch(color), ` ${name}`);
  return element("p", { class: "class-label", style: `${style}; pointer-events: none`, text: name }); // lines are below it
}

/** Buttons that add and remove a hidden layer. */
export function layerButtons(/** @type {Controller} */ controller) {
  const change = (/** @type {(hidden: number[]) => number[]} */ make) => () => {
    const { hidden } = controller.state.settings;
    controller.change({ hidden: make(hidden) });
  };
  const fewer = textButton("− layer", change((hidden) => hidden.slice(0, -1)));
  const more = textButton("+ layer", change((hidden) => [...hidden, hidden[hidden.length - 1] ?? 8]));
  controller.store.watch(["settings"], ({ settings: { hidden } }) => {
    fewer.disabled = hidden.length === 0;
    more.disabled = hidden.length >= MAX_LAYERS;
  });
  return [fewer, more];
}

/**
 * @param {Float32Array} values (point, unit)
 * @param {number} unit
 * @param {number} units
 */
function column(values, unit, units) {
  return Float32Array.from({ length: values.length / units }, (_, k) => values[k * units + unit]);
}

/**
 * Paint numbers as a square picture, or as a line where they belong to a network with one input.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} values
 * @param {Look} look
 * @param {{ middle?: number, largest: number } | null} [range] From the numbers themselves if there is none.
 */
function drawResponse(canvas, values, look, range) {
  const { middle = 0, largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9) } = range ?? {};
  const context = painterOf(canvas);
  const side = Math.round(Math.sqrt(values.length));
  if (values.length === RESPONSE_POINTS) return drawLine(canvas, values, look, { middle, largest });
  if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
  const isImage = side !== RESPONSE_SIDE; // rows of images go down, rows of the plane up
  const image = context.createImageData(side, side);
  numberCodes(values, middle - largest, middle + largest).forEach((code, k) => {
    const row = Math.floor(k / side);
    image.data.set(look.palette.subarray(4 * code, 4 * code + 4), 4 * ((isImage ? row : side - 1 - row) * side + (k % side)));
  });
  context.putImageData(image, 0, 0);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} values
 * @param {Look} look
 * @param {{ middle: number, largest: number }} range
 */
function drawLine(canvas, values, look, { middle, largest }) {
  const side = 88;
  if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
  const context = painterOf(canvas);
  context.fillStyle = look.ground;
  context.fillRect(0, 0, side, side);
  context.beginPath();
  values.forEach((value, k) => context.lineTo((k / values.length) * side, side / 2 - ((value - middle) / largest) * 0.44 * side));
  stroke(context, look.positive, 3);
}
