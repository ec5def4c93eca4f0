// The digits: those that the network reads wrong, and how sure it is.

import { element } from "../core/elements.js";
import { percent } from "../core/words.js";
import { prepareDrawing } from "../network/drawing.js";
import { DrawingPad } from "../network/drawing_pad.js";
import { numbered } from "./data_sets.js";
import { largestOf } from "./training.js";

/** @typedef {import("./data_sets.js").Samples} Samples */
/** @typedef {import("./digit_reader.js").Reading} Reading */

/** Test digits that are shown. */
const SHOWN = 60;

/**
 * Samples from the images of the page.
 * @param {Uint8Array[]} arrays Images and labels for training, then for the test.
 */
export function digitParts([x, y, xTest, yTest]) {
  const samples = (/** @type {Uint8Array} */ images, /** @type {Uint8Array} */ labels) => ({
    x: Float32Array.from(images, (value) => value / 255),
    y: Float32Array.from(labels),
    ...{ inputs: images.length / labels.length, outputs: 10, isRegression: false, classNames: numbered(10) },
  });
  return { train: samples(x, y), test: samples(xTest, yTest) };
}

export class DigitsView {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    /** @type {Reading | null} */
    this.shown = null;
    this.isDark = false;
  }

  /**
   * @param {Reading} reading
   * @param {Samples} test
   * @param {import("./plane.js").Look} look
   */
  show(reading, test, { isDark }) {
    if (this.shown === reading && this.isDark === isDark) return;
    Object.assign(this, { shown: reading, isDark });
    const read = Array.from({ length: reading.rows }, (_, row) => {
      const probabilities = reading.probabilities.subarray(10 * row, 10 * row + 10);
      const answer = largestOf(probabilities);
      return { row, answer, probability: probabilities[answer], isRight: answer === test.y[row] };
    });
    const wrong = read.filter(({ isRight }) => !isRight).toSorted((a, b) => b.probability - a.probability);
    const shown = [...wrong, ...read.filter(({ isRight }) => isRight)].slice(0, SHOWN);
    const cards = shown.map(({ row, answer, probability, isRight }) => {
      const canvas = element("canvas", { width: 28, height: 28 });
      paintDigit(canvas, test.x.subarray(row * 784, (row + 1) * 784), isDark);
      const text = `${answer} ${percent(probability, 0)}`;
      return element("li", { class: isRight ? "right" : "wrong", title: `A ${test.y[row]}, read as ${answer}` }, canvas, element("span", { text }));
    });
    const about = `${wrong.length} of the first ${reading.rows} test digits are read wrong; these come first, the surest ones before others.`;
    this.host.replaceChildren(element("p", { class: "hint", text: about }), element("ul", { class: "digit-cards" }, ...cards));
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} pixels 0 to 1
 * @param {boolean} isDark
 */
export function paintDigit(canvas, pixels, isDark) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(28, 28);
  pixels.forEach((value, k) => {
    const ink = Math.round(255 * (isDark ? value : 1 - value));
    image.data.set([ink, ink, ink, 255], 4 * k);
  });
  context.putImageData(image, 0, 0);
}

/**
 * How the digits of the page were made: cut out, scaled to 20 pixels, and centered by their mass, white on black.
 * @type {import("../network/drawing.js").DrawingSpec}
 */
const MNIST = { shape: [28, 28], scale: 1, centering: "mass", paper: 0 };

/** Probabilities below which an answer is called unsure. */
const SURE = 0.5;

/** A pad for one digit, the digit as the network gets it, and the probabilities of all ten. */
export class DigitPad {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    /** @type {Float32Array | null} The pixels that the network gets, 0 to 1; null while nothing is drawn. */
    this.pixels = null;
    /** @type {DrawingPad | null} Made when it is first needed: most people never choose digits. */
    this.pad = null;
    this.got = element("canvas", { width: 28, height: 28, role: "img", "aria-label": "The digit as the network gets it" });
    this.answer = element("p", { class: "digit-answer", role: "status" });
    this.bars = Array.from({ length: 10 }, (_, digit) => {
      const [fill, value] = [element("i", { "aria-hidden": "true" }), element("b")];
      const row = element("li", {}, element("span", { text: String(digit) }), element("span", {}, fill), value);
      return { row, fill, value };
    });
  }

  /**
   * @param {import("./controller.js").Controller} controller
   * @param {import("./plane.js").Look} look
   */
  show(controller, look) {
    this.controller = controller;
    if (!this.pad) this.#build();
    const pixels = this.pixels ?? new Float32Array(784);
    paintDigit(this.got, pixels, look.isDark);
    const { frame } = controller.state;
    const probabilities = frame && this.pixels ? controller.mirror().network.predict(this.pixels, 1) : null;
    const answer = probabilities?.every(Number.isFinite) ? largestOf(probabilities) : -1;
    const none = "The network has no answer: its weights are no longer finite numbers.";
    const sure = probabilities && probabilities[answer] < SURE ? " It is not sure." : "";
    const text = !probabilities ? "Draw a digit: the network answers at once." : answer < 0 ? none : `The network says: this is a ${answer}.${sure}`;
    if (this.answer.textContent !== text) this.answer.textContent = text; // screen readers read it aloud
    this.bars.forEach(({ row, fill, value }, digit) => {
      const probability = probabilities?.[digit] ?? NaN;
      row.classList.toggle("answer", digit === answer);
      fill.style.width = Number.isFinite(probability) ? percent(probability) : "0";
      value.textContent = Number.isFinite(probability) ? percent(probability) : "–";
    });
  }

  #build() {
    const sheet = element("div");
    const about = element("span", { text: "As the network gets it: scaled and centered, like the digits that it learns from." });
    const list = element("ol", { class: "digit-bars", "aria-label": "Probability of each digit" }, ...this.bars.map(({ row }) => row));
    this.host.append(
      element("h3", { text: "Draw a digit" }),
      sheet,
      element("div", {}, this.answer, list, element("div", { class: "digit-got" }, this.got, about)),
    );
    const onStroke = (/** @type {import("../network/resampling.js").GrayImage} */ drawn) => {
      const { input, isEmpty } = prepareDrawing(MNIST, drawn);
      this.pixels = isEmpty ? null : input;
      this.controller?.store.set({ drawn: this.pixels });
    };
    this.pad = new DrawingPad(sheet, { penFollows: true, label: "Sheet to draw a digit on", onStroke });
  }
}
