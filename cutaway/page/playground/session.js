// A session of the playground without a page: data, a training, its past and its branches, and what a page draws of them.

import { take, trainAndTest } from "./data_sets.js";
import { drawNetwork, extentOf } from "./drawing.js";
import { Branch, MAX_BRANCHES, MAX_REMOVED } from "./timeline.js";
import { Training } from "./training.js";

/**
 * @typedef {import("./data_sets.js").DataSettings & import("./training.js").TrainingSettings & { testShare: number }} Settings
 *   `testShare`: the share of the samples that is held out as test samples, between 0 and 1.
 */

/** @typedef {import("./data_sets.js").OwnData} OwnData */
/** @typedef {import("./drawing.js").Drawing} Drawing */

/**
 * @typedef {object} Frame
 * @property {Settings} settings
 * @property {number} step
 * @property {number} epoch Epochs done.
 * @property {number} seen Samples of the next one that were learned from.
 * @property {number} epochs Both together.
 * @property {number} stepsPerEpoch
 * @property {boolean} isLight Whether all of it is computed in a moment, scores included.
 * @property {boolean} isTried Whether a weight is another one than that of the session, for this frame alone.
 * @property {boolean} isFinite Whether all weights are finite numbers.
 * @property {number} scored The step of these scores: an earlier one where they take long.
 * @property {import("./training.js").Scores} train
 * @property {import("./training.js").Scores} test
 * @property {Float32Array} parameters
 * @property {Float32Array} gradient Of the next batch.
 * @property {Uint8Array[]} off
 * @property {number} branch Number of the branch that is shown.
 * @property {{ id: number, settings: Settings, change: string, parent: number, firstStep: number, lastStep: number, curve: number[][] }[]} branches
 *   `curve`: for each moment step, epochs, training loss and score, test loss and score; those of removed ancestors are first.
 * @property {Drawing | null} drawing
 */

/** Maximum number of training samples for the scores; the same for test samples. */
const SCORED = 1000;

/** Work of scoring, in products, that needs no thought. */
const CHEAP = 5e6;

/** @typedef {{ layer: number, input: number | null, unit: number, value: number }} WeightEdit `input`: null for the bias. */

/** Data, a training, and its past. */
export class Session {
  /**
   * Begin with new weights.
   * @param {Settings} settings
   * @param {OwnData | null} [own] In place of the data that the settings describe.
   */
  constructor(settings, own = null) {
    this.settings = settings;
    const parts = trainAndTest(settings, own);
    this.train = parts.train;
    /** The samples that are scored: the first ones of training and test. */
    this.scored = [parts.train, parts.test].map((samples) => take(samples, Int32Array.from({ length: Math.min(SCORED, samples.y.length) }, (_, k) => k)));
    this.training = new Training(settings, parts.train);
    this.extent = extentOf(parts);
    /** @type {Branch} */
    this.branch = new Branch(settings, this.#entry(), { spacing: this.#spacing() });
    /** Up to `MAX_BRANCHES`, and up to `MAX_REMOVED` more that came back; the first one stays. */
    this.branches = [this.branch];
    this.begun = 1; // branches, those included that were removed
    /** @type {{ branch: number, removed: Branch, left: { child: Branch, past: number[][] }[] }[]} The last one was removed last. */
    this.removed = [];
    /** @type {WeightEdit | null} A weight that the next frame alone has. */
    this.tried = null;
  }

  /** @returns {number} Steps between two moments, so that scores take no more than a fifth of the time. */
  #spacing() {
    const scored = this.scored[0].y.length + this.scored[1].y.length;
    if (scored * this.training.network.parameters.length < CHEAP) return 1;
    return Math.ceil((5 * scored) / (3 * this.training.batchSize)); // a step costs three forward passes
  }

