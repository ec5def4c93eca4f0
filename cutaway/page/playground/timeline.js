// Moments of trainings that can be gone back to, and branches that begin at any of them.

/** @typedef {import("./training.js").Moment} Moment */
/** @typedef {import("./training.js").TrainingSettings} TrainingSettings */

/**
 * @typedef {object} CurvePoint
 * @property {number} step
 * @property {import("./training.js").Scores} train
 * @property {import("./training.js").Scores} test
 */

/** Bytes of all moments of a branch. */
const MAX_BYTES = 64 * 2 ** 20;

/** Moments of a branch: more than a slider has pixels are not seen. */
const MAX_MOMENTS = 500;

/** A training with its past. */
export class Branch {
  /**
   * @param {TrainingSettings} settings
   * @param {Moment} first
   * @param {{ parent: Branch, step: number } | null} [origin] Where it left another branch.
   */
  constructor(settings, first, origin = null) {
    this.settings = settings;
    this.origin = origin;
    /** @type {Moment[]} In the order of their steps. */
    this.moments = [first];
    /** @type {CurvePoint[]} */
    this.curve = origin ? origin.parent.curve.filter(({ step }) => step <= origin.step) : [];
    this.spacing = 1;
    const bytes = 4 * (first.parameters.length * (1 + first.memory.length));
    this.most = Math.max(8, Math.min(MAX_MOMENTS, Math.floor(MAX_BYTES / bytes)));
  }

  /** The last step of which there is a moment. */
  get lastStep() {
    return this.moments[this.moments.length - 1].step;
  }

  /**
   * Whether a moment is kept after a step: fewer of them the longer the training.
   * @param {number} step
   */
  wants(step) {
    return step > this.lastStep && step % this.spacing === 0;
  }

  /**
   * Keep a moment. Where there are too many, every second one is let go of.
   * @param {Moment} moment
   */
  keep(moment) {
    if (moment.step <= this.lastStep) return;
    this.moments.push(moment);
    while (this.moments.length > this.most) {
      this.spacing *= 2;
      const first = this.moments[0];
      this.moments = this.moments.filter((each) => each === first || each === moment || each.step % this.spacing === 0);
    }
  }

  /**
   * The last moment that is not after a step.
   * @param {number} step
   * @returns {Moment}
   */
  before(step) {
    let best = this.moments[0];
    for (const moment of this.moments) if (moment.step <= step) best = moment;
    return best;
  }
}
