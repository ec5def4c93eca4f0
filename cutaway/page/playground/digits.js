// The digits: those that the network reads wrong, and how sure it is.

import { element } from "../core/elements.js";
import { percent } from "../core/words.js";
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
    y: Int32Array.from(labels),
    ...{ inputs: images.length / labels.length, outputs: 10, isFunction: false },
    classNames: Array.from({ length: 10 }, (_, k) => String(k)),
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
   * @param {import("./colors.js").Look} look
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
