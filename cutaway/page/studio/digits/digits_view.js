import { decodeBase64 } from "../../core/bundle.js";
import { element, textButton } from "../../core/elements.js";
import { counted } from "../../core/words.js";
import { pictureCanvas } from "../../map/pictures.js";
import { prepareDrawing } from "../../network/drawing.js";
import { DrawingPad } from "../../network/drawing_pad.js";
import { actionButton, showError } from "../messages.js";
import { ask, others, person } from "../server.js";
import { showClassDigits } from "./class_digits.js";
import { pictureOf } from "./pictures.js";

/** How MNIST's pictures are made; the digits of a class are made in the same way. */
const MNIST = /** @type {const} */ ({ shape: [28, 28], scale: 255, centering: "mass", paper: 0 });

/** @typedef {{ labels: number[], pixels: string, most: number }} OwnDigits as `api/digits` says them */

/**
 * Where a person draws digits for the class; the one who started the studio also sees what all have drawn.
 * @param {HTMLElement} host
 */
export async function showDigits(host) {
  document.title = "Digits: cutaway studio";
  const inClass = Boolean(others() || person());
  const text = inClass
    ? "Draw each digit a few times, as you write it. Models are tested on the digits of the class, or trained with them."
    : "Draw each digit a few times, as you write it. Test a run on your digits, or train with them.";
  host.append(element("h1", { text: "Digits" }), element("p", { class: "subtitle", text }));
  const own = element("section", { class: "own-digits" });
  const every = element("div", { class: "class-digits" });
  host.append(own, every);
  const isTeacher = !person();
  const showEvery = async () => {
    if (isTeacher) await showClassDigits(every, { changed: showOwn });
  };
  const drawn = new OwnDigitsView(own, () => void showEvery().catch(showError));
  const showOwn = async () => drawn.show(await ask("api/digits"));
  if (inClass && !isTeacher) host.append(element("p", { class: "hint", text: "Your teacher sees whose digits these are. Whoever trains on them does not." }));
  // a damaged file of one person must not hide what all others have drawn
  await Promise.all([showOwn().catch(showError), showEvery()]);
}

/** The pad, what is asked for next, and what the person has drawn. */
class OwnDigitsView {
  #label = 0;
  /** @type {Uint8Array | null} the drawing as it will be kept */
  #pixels = null;
  #isSending = false;

  /**
   * @param {HTMLElement} host
   * @param {() => void} changed called when a digit was given or taken back
   */
  constructor(host, changed) {
    this.changed = changed;
    this.wish = element("h2", { "aria-live": "polite" });
    this.choices = element("div", { class: "digit-choices", role: "group", "aria-label": "Digit to draw" });
    this.preview = element("div", { class: "digit-preview" });
    this.give = actionButton("Give this digit", () => this.#send("POST"), { class: "main", "aria-disabled": "true" });
    this.back = actionButton("Take the last one back", () => this.#send("DELETE"));
    this.count = element("p", { class: "hint", role: "status" });
    this.given = element("div", { class: "samples" });
    const place = element("div", { class: "digit-pad" });
    this.pad = new DrawingPad(place, { penFollows: true, label: "Sheet to draw a digit on", onStroke: (sheet) => this.#take(sheet) });
    this.pad.element.addEventListener("keydown", ({ key, target }) => {
      if (key === "Enter" && target === this.pad.canvas) this.give.click();
    });
    const side = element("div", { class: "digit-side" }, this.preview, element("div", { class: "studio-buttons" }, this.give, this.back), this.count, this.given);
    host.append(this.wish, this.choices, element("div", { class: "digit-drawing" }, place, side));
    this.#show(null);
  }

  /** @param {OwnDigits} own what the person has drawn so far */
  show({ labels, pixels, most }) {
    const counts = Array.from({ length: 10 }, (_, label) => labels.filter((each) => each === label).length);
    this.#choose(counts.indexOf(Math.min(...counts)));
    this.choices.replaceChildren(
      ...counts.map((count, label) => {
        const words = `${label}, ${count} drawn`;
        const choose = () => this.#choose(label);
        const button = textButton("", choose, { "data-digit": label, "aria-label": words, "aria-pressed": String(label === this.#label) });
        button.append(element("strong", { text: String(label) }), element("span", { text: String(count) }));
        return button;
      }),
    );
    const bytes = decodeBase64(pixels);
    this.count.textContent = labels.length ? `You have drawn ${counted(labels.length, "digit")} of at most ${most}.` : `You have drawn none so far, of at most ${most}.`;
    this.back.hidden = !labels.length;
    this.given.replaceChildren(...labels.map((label, k) => pictureOf(bytes, k, String(label))).reverse());
  }

  /** @param {number} label of the digit that is drawn next */
  #choose(label) {
    this.#label = label;
    this.wish.textContent = `Draw a ${label}`;
    for (const button of this.choices.children) button.setAttribute("aria-pressed", String(Number(button.getAttribute("data-digit")) === label));
  }

  /** @param {import("../../network/resampling.js").GrayPicture} sheet */
  #take(sheet) {
    const { picture, isEmpty } = prepareDrawing({ ...MNIST, shape: [...MNIST.shape] }, sheet);
    this.#show(isEmpty ? null : Uint8Array.from(picture.values));
  }

  /** @param {Uint8Array | null} pixels */
  #show(pixels) {
    this.#pixels = pixels;
    this.give.setAttribute("aria-disabled", String(!pixels));
    const shown = { bytes: pixels ?? new Uint8Array(28 * 28), width: 28, height: 28, channels: 1 };
    this.preview.replaceChildren(pictureCanvas(shown, 0, { kind: "small-picture", label: "The digit as a model gets it" }), element("span", { class: "hint", text: "What a model gets: 28 x 28 pixels, scaled and centered as in MNIST." }));
  }

  /** @param {"POST" | "DELETE"} method to give what is on the sheet, or to take the last one back */
  async #send(method) {
    const [pixels, label] = [this.#pixels, this.#label];
    if (this.#isSending || (method === "POST" && !pixels)) return;
    this.#isSending = true;
    try {
      const body = method === "POST" && pixels ? { label, pixels: btoa(String.fromCharCode(...pixels)) } : undefined;
      this.show(await ask("api/digits", { method, body }));
      if (method === "POST") {
        this.pad.clear();
        this.#show(null); // before the next frame, what was drawn could be given once more
      }
      this.changed();
    } finally {
      this.#isSending = false;
    }
  }
}
