import { categoryPalette } from "../../core/colors.js";
import { element, swatch, textButton } from "../../core/elements.js";
import { isDark, onScheme } from "../../core/scheme.js";
import { grouped, percent } from "../../core/words.js";
import { SampleMap } from "../../map/map.js";
import { showError } from "../messages.js";
import { askForJob } from "../run/work.js";
import { askBytes, listen, runPath } from "../server.js";

/** Milliseconds between two words to the studio that this page still looks; after 30 seconds it computes no more frames. */
const AGAIN = 10_000;

/** Milliseconds that points take to glide to their next places. */
const GLIDE = 500;

const WAITING = "The map comes as soon as the training leaves time for it.";

/**
 * A frame of a live map; see `cutaway.jobs.manager.Frame`.
 * @typedef {{ run: string, epoch: number, number: number, layer: string, samples: number, classes: string[],
 *   split: string, colors: { classes: string[], right: string, wrong: string, missing: string } }} FrameHead
 */

/** The map of the last hidden layer of a run that is being trained, which moves after every epoch. */
export class LiveMap {
  /** @type {SampleMap | null} */
  map = null;
  /** @type {FrameHead | null} */
  head = null;
  #shown = -1;
  #asked = false;
  #busy = false;
  #colors = "class";
  /** @type {{ codes: Uint8Array<ArrayBuffer>, wrong: Uint8Array<ArrayBuffer> } | null} */
  #codes = null;
  /** @type {FrameHead | null} */
  #next = null;
  #timer = 0;

  /** @param {string} run */
  constructor(run) {
    this.run = run;
    this.caption = element("p", { class: "caption live-map-caption", "aria-live": "off" });
    this.host = element("div", { class: "live-map-host", hidden: true });
    this.legend = element("ul", { class: "live-legend" });
    this.switch = textButton("Color by right or wrong", () => this.#toggle());
    this.switch.hidden = true;
    this.element = element(
      "figure",
      { class: "live-map", hidden: true },
      element("figcaption", {}, element("strong", { text: "What the last hidden layer sees" }), this.switch),
      this.host,
      this.legend,
      this.caption,
    );
  }

  /** Begin to follow the run. */
  start() {
    if (!this.#timer) {
      listen({
        job: ({ kind, run, part, error }) => {
          if (kind === "live" && run === this.run && this.#timer && (part || error)) this.#take(part ?? { error });
        },
        reset: () => void this.#watch(),
      });
    }
    this.element.classList.remove("ended");
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.#watch(), AGAIN);
    void this.#watch();
  }

  /** The training has ended; its last frame may still come. */
  ended() {
    this.element.classList.add("ended");
    if (this.caption.textContent === WAITING) this.element.hidden = true;
  }

  async #watch() {
    if (document.hidden || !this.#timer) return; // nobody looks
    try {
      const { parts, error } = await askForJob("live", { run: this.run }, !this.#asked);
      this.#asked = true;
      if (parts.length) this.#take(parts.at(-1));
      else if (error) this.#take({ error });
      else if (this.element.hidden && !this.element.classList.contains("ended")) {
        this.element.hidden = false;
        this.caption.textContent = WAITING;
      }
    } catch (error) {
      clearInterval(this.#timer); // the map stays as it is
      this.#timer = 0;
      showError(error);
    }
  }

  /** @param {FrameHead | { error: string }} head */
  #take(head) {
    if ("error" in head) {
      this.element.hidden = false;
      this.caption.textContent = head.error;
    } else if (head.number !== this.#shown) {
      this.#next = head;
      if (!this.#busy) void this.#follow();
    }
  }

  async #follow() {
    this.#busy = true;
    while (this.#next) {
      const head = this.#next;
      this.#next = null;
      try {
        this.#show(head, await askBytes(`api/${runPath(this.run)}/frames/${head.number}`));
      } catch {
        break; // a newer frame has taken its place, or the studio is gone, which others say
      }
    }
    this.#busy = false;
  }

  /**
   * @param {FrameHead} head
   * @param {Uint8Array<ArrayBuffer>} bytes
   */
  #show(head, bytes) {
    const { samples } = head;
    if (bytes.length !== 6 * samples) return;
    const xy = new Uint16Array(bytes.buffer, 0, 2 * samples);
    const labels = bytes.slice(4 * samples, 5 * samples);
    const predicted = bytes.slice(5 * samples);
    this.element.hidden = this.host.hidden = false;
    if (!this.map) {
      const palette = categoryPalette(head.colors.classes, head.colors.missing, isDark());
      const describe = (/** @type {number} */ i) => head.classes[labels[i]] ?? "";
      const label = `Map of the layer ${head.layer}`;
      this.map = new SampleMap(this.host, { count: samples, palette, size: 4.5, alpha: 0.75, label, describe });
      this.switch.hidden = false;
      onScheme(() => this.#paint());
    }
    this.head = head;
    this.#shown = head.number;
    this.#codes = { codes: labels, wrong: Uint8Array.from(labels, (label, i) => Number(label !== predicted[i])) };
    // two layouts take turns: a map of a thousand epochs holds no more than these
    const key = head.number % 2 ? "odd" : "even";
    this.map.transition.add(key, xy);
    // without a GPU the cores that train paint each step of the way: 0.9 instead of 0.6 CPU seconds for each epoch
    this.map.transition.move(key, this.map.surface.kind === "webgl2" ? GLIDE : 0);
    this.#paint();
    const right = 1 - this.#codes.wrong.reduce((sum, each) => sum + each, 0) / samples;
    const when = head.epoch ? `after epoch ${head.epoch}` : "before the first step";
    this.caption.textContent =
      `${grouped(samples)} ${head.split} samples in ${head.layer}, ${when}: ` +
      `${percent(right)} of them are predicted correctly.`;
    this.element.dataset.epoch = String(head.epoch);
    this.element.dataset.frame = String(head.number);
  }

  #toggle() {
    this.#colors = this.#colors === "class" ? "wrong" : "class";
    this.switch.textContent = this.#colors === "class" ? "Color by right or wrong" : "Color by class";
    this.#paint();
  }

  #paint() {
    if (!this.map || !this.#codes || !this.head) return;
    const byClass = this.#colors === "class";
    const { classes, right, wrong, missing } = this.head.colors;
    const list = byClass ? classes : [right, wrong];
    this.map.color(byClass ? this.#codes.codes : this.#codes.wrong, categoryPalette(list, missing, isDark()));
    const names = byClass ? this.head.classes.slice(0, 20) : ["right", "wrong"];
    const item = (/** @type {string} */ name, /** @type {number} */ code) => element("li", {}, swatch(list[code % list.length]), element("span", { text: name }));
    this.legend.replaceChildren(...names.map(item));
  }
}
