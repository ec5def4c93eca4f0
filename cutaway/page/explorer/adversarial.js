import { choice, element, labeled, textButton } from "../core/elements.js";
import { percent } from "../core/words.js";

/** Length of a step: the root of the sum of all squared changes, where white is 1. */
const STEP = 0.05;

/** Maximum number of steps, and the probability at which it ends. */
const [MOST_STEPS, SURE] = [200, 0.99];

/** Milliseconds between two steps. */
const PAUSE = 60;

/** Changes the pixels of a drawing along the gradient, step by step, until the model says another class. */
export class AdversarialImage {
  /** @type {{ now: Float32Array, target: number, steps: number } | null} */
  #under = null;
  #timer = 0;

  /**
   * @param {HTMLElement} host
   * @param {import("./model.js").PageModel} model
   * @param {string[]} classes
   * @param {{ input: () => Float32Array | null, show: (input: Float32Array) => void }} drawing What is drawn, and what
   *   shows what became of it.
   */
  constructor(host, model, classes, { input, show }) {
    this.model = model;
    this.classes = classes;
    this.show = show;
    /** @type {Float32Array | null} The drawing, once it was changed. */
    this.first = null;
    const target = choice(classes.map((name, k) => [String(k), name]), {});
    this.status = element("p", { class: "hint", role: "status" });
    this.start = textButton("Change the pixels", () => (this.#under ? this.stop() : this.#begin(input(), Number(target.value))));
    this.back = textButton("Back to the drawing", () => this.#restore(), { hidden: true });
    const about = element("p", { class: "hint", text: "Each step changes the pixels a little along the gradient: in the direction where the logit of this class rises fastest against the highest other one." });
    host.append(
      element(
        "details",
        { class: "adversarial" },
        element("summary", { text: "Change the pixels until the model says another class" }),
        about,
        element("div", { class: "toolbar" }, labeled("Until it says", target), this.start, this.back),
        this.status,
      ),
    );
  }

  /** End the changes; what has become of the drawing stays. */
  stop() {
    clearInterval(this.#timer);
    this.#under = null;
    this.start.textContent = "Change the pixels";
  }

  /** The drawing is another one. */
  forget() {
    this.stop();
    this.first = null;
    this.back.hidden = true;
    this.status.textContent = "";
  }

  #restore() {
    const { first } = this;
    this.forget();
    if (first) this.show(first);
  }

  /**
   * @param {Float32Array | null} input
   * @param {number} target
   */
  #begin(input, target) {
    if (!input) {
      this.status.textContent = "Draw something first.";
      return;
    }
    this.first ??= input;
    this.#under = { now: Float32Array.from(input), target, steps: 0 };
    this.back.hidden = false;
    this.start.textContent = "Stop";
    this.#timer = setInterval(() => this.#step(), PAUSE);
  }

  #step() {
    const [first, under] = [this.first, this.#under];
    if (!first || !under) return;
    const { scale } = this.model.network.spec;
    const slopes = this.model.explainer.slopesToward(under.now, under.target);
    const length = slopes ? Math.hypot(...slopes) : 0;
    if (slopes && length) {
      under.now = under.now.map((value, k) => Math.min(Math.max(value + (scale * STEP * slopes[k]) / length, 0), scale));
      under.steps++;
      this.show(under.now);
    }
    const { probabilities } = this.model.network.forward(under.now);
    this.#say(first, under, probabilities);
    if (!length || under.steps >= MOST_STEPS || probabilities[under.target] >= SURE) this.stop();
  }

  /**
   * @param {Float32Array} first
   * @param {{ now: Float32Array, steps: number }} under
   * @param {Float32Array} probabilities
   */
  #say(first, { now, steps }, probabilities) {
    const { scale } = this.model.network.spec;
    const changes = now.map((value, k) => (value - first[k]) / scale);
    const most = changes.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const winner = probabilities.indexOf(Math.max(...probabilities));
    this.status.textContent =
      `Step ${steps}: ${this.classes[winner] ?? winner} with ${percent(probabilities[winner], 0)}. The image has changed by a length of ` +
      `${Math.hypot(...changes).toFixed(2)}, and no pixel by more than ${percent(most, 0)} of white.`;
  }
}
