import { element } from "../../core/elements.js";
import { pictureCanvas } from "../../map/pictures.js";

/**
 * A digit with words below it.
 * @param {Uint8Array} bytes of digits of 28 x 28 pixels, one after another
 * @param {number} place of the digit among them
 * @param {string} text
 */
export function pictureOf(bytes, place, text) {
  const pictures = { bytes, width: 28, height: 28, channels: 1 };
  return element("div", { class: "sample" }, pictureCanvas(pictures, place, { kind: "small-picture", label: text }), element("span", { text }));
}
