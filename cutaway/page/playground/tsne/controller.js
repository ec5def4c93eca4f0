// The state of t-SNE in the playground and what changes it: settings, the experiment, and the loop that moves the points.

import { Store } from "../../core/store.js";
import { grouped } from "../../core/words.js";
import { Experiment, MAX_STEPS } from "./experiment.js";
import { largestPerplexity } from "./settings.js";
import { DIGITS, makeToy, toyOfDigits, TOYS } from "./toy_data.js";

/** @typedef {import("./experiment.js").TsneSettings} TsneSettings */

/**
 * @typedef {object} TsneState
 * @property {TsneSettings} settings
 * @property {Experiment | null} experiment Null until digits are read.
 * @property {number} step The step that is shown.
 * @property {boolean} isPlaying
 * @property {number | null} pointed The point under the pointer.
 * @property {number} chosen The point whose kernels are shown if none is under the pointer.
 * @property {number} angle By which data of three dimensions are turned, in degrees.
 * @property {string} message What a person should know.
 */

/** Steps in a frame, at most, and the milliseconds after which a frame ends: 30 of them fit into a second. */
export const SPEEDS = { slow: { name: "One step a frame", steps: 1 }, normal: { name: "Four steps a frame", steps: 4 }, fast: { name: "As fast as possible", steps: Infinity } };
const FRAME_MILLISECONDS = 14;

/** Degrees that a frame turns data in space by. */
const TURN = 0.4;

const FULL = `The map is at step ${grouped(MAX_STEPS)}, and no more steps are kept: go back, or start again.`;
const SETTLED = "The map has settled: the KL divergence fell by less than 0.2% in 50 steps. Turn perplexity, or press Play to go on.";

export class TsneController {
  #frame = 0;
  /** Which choice of data is the last one. */
  #choice = 0;

  /**
   * @param {TsneSettings} settings
   * @param {() => Promise<Uint8Array[]>} digits Images and labels for training first.
   */
  constructor(settings, digits) {
    this.digits = digits;
    /** @type {TsneState} */
    const first = { settings, experiment: null, step: 0, isPlaying: false, pointed: null, chosen: 0, angle: 30, message: "" };
    this.store = new Store(first);
    /** @type {keyof typeof SPEEDS} */
    this.speed = "normal";
  }

  /**
   * Begin with other data, or another start.
   * @param {TsneSettings} settings
   * @param {string} [message]
   * @returns {Promise<boolean>} whether it has begun, and nothing else was chosen meanwhile
   */
  async begin(settings, message = "") {
    const choice = ++this.#choice;
    this.play(false);
    this.store.set({ settings, experiment: null, message: settings.data === DIGITS ? "Reading the digits…" : message });
    const [images, labels] = settings.data === DIGITS ? await this.digits() : [];
    const toy = images ? toyOfDigits(images, labels, settings) : makeToy(settings);
    if (choice !== this.#choice) return false;
    this.store.set({ experiment: new Experiment(toy, settings), step: 0, pointed: null, chosen: 0, message });
    return true;
  }

  /**
   * Change a setting: perplexity and learning rate go on from here, the others begin again.
   * @param {Partial<TsneSettings>} change
   */
  change(change) {
    const { settings, experiment, step } = this.store.state;
    const next = { ...settings, ...change };
    if (change.data !== undefined) next.dimensions = TOYS[change.data]?.dimensions ?? settings.dimensions;
    const most = largestPerplexity(next.points);
    const isLowered = next.perplexity > most;
    if (isLowered) next.perplexity = most;
    const goesOn = Object.keys(change).every((name) => name === "perplexity" || name === "learningRate");
    if (!goesOn || !experiment) return void this.begin(next, isLowered ? `Perplexity is ${most} now: it stays below a third of the points.` : "");
    experiment.change(change);
    this.store.set({ settings: next });
    if (step > 0) this.play(true);
  }

  /** @param {boolean} isPlaying */
  play(isPlaying) {
    if (isPlaying && !this.store.state.experiment) return;
    this.store.set({ isPlaying, message: "" });
    cancelAnimationFrame(this.#frame);
    if (isPlaying) this.#frame = requestAnimationFrame(() => this.#advance());
  }

  #advance() {
    const { experiment, angle } = this.store.state;
    if (!experiment) return;
    const begun = performance.now();
    const isAsked = experiment.hasSettled; // Play was pressed on a map that has settled: it goes on for a while
    if (isAsked) experiment.change({});
    for (let done = 0; done < SPEEDS[this.speed].steps && performance.now() - begun < FRAME_MILLISECONDS; done++) {
      if (experiment.isFull || experiment.hasSettled) break;
      experiment.advance();
    }
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.store.set({ step: experiment.step, angle: isStill ? angle : (angle + TURN) % 360 });
    const end = experiment.isFull ? FULL : experiment.hasSettled ? SETTLED : "";
    if (end) {
      this.play(false);
      this.store.set({ message: end });
    } else this.#frame = requestAnimationFrame(() => this.#advance());
  }

  /** Do one step, and stop there. */
  oneStep() {
    const { experiment } = this.store.state;
    this.play(false);
    experiment?.advance();
    this.store.set({ step: experiment?.step ?? 0, message: experiment?.isFull ? FULL : "" });
  }

  restart() {
    this.play(false);
    this.store.state.experiment?.restart();
    this.store.set({ step: 0 });
  }

  /** @param {number} step One that is kept. */
  goTo(step) {
    const { experiment } = this.store.state;
    this.play(false);
    experiment?.goTo(step);
    this.store.set({ step: experiment?.step ?? 0 });
  }
}