  /** @returns {import("./timeline.js").Entry} */
  #entry() {
    const { training } = this;
    const [train, test] = this.scored.map((samples) => training.evaluate(samples));
    return { moment: training.moment(), train, test };
  }

  /**
   * Go on from here with other settings of the training, in a new branch.
   * @param {Settings} settings With the same data and the same layers.
   * @param {string} change What differs, in words.
   * @throws {RangeError} There is no room for another branch, as in `setWeight` and `switchUnit`.
   */
  change(settings, change) {
    this.#needRoom();
    const moment = this.training.moment();
    this.#use(settings, this.branch.off);
    this.training.restore(moment);
    this.#leave(change);
  }

  /**
   * @param {Settings} settings
   * @param {Uint8Array[]} off
   */
  #use(settings, off) {
    this.settings = settings;
    this.training = new Training(settings, this.train);
    this.training.network.off.forEach((units, k) => units.set(off[k] ?? []));
  }

  #needRoom() {
    if (this.branches.length >= MAX_BRANCHES) throw new RangeError(`a session has ${MAX_BRANCHES} branches at most`);
  }

  /**
   * Remove a branch. Branches that left it stay, and keep its curve up to where they left. Where it is shown, its parent is
   * shown instead, at the step that it left at.
   * @param {number} id Of a branch; nothing happens if it was removed already.
   * @throws {RangeError} It is the first one.
   */
  removeBranch(id) {
    const branch = this.branches.findIndex((each) => each.id === id);
    if (branch < 0) return;
    const removed = this.branches[branch];
    const { parent } = removed;
    if (!parent) throw new RangeError("the first branch stays");
    if (removed === this.branch) this.goTo(parent.id, removed.firstStep);
    const left = this.branches.filter((each) => each.parent === removed).map((child) => ({ child, past: child.past }));
    this.branches.splice(branch, 1);
    this.removed = [...this.removed, { branch, removed, left }].slice(-MAX_REMOVED);
    const curve = this.#curveOf(removed);
    for (const { child, past } of left) {
      const [[first]] = this.#curveOf(child);
      child.past = [...curve.filter(([step]) => step < first), ...past];
      child.parent = parent;
    }
  }

  /** Bring back the branch that was removed last. */
  restoreBranch() {
    const last = this.removed.pop();
    if (!last) return;
    this.branches.splice(last.branch, 0, last.removed);
    for (const { child, past } of last.left) Object.assign(child, { past, parent: last.removed });
  }

  /**
   * @param {Branch} branch
   * @returns {number[][]} As in a frame.
   */
  #curveOf({ past, entries }) {
    const rows = entries.map(({ moment: { step, epoch, seen }, train, test }) => [
      ...[step, epoch + seen / this.train.y.length, train.loss, train.score, test.loss, test.score],
    ]);
    return [...past, ...rows];
  }

  /** @param {string} change */
  #leave(change) {
    const { off } = this.training.network;
    const about = { id: this.begun++, parent: this.branch, spacing: this.#spacing(), change, off: off.map((units) => units.slice()) };
    this.branch = new Branch(this.settings, this.#entry(), about);
    this.branches.push(this.branch);
  }

  /**
   * Learn, for a number of steps or for a time, whichever ends first.
   * @param {{ steps?: number, milliseconds?: number }} limits
   */
  learn({ steps = Infinity, milliseconds = Infinity }) {
    const start = performance.now();
    for (let done = 0; done < steps && performance.now() - start < milliseconds; done++) {
      const loss = this.training.learn();
      this.branch.end = Math.max(this.branch.end, this.training.step);
      if (this.branch.wants(this.training.step)) this.branch.keep(this.#entry());
      if (!Number.isFinite(loss)) break;
    }
  }

  /** Learn up to the end of the epoch that has begun, or of the next one. */
  learnEpoch() {
    const { seen, batchSize, train } = this.training;
    this.learn({ steps: Math.ceil((train.y.length - seen) / batchSize) });
  }

  /**
   * Go to a step of a branch, forward or backward.
   * @param {number} id Of a branch; nothing happens if it was removed meanwhile.
   * @param {number} step From its first to its last one. Steps without a moment are learned again, to the same bytes.
   */
  goTo(id, step) {
    const target = this.branches.find((each) => each.id === id);
    if (!target) return;
    if (target !== this.branch) this.#use({ ...this.settings, ...target.settings }, target.off);
    this.branch = target;
    const within = Math.min(Math.max(step, target.firstStep), target.end);
    this.training.restore(target.before(within));
    while (this.training.step < within) this.training.learn();
  }

  /**
   * Change a weight by hand, which begins a branch.
   * @param {WeightEdit} edit
   */
  setWeight(edit) {
    this.#needRoom();
    this.#put(edit);
    this.#leave("a weight");
  }

  /**
   * Have the next frame show what a weight would do; the training stays as it is.
   * @param {WeightEdit} edit
   */
  tryWeight(edit) {
    this.tried = edit;
  }

  /**
   * @param {WeightEdit} edit
   * @returns {WeightEdit} What undoes it.
   */
  #put({ layer, input, unit, value }) {
    const { kernel, bias, units } = this.training.network.layers[layer];
    const [weights, place] = input === null ? [bias, unit] : [kernel, input * units + unit];
    const before = weights[place];
    weights[place] = value;
    return { layer, input, unit, value: before };
  }

  /**
   * Switch a unit of a hidden layer off, or on again.
   * @param {number} layer
   * @param {number} unit
   */
  switchUnit(layer, unit) {
    this.#needRoom();
    this.training.network.off[layer][unit] ^= 1;
    this.#leave(this.training.network.off[layer][unit] ? "a unit off" : "a unit on");
  }

  /** @returns {Frame} */
  toFrame() {
    const { training, branch } = this;
    const { network } = training;
    const back = this.tried && this.#put(this.tried);
    const isTried = back !== null;
    this.tried = null;
    const last = branch.entries.findLast(({ moment }) => moment.step <= training.step);
    // if scores take long, the last ones are shown
    const isLight = this.#spacing() === 1;
    const isKnown = last && !isTried && (last.moment.step === training.step || !isLight);
    const { moment, train, test } = isKnown ? last : this.#entry();
    training.look();
    const frame = {
      settings: this.settings,
      step: training.step,
      epoch: training.epoch,
      seen: training.seen,
      epochs: training.epochs,
      stepsPerEpoch: training.stepsPerEpoch,
      isLight,
      isTried,
      isFinite: network.parameters.every(Number.isFinite),
      scored: moment.step,
      train,
      test,
      parameters: network.parameters.slice(),
      gradient: network.gradient.slice(),
      off: network.off.map((units) => units.slice()),
      branch: this.branches.indexOf(branch),
      branches: this.branches.map((each) => ({
        id: each.id,
        settings: each.settings,
        change: each.change,
        parent: each.parent ? this.branches.indexOf(each.parent) : -1,
        firstStep: each.firstStep,
        lastStep: each.end,
        curve: this.#curveOf(each),
      })),
      drawing: this.train.inputs > 2 ? null : drawNetwork(network, this.extent),
    };
    if (back) this.#put(back);
    return frame;
  }
}
