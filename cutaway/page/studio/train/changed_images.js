import { element } from "../../core/elements.js";
import { dataBody } from "../data/data_address.js";
import { doWork } from "../run/work.js";
import { errorText } from "../words.js";

/** Pixels of a side of an image on the page, about: small images are enlarged by a whole factor. */
const SIDE = 56;

/**
 * A button that shows some training images as a training would see them.
 * @param {any} data
 * @param {Record<string, any>} options of the data
 * @param {() => string} augment how images are changed, or an empty text
 */
export function changedImages(data, options, augment) {
  const host = element("div", { class: "changed-images" });
  const button = element("button", { type: "button", text: "Show changed images", onclick: () => void show() });
  const say = (/** @type {string} */ text) => host.replaceChildren(element("p", { class: "field-help", role: "status", text }));
  async function show() {
    const text = augment();
    if (text === "" || text === "none") return say("Images are not changed.");
    button.disabled = true;
    say("Reading the images...");
    try {
      const { result } = await doWork("survey", { ...dataBody(data, options), augment: text }, { again: true });
      if (result.changed) await draw(result.changed);
      else say("Images are not changed.");
    } catch (error) {
      say(errorText(error));
    } finally {
      button.disabled = false;
    }
  }
  async function draw(/** @type {{ png: string, columns: number, rows: number, names: string[] }} */ { png, columns, rows, names }) {
    const alt = `${names.join(", ")}: as they are, and below in ${rows - 1} epochs`;
    const image = element("img", { src: `data:image/png;base64,${png}`, alt });
    await image.decode();
    image.width = image.naturalWidth * Math.max(1, Math.round((SIDE * columns) / image.naturalWidth));
    const words = `Top: as they are. Below: as a training sees them in ${rows - 1} epochs.`;
    host.replaceChildren(image, element("p", { class: "field-help", text: words }));
  }
  return element("div", {}, button, host);
}
