// The state of the page and what changes it: settings, the worker that trains, and the past.

import { Store } from "../core/store.js";
import { trainAndTest } from "./data_sets.js";
import { FIELDS, inWords } from "./fields.js";
import { MAX_BRANCHES, MAX_REMOVED } from "./timeline.js";
import { Training } from "./training.js";

/** @typedef {import("./session.js").Settings} Settings */
/** @typedef {import("./session.js").Frame} Frame */
/** @typedef {import("./session.js").OwnData} OwnData */
/** @typedef {{ layer: number, unit: number }} Place */

/**
 * @typedef {object} State
 * @property {Settings} settings
 * @property {OwnData | null} own
 * @property {{ train: import("./data_sets.js").Samples, test: import("./data_sets.js").Samples }} parts
 * @property {Frame | null} frame Null until the worker has answered.
 * @property {boolean} isPlaying
 * @property {keyof typeof SPEEDS} speed
 * @property {Place} selected The unit that is looked at.
 * @property {number} row Of the next batch: the sample that is looked at.
 * @property {Float32Array | null} drawn Pixels of the digit that a person drew, 0 to 1, as the network gets them.
 * @property {string} message What a person should know.
 * @property {number} undoable How many changes can be undone.
 */

/**
 * What a change is undone to: a step of a branch, or, where the change began again, the session before.
 * @typedef {{ settings: Settings, own: OwnData | null, step: number, branch: number, branches: number, kind: "restart" | "remove" | "branch" }} Before
 *   `branch`: its id. `branches`: how many there were. `kind`: whether the change began again, removed a branch, or began one.
 */

/** What is learned from one frame to the next; "fast" does not wait until a frame is drawn. */
export const SPEEDS = {
  slow: { name: "One step a frame", steps: () => 1 },
  normal: { name: "One epoch a frame", steps: (/** @type {number} */ epoch) => epoch },
  fast: { name: "As fast as possible", steps: () => Infinity },
};

/** Milliseconds of learning from one frame to the next: these at least, or half of what a frame takes, up to the most. */
const [FRAME_MILLISECONDS, MAX_MILLISECONDS] = [40, 250];

/** Networks with more parameters change little in a moment, and a frame of them takes as long as some steps. */
const [MANY_PARAMETERS, LARGE_MILLISECONDS] = [20_000, 150];

/** Changes that can be undone; at most `MAX_REMOVED` of them began again or removed a branch. */
const MAX_UNDO = 50;

/** Requests to the worker that add a branch. */
const ADDING = ["change", "setWeight", "switchUnit", "restoreBranch"];

export class Controller {
  /** @type {[string, ...any[]][]} */
  #calls = [];
  /** @type {[string, ...any[]][]} Requests that the worker has not answered yet. */
  #sent = [];
  /** Branches of the session that the worker has yet to show. */
  #expected = 1;
  #asked = 0;
  /** Answers before this one are of a training that is no longer shown. */
  #wanted = 0;
  #number = 0;
  /** @type {Before[]} */
  #past = [];
  /** @type {{ frame: Frame, training: Training } | null} */
  #mirrored = null;

