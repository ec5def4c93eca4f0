// Moments of trainings that can be gone back to, and branches that begin at any of them.

/** @typedef {import("./training.js").Moment} Moment */
/** @typedef {import("./training.js").Scores} Scores */
/** @typedef {import("./session.js").Settings} Settings */

/** @typedef {{ moment: Moment, train: Scores, test: Scores }} Entry A moment, and how good the network was then. */

/** Bytes of all moments of a branch. */
const MAX_BYTES = 64 * 2 ** 20;

/** Moments of a branch: a slider shows no more of them. */
const MAX_MOMENTS = 500;

/** Branches of a session: each keeps moments, and has a line in the curves and a button. */
export const MAX_BRANCHES = 8;

/** Removed branches that can be brought back: each still keeps its moments. */
export const MAX_REMOVED = 4;

/** A training with its past. */
export class Branch {
  /**
   * @param {Settings} settings
   * @param {Entry} first
   * @param {{ id?: number, parent?: Branch | null, spacing?: number, change?: string, off?: Uint8Array[] }} [about] `id`:
   *   how many branches the session began before. `parent`: the branch that it left. `spacing`: steps between two moments at first. `change`: in words, what differs from the parent.
   *   `off`: by hidden layer, 1 for each unit that is switched off.
   */
  constructor(settings, first, { id = 0, parent = null, spacing = 1, change = "", off = [] } = {}) {
    this.settings = settings;
    this.id = id;
    this.parent = parent;
    this.change = change;
    this.off = off;
    this.spacing = spacing;
    this.entries = [first];
    /** @type {number[][]} The curve before the first moment, where the branches that it belonged to were removed. */
    this.past = [];
    /** The last step that was learned; it may have no moment. */
    this.end = first.moment.step;
    const { parameters, memory } = first.moment;
    const bytes = 4 * parameters.length * (1 + memory.length);
    this.most = Math.max(8, Math.min(MAX_MOMENTS, Math.floor(MAX_BYTES / bytes)));
  }

  get firstStep() {
    return this.entries[0].moment.step;
  }

  /** The last step that has a moment. */
  get lastStep() {
    return this.entries[this.entries.length - 1].moment.step;
  }

  /**
   * Whether a moment is kept after a step: fewer of them the longer the training.
   * @param {number} step
   */
  wants(step) {
    return step > this.lastStep && step % this.spacing === 0;
  }

  /**
   * Keep a moment after all others. Where there are too many, every second one is let go of.
   * @param {Entry} entry
   */
  keep(entry) {
    const [first] = this.entries;
    this.entries.push(entry);
    while (this.entries.length > this.most) {
      this.spacing *= 2;
      const stays = (/** @type {Entry} */ each) => each.moment.step % this.spacing === 0;
      this.entries = this.entries.filter((each) => each === first || each === entry || stays(each));
    }
  }

  /**
   * The last moment that is not after a step; the first one before that.
   * @param {number} step
   */
  before(step) {
    return (this.entries.findLast(({ moment }) => moment.step <= step) ?? this.entries[0]).moment;
  }
}

/**
 * The curve of the branch that is shown, and of the branches that it left.
 * @param {import("./session.js").Frame} frame
 * @returns {number[][]} Step, epochs, loss and score in training, loss and score in the test.
 */
export function curveOf({ branch, branches }) {
  let { curve, parent } = branches[branch];
  while (parent >= 0) {
    const before = branches[parent];
    const [[left]] = curve;
    curve = [...before.curve.filter(([step]) => step < left), ...curve];
    ({ parent } = before);
  }
  return curve;
}
