// A sheet to draw on with mouse, pen, finger or keyboard.

import { element, textButton } from "../core/elements.js";
import { onScheme } from "../core/scheme.js";
import { inNextFrame } from "../core/timing.js";
import { drawStrokes, penRadius } from "./drawing.js";

/** @typedef {import("./drawing.js").StrokePoint} StrokePoint */
/** @typedef {import("./resampling.js").GrayImage} GrayImage */

/** Pixels of the longer side of the sheet that is handed on; the one on the screen has its own resolution. */
const SHEET_PIXELS = 280;

/** How far an arrow key moves the pen, of 1 for the longer side. */
const KEY_STEP = 1 / 40;

const PAD_HELP =
  "Draw with mouse, pen or finger. With the keyboard, arrow keys move the pen, Space puts it down and lifts it, " +
  "Backspace undoes a stroke, and Delete clears the sheet.";

const PEN_HELP = " The pen is as wide as suits the size of the drawing.";

/** @type {Record<string, [number, number]>} */
const ARROW_MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Numbers the help texts of pads, whose ids must differ. */
let padCount = 0;

/** A drawing pad with buttons for undo and clear. Points of strokes are in pixels of the sheet that is handed on. */
export class DrawingPad {
  /** @type {number | null} The pointer that draws. */
  #pointer = null;
  #penIsDown = false;
  #showsPen = false;
  #changed = inNextFrame(() => {
    this.repaint();
    this.onStroke(drawStrokes(this.strokes, this.size, this.#radius));
  });

  /**
   * @param {HTMLElement} host Where the pad is put.
   * @param {object} options
   * @param {(sheet: GrayImage) => void} options.onStroke Called at most once a frame with the whole drawing, 0 for
   *   paper and 255 for ink.
   * @param {number} [options.aspect] Width over height of the sheet.
   * @param {boolean} [options.penFollows] Whether the pen is as wide as suits the size of the drawing.
   * @param {StrokePoint[][]} [options.strokes] That are drawn already.
   * @param {string} [options.label] What is to be drawn, for screen readers.
   */
  constructor(host, { onStroke, aspect = 1, penFollows = false, strokes = [], label = "Sheet to draw on" }) {
    this.onStroke = onStroke;
    this.penFollows = penFollows;
    this.strokes = strokes;
    const longer = Math.max(aspect, 1);
    this.size = { width: Math.round((SHEET_PIXELS * aspect) / longer), height: Math.round(SHEET_PIXELS / longer) };
    this.pen = { x: this.size.width / 2, y: this.size.height / 2, pressure: 1 };
    this.element = element("div", { class: "drawing-pad" });
    const text = penFollows ? PAD_HELP + PEN_HELP : PAD_HELP;
    const help = element("p", { class: "drawing-help", id: `drawingHelp${++padCount}`, text });
    const named = { role: "application", "aria-label": label, "aria-describedby": help.id };
    this.canvas = element("canvas", { class: "drawing-sheet", tabindex: 0, ...named });
    this.canvas.style.aspectRatio = `${this.size.width} / ${this.size.height}`;
    this.canvas.style.touchAction = "none";
    this.undoButton = textButton("Undo", () => this.undo());
    this.clearButton = textButton("Clear", () => this.clear());
    this.status = element("p", { class: "drawing-status", role: "status" });
    const buttons = element("div", { class: "drawing-buttons" }, this.undoButton, this.clearButton);
    this.element.append(this.canvas, buttons, help, this.status);
    host.append(this.element);
    this.#listen();
    this.#allowButtons();
    if (strokes.length) this.#changed();
  }

  /** Take the last stroke back. */
  undo() {
    if (!this.strokes.length) return;
    this.strokes = this.strokes.slice(0, -1);
    this.#redraw("Stroke undone");
  }

  /** Take all strokes back. */
  clear() {
    if (!this.strokes.length) return;
    this.strokes = [];
    this.#redraw("Sheet cleared");
  }

