// An experiment without a page: data, affinities, and the moments of a descent, to which one can go back.

import { foldSeed } from "../random/seeds.js";
import { RandomState } from "../random/mersenne_twister.js";
import { conditionalAffinities, jointAffinities } from "./affinities.js";
import { EARLY_STEPS, firstMoment, klDivergence, nextMoment, ruleOf } from "./descent.js";
import { boundsOf, firstComponents } from "./distances.js";
import { measurable } from "./measures.js";

/** @typedef {import("./toy_data.js").Toy} Toy */

/**
 * @typedef {object} TsneSettings
 * @property {string} data The name of the data.
 * @property {number} points
 * @property {number} dimensions Where the data can have any number of them.
 * @property {number} seed Of the data and of a random start.
 * @property {"pca" | "random"} start
 * @property {number} perplexity
 * @property {number | "auto"} learningRate
 */

/**
 * @typedef {import("./descent.js").Moment & { kl: number | null, perplexity: number }} Entry A moment, with the perplexity that led
 *   there, and every few steps the KL divergence.
 */

/** Steps that are kept, with all that is needed to go on from any: 24 MB for 400 points. */
export const MAX_STEPS = 3000;

/** Steps between two KL divergences, whose logarithms take twice as long as a step. */
export const KL_STEPS = 5;

/** Standard deviation of the start, or of its first principal component: so small that it decides where groups go, but not how large they are. */
const START_DEVIATION = 1e-4;

/** A map that is narrower than this, and than its start, has collapsed to a point. */
const POINT_WIDTH = 1e-2;

/** The descent has settled where the KL divergence falls by less than this share in so many steps: as in `ct.TSNE`. */
const [SETTLED, WINDOW] = [0.002, 50];

export class Experiment {
  /**
   * @param {Toy} toy
   * @param {TsneSettings} settings
   */
  constructor(toy, settings) {
    this.toy = toy;
    this.settings = settings;
    this.data = measurable(toy);
    this.components = firstComponents(this.data.squared);
    this.conditional = conditionalAffinities(this.data.squared, settings.perplexity);
    this.affinities = jointAffinities(this.conditional.p);
    const { scores } = this.components;
    const spread = Math.sqrt(scores.reduce((sum, value, k) => sum + (k % 2 ? 0 : value ** 2), 0) / toy.labels.length); // of the first component
    const random = new RandomState(foldSeed(settings.seed, 1)); // the data are drawn from the seed itself
    this.start = Float32Array.from(scores, (value) => (settings.start === "pca" ? (START_DEVIATION * value) / spread : random.normal(0, START_DEVIATION)));
    this.step = 0;
    /** The step of the last change, or of the start. */
    this.changed = 0;
    this.moments = [this.#entry(0, firstMoment(this.start))];
  }

  /** Go back to the start, and forget all later steps. */
  restart() {
    Object.assign(this, { step: 0, changed: 0, moments: [this.#entry(0, firstMoment(this.start))] });
  }

  /**
   * @param {number} step
   * @param {import("./descent.js").Moment} moment
   * @returns {Entry}
   */
  #entry(step, moment) {
    const kl = step % KL_STEPS ? null : klDivergence(this.affinities, moment.xy);
    return { ...moment, kl, perplexity: this.settings.perplexity };
  }

  /**
   * The KL divergences that were computed.
   * @returns {[number, number][]} Step and divergence of each.
   */
  get divergences() {
    return this.moments.flatMap(({ kl }, step) => (kl === null ? [] : [/** @type {[number, number]} */ ([step, kl])]));
  }

  get now() {
    return this.moments[this.step];
  }

  /** The last step that is kept. */
  get last() {
    return this.moments.length - 1;
  }

  get isFull() {
    return this.step === MAX_STEPS;
  }

  /** Whether the KL divergence hardly falls any more. */
  get hasSettled() {
    const before = this.step - WINDOW;
    if (before < Math.max(EARLY_STEPS, this.changed)) return false;
    const [then, now] = [this.moments[before].kl, this.now.kl];
    if (then === null || now === null) return false;
    const fall = 1 - now / then;
    return fall >= 0 && fall < SETTLED;
  }

  /**
   * Go on from here with another perplexity or learning rate.
   * @param {{ perplexity?: number, learningRate?: number | "auto" }} change
   */
  change(change) {
    this.settings = { ...this.settings, ...change };
    if (change.perplexity !== undefined) {
      this.conditional = conditionalAffinities(this.data.squared, change.perplexity);
      this.affinities = jointAffinities(this.conditional.p);
    }
    this.changed = this.step;
  }

  /** Do a step from where the points are now. Later steps, which another perplexity may have led to, are forgotten. */
  advance() {
    if (this.isFull) return;
    const { toy, settings, step } = this;
    // in one point all forces are 0: early exaggeration does this to few points that are all neighbors
    const hasCollapsed = step === EARLY_STEPS && boundsOf(this.now.xy).size < Math.min(boundsOf(this.start).size, POINT_WIDTH);
    const from = hasCollapsed ? firstMoment(this.start) : this.now;
    const rule = ruleOf(step, { points: toy.labels.length, learningRate: settings.learningRate });
    this.moments.length = step + 1;
    this.moments.push(this.#entry(step + 1, nextMoment(from, this.affinities.p, rule)));
    this.step++;
  }

  /**
   * Show another step that is kept.
   * @param {number} step
   */
  goTo(step) {
    this.step = Math.min(Math.max(0, step), this.last);
    this.changed = Math.min(this.changed, this.step);
  }
}
