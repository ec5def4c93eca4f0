// A digit that a person draws, and what the network that is being trained says of it.

import { element } from "../core/elements.js";
import { percent } from "../core/words.js";
import { prepareDrawing } from "../network/drawing.js";
import { DrawingPad } from "../network/drawing_pad.js";
import { paintDigit } from "./digits.js";
import { largestOf } from "./training.js";

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
   * @param {import("./colors.js").Look} look
   */
  show(controller, look) {
    this.controller = controller;
    if (!this.pad) this.#build();
    const pixels = this.pixels ?? new Float32Array(784);
    paintDigit(this.got, pixels, look.isDark);
    const { frame } = controller.state;
    const probabilities = frame && this.pixels ? probabilitiesOf(controller, this.pixels) : null;
    const answer = probabilities?.every(Number.isFinite) ? largestOf(probabilities) : -1;
    this.#say(probabilities && wordsOf(probabilities, answer));
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

  /** @param {string | null} words Said aloud by screen readers, so set only where they change. */
  #say(words) {
    const text = words ?? "Draw a digit: the network answers at once.";
    if (this.answer.textContent !== text) this.answer.textContent = text;
  }
}

/**
 * @param {import("./controller.js").Controller} controller
 * @param {Float32Array} pixels
 * @returns {Float32Array} One for each digit.
 */
function probabilitiesOf(controller, pixels) {
  const { network } = controller.mirror();
  network.forward(pixels, 1);
  network.measure(new Int32Array(1), 1); // which computes the predictions
  return network.values[network.layers.length - 1].outputs.slice(0, 10);
}

/**
 * @param {Float32Array} probabilities
 * @param {number} answer -1 for none.
 */
function wordsOf(probabilities, answer) {
  if (answer < 0) return "The network has no answer: its weights are no longer finite numbers.";
  return `The network says: this is a ${answer}.${probabilities[answer] < SURE ? " It is not sure." : ""}`;
}