  /** Show the drawing again, as after a change of colors or size. */
  repaint() {
    const scale = Math.max(1, Math.round(this.canvas.clientWidth * devicePixelRatio)) / this.size.width;
    const [width, height] = [this.size.width, this.size.height].map((side) => Math.round(side * scale));
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const context = this.canvas.getContext("2d");
    if (!context) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, this.size.width, this.size.height);
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = getComputedStyle(this.canvas).color;
    for (const points of this.strokes) paintStroke(context, points, this.#radius);
    if (this.#showsPen) this.#paintPen(context);
  }

  /** Radius of the pen, in pixels of the sheet that is handed on. */
  get #radius() {
    return penRadius(this.strokes, { size: this.size, follows: this.penFollows });
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(kind, (event) => {
        if (/** @type {PointerEvent} */ (event).pointerId === this.#pointer) this.#pointer = null;
      });
    }
    canvas.addEventListener("keydown", (event) => this.#press(event));
    canvas.addEventListener("focusout", () => this.#liftPen());
    new ResizeObserver(() => this.repaint()).observe(canvas);
    onScheme(() => this.repaint());
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    if (this.#pointer !== null || event.button !== 0) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#penIsDown = this.#showsPen = false;
    this.strokes = [...this.strokes, []];
    this.#extend(this.#pointOf(event));
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.#extend(this.#pointOf(one));
  }

  /**
   * Where a pointer is on the sheet, and how wide it draws: a pen by its pressure.
   * @param {PointerEvent} event
   * @returns {StrokePoint}
   */
  #pointOf(event) {
    const { canvas, size } = this;
    const box = canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left - canvas.clientLeft) / canvas.clientWidth) * size.width;
    const y = ((event.clientY - box.top - canvas.clientTop) / canvas.clientHeight) * size.height;
    const pressure = event.pointerType === "pen" && event.pressure ? 0.5 + event.pressure : 1;
    return { x, y, pressure };
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.altKey || event.metaKey) return;
    const isUndo = event.key === "Backspace" || (event.ctrlKey && event.key.toLowerCase() === "z");
    if (isUndo) this.undo();
    else if (event.ctrlKey) return;
    else if (event.key in ARROW_MOVES) this.#moveByKey(ARROW_MOVES[event.key], event.shiftKey ? 4 : 1);
    else if (event.key === " ") this.#togglePen();
    else if (event.key === "Delete") this.clear();
    else if (event.key === "Escape" && this.#penIsDown) this.#togglePen();
    else return;
    event.preventDefault();
  }

  /**
   * @param {[number, number]} direction
   * @param {number} times
   */
  #moveByKey([right, down], times) {
    const step = KEY_STEP * SHEET_PIXELS * times;
    this.#showsPen = true;
    this.pen.x = Math.min(Math.max(this.pen.x + right * step, 0), this.size.width);
    this.pen.y = Math.min(Math.max(this.pen.y + down * step, 0), this.size.height);
    if (this.#penIsDown) this.#extend({ ...this.pen });
    else this.repaint();
  }

  #togglePen() {
    this.#penIsDown = !this.#penIsDown;
    this.#showsPen = true;
    this.status.textContent = this.#penIsDown ? "Pen down" : "Pen up";
    if (!this.#penIsDown) return this.repaint();
    this.strokes = [...this.strokes, []];
    return this.#extend({ ...this.pen });
  }

  #liftPen() {
    this.#penIsDown = this.#showsPen = false;
    this.repaint();
  }

  /**
   * Add a point to the last stroke.
   * @param {StrokePoint} point
   */
  #extend(point) {
    if (!this.strokes.length) this.strokes = [[]];
    this.strokes.at(-1)?.push(point);
    this.#update();
  }

  /** @param {string} status */
  #redraw(status) {
    this.#penIsDown = false;
    this.#pointer = null;
    this.status.textContent = status;
    this.repaint(); // a browser that is busy may take seconds to the next frame
    this.#update();
  }

  /** Show and hand on the drawing in the next frame. */
  #update() {
    this.#allowButtons();
    this.#changed();
  }

  #allowButtons() {
    // a button that loses its focus by being disabled would leave the keyboard nowhere
    for (const button of [this.undoButton, this.clearButton]) {
      button.setAttribute("aria-disabled", String(!this.strokes.length));
    }
  }

  /** @param {CanvasRenderingContext2D} context */
  #paintPen(context) {
    context.save();
    context.strokeStyle = getComputedStyle(this.canvas).caretColor;
    context.lineWidth = 3;
    if (!this.#penIsDown) context.setLineDash([4, 4]);
    context.beginPath();
    context.arc(this.pen.x, this.pen.y, this.#radius + 4, 0, 2 * Math.PI);
    context.stroke();
    context.restore();
  }
}

/**
 * Draw a stroke on the screen: as one line if it has one width, since the edges of parts would add up.
 * @param {CanvasRenderingContext2D} context
 * @param {StrokePoint[]} points
 * @param {number} radius Of the pen.
 */
function paintStroke(context, points, radius) {
  context.beginPath();
  points.forEach((point, i) => {
    const before = points[Math.max(i - 1, 0)];
    const width = radius * (before.pressure + point.pressure);
    if (i === 0 || Math.abs(width - context.lineWidth) > 1e-3) {
      context.stroke();
      context.beginPath();
      context.moveTo(before.x, before.y);
      context.lineWidth = width;
    }
    context.lineTo(point.x, point.y);
  });
  context.stroke();
}