  /**
   * @param {Worker} worker
   * @param {Settings} settings
   * @param {OwnData | null} own
   */
  constructor(worker, settings, own) {
    this.worker = worker;
    /** @type {State} */
    const first = {
      ...{ settings, own, parts: trainAndTest(settings, own), frame: null, isPlaying: false, speed: "normal" },
      ...{ selected: { layer: 0, unit: 0 }, row: 0, drawn: null, message: "", undoable: 0 },
    };
    this.store = new Store(first);
    worker.addEventListener("message", ({ data }) => this.#answered(data));
    worker.addEventListener("error", ({ message }) => this.store.set({ message: `The training could not start: ${message}.` }));
    document.addEventListener("visibilitychange", () => document.hidden || this.#ask());
    this.#call("start", settings, own);
  }

  get state() {
    return this.store.state;
  }

  /** Whether the worker has something to do. */
  get isBusy() {
    return this.#pending.length > 0;
  }

  get #pending() {
    return [...this.#sent, ...this.#calls];
  }

  /** @param {[string, ...any[]]} call */
  #call(...call) {
    this.#calls.push(call);
    this.#ask();
  }

  #ask() {
    if (this.#sent.length) return;
    const { isPlaying, speed, frame } = this.state;
    if (isPlaying && frame && !document.hidden) {
      const now = performance.now();
      const isLarge = frame.parameters.length > MANY_PARAMETERS;
      const least = isLarge ? LARGE_MILLISECONDS : FRAME_MILLISECONDS;
      const milliseconds = Math.min(MAX_MILLISECONDS, Math.max(least, (now - this.#asked) / 2));
      this.#asked = now;
      this.#calls.push(["learn", { steps: SPEEDS[speed].steps(frame.stepsPerEpoch), milliseconds }]);
    }
    if (!this.#calls.length) return;
    this.#sent = this.#calls.splice(0);
    this.#number++;
    this.worker.postMessage({ number: this.#number, calls: this.#sent });
  }

  /** @param {{ number: number, frame?: Frame, error?: string }} answer */
  #answered({ number, frame, error }) {
    this.#sent = [];
    if (number < this.#wanted) return this.#ask();
    if (error || !frame) this.store.set({ isPlaying: false, message: `The training stopped: ${error}.` });
    else {
      const ended = !frame.isFinite;
      const why = "The weights are no longer finite numbers: the learning rate is too large. Go back in time, or reset.";
      // a branch has settings of its own
      const isOther = !this.#calls.length && JSON.stringify(frame.settings) !== JSON.stringify(this.state.settings);
      const settings = isOther ? { settings: frame.settings } : {};
      this.store.set({ frame, row: 0, ...settings, ...(ended ? { isPlaying: false, message: why } : {}) });
    }
    if (this.#calls.length) this.#ask();
    else if (this.state.isPlaying && this.state.speed === "fast") this.#ask();
    else if (this.state.isPlaying) requestAnimationFrame(() => this.#ask());
  }

  /** @param {boolean} isPlaying */
  play(isPlaying) {
    this.store.set({ isPlaying, message: "" });
    this.#ask();
  }

  /** @param {"sample" | "batch" | "epoch"} what */
  step(what) {
    this.store.set({ isPlaying: false, message: "" });
    const { row } = this.state;
    if (what === "sample" && row + 1 < this.mirror().nextRows().length) this.store.set({ row: row + 1 });
    else if (what === "epoch") this.#call("learnEpoch");
    else this.#call("learn", { steps: 1 });
  }

  restart() {
    this.#remember("restart");
    this.#start({});
  }

  /** @param {Partial<State>} changes */
  #start(changes) {
    this.#show(changes, 1);
    const { settings, own } = this.state;
    this.#call("start", settings, own);
  }

  /**
   * Show another session, once the worker answers.
   * @param {Partial<State>} changes
   * @param {number} branches that it has
   */
  #show(changes, branches) {
    this.#expected = branches;
    const { settings, own, selected } = { ...this.state, ...changes };
    const isThere = selected.layer < settings.hidden.length && selected.unit < (settings.hidden[selected.layer] ?? 0);
    this.store.set({
      ...{ settings, own, parts: trainAndTest(settings, own), frame: null, row: 0, message: "" },
      ...{ selected: isThere ? selected : { layer: 0, unit: 0 } },
    });
    this.#wanted = this.#number + 1; // earlier requests are answered by the session before
  }

  /** Branches of the session that is shown once the worker has answered all requests. */
  get #branches() {
    const changes = this.#pending.map(([name]) => Number(ADDING.includes(name)) - Number(name === "removeBranch"));
    return changes.reduce((sum, change) => sum + change, this.state.frame?.branches.length ?? this.#expected);
  }

  /** Whether another branch can begin. Where it cannot, nothing changes, and the page says what to do. */
  #hasRoom() {
    if (this.#branches < MAX_BRANCHES) return true;
    const message = `Nothing was changed: this would begin another branch, and ${MAX_BRANCHES} are kept. Remove one under Time, or press Reset to begin again.`;
    this.store.set({ isPlaying: false, message });
    return false;
  }

  /**
   * Remove a branch; those that left it stay.
   * @param {number} id Of a branch, not the first one.
   */
  removeBranch(id) {
    if (this.#pending.some(([name, other]) => name === "removeBranch" && other === id)) return; // a second click
    this.#remember("remove");
    this.store.set({ isPlaying: false, message: "The branch was removed. Undo brings it back." });
    this.#call("removeBranch", id);
  }

  /**
   * Change settings. Those of the training go on from here; any other begins again.
   * @param {Partial<Settings>} changes
   * @param {OwnData | null} [own]
   */
  change(changes, own = this.state.own) {
    const settings = { ...this.state.settings, ...changes };
    const names = Object.keys(changes);
    const goesOn = own === this.state.own && names.every((name) => /** @type {any} */ (FIELDS)[name]?.group === "training");
    if (goesOn && !this.#hasRoom()) return;
    this.#remember(goesOn ? "branch" : "restart");
    if (!goesOn) return this.#start({ settings, own });
    const [name] = names;
    this.store.set({ settings, message: "" });
    this.#call("change", settings, inWords(name, /** @type {any} */ (settings)[name]));
  }

  /** @param {Before["kind"]} kind */
  #remember(kind) {
    const { settings, own, frame } = this.state;
    this.#past.push({ settings, own, kind, step: frame?.step ?? 0, branch: frame?.branches[frame.branch].id ?? 0, branches: this.#branches });
    const kept = this.#past.flatMap((before, k) => (before.kind === "branch" ? [] : [k]));
    const tooOld = kept.length > MAX_REMOVED ? kept[kept.length - MAX_REMOVED - 1] + 1 : 0;
    this.#past.splice(0, Math.max(tooOld, this.#past.length - MAX_UNDO));
    this.store.set({ undoable: this.#past.length });
  }

  /** Take back the last change. */
  undo() {
    const before = this.#past.pop();
    if (!before) return;
    const { settings, own, step, branch, branches, kind } = before;
    this.store.set({ undoable: this.#past.length, isPlaying: false });
    if (kind === "restart") {
      this.#show({ settings, own }, branches);
      this.#call("back");
      return;
    }
    if (kind === "remove") this.#call("restoreBranch");
    this.goTo(branch, step);
  }

  /**
   * @param {number} id Of a branch.
   * @param {number} step Of the branch; beyond its end, the last one.
   */
  goTo(id, step) {
    this.store.set({ isPlaying: false, message: "" });
    while (this.#calls.at(-1)?.[0] === "goTo") this.#calls.pop(); // of a slider that moves, the last place counts
    this.#call("goTo", id, step);
  }

  /**
   * Show what a weight would do, if that takes only a moment.
   * @param {import("./session.js").WeightEdit} edit
   */
  tryWeight(edit) {
    if (!this.state.frame?.isLight) return;
    this.store.set({ isPlaying: false, message: "" });
    this.#forgetTried();
    this.#call("tryWeight", edit);
  }

  /** Show the weights as they are, after a weight that was tried. */
  leaveTried() {
    this.#forgetTried();
    this.#call("learn", { steps: 0 }); // which is answered as all else, with a frame
  }

  /** Of a weight that is dragged, the last value counts. */
  #forgetTried() {
    this.#calls = this.#calls.filter(([name]) => name !== "tryWeight");
  }

  /**
   * @param {import("./session.js").WeightEdit} edit
   * @returns {boolean} False if there is no room for another branch.
   */
  setWeight(edit) {
    this.#forgetTried();
    if (!this.#hasRoom()) {
      this.leaveTried();
      return false;
    }
    this.store.set({ isPlaying: false, message: "" });
    this.#remember("branch");
    this.#call("setWeight", edit);
    return true;
  }

  /** @param {Place} place */
  switchUnit({ layer, unit }) {
    if (!this.#hasRoom()) return;
    this.#remember("branch");
    this.#call("switchUnit", layer, unit);
  }

  /** A training of the page's own at the moment that is shown; its values are of the next batch, after `look`. */
  mirror() {
    const { settings, parts, frame } = this.state;
    if (!frame) return new Training(settings, parts.train);
    if (this.#mirrored?.frame === frame) return this.#mirrored.training;
    const { step, epoch, seen, parameters } = frame;
    const training = new Training(settings, parts.train, { step, epoch, seen, parameters, memory: [], optimizerSteps: 0 });
    training.network.off.forEach((units, k) => units.set(frame.off[k]));
    this.#mirrored = { frame, training };
    return training;
  }
}
