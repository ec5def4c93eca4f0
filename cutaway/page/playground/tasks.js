// Tasks with goals that the page checks, and a sheet of results that a student can hand in.

import { element, saveText, textButton } from "../core/elements.js";
import { percent } from "../core/words.js";
import { toAddress } from "./fields.js";

/** @typedef {import("./controller.js").Controller} Controller */
/** @typedef {import("./controller.js").State} State */
/** @typedef {import("./session.js").Settings} Settings */

/**
 * @typedef {object} Task
 * @property {string} name
 * @property {string} title
 * @property {string} goal
 * @property {string[]} hints
 * @property {Partial<Settings>} start Settings that it begins with.
 * @property {Goal[]} goals
 * @property {{ text: string, choices: string[], right: number, why: string }} [question] Asked once all goals are reached.
 */

/** @typedef {{ text: string, isReached: (state: State, reached: boolean[]) => boolean }} Goal `reached`: the goals before it. */

const train = (/** @type {State} */ { frame }) => frame?.train.accuracy ?? 0;
const test = (/** @type {State} */ { frame }) => frame?.test.accuracy ?? 0;

/** The curve of the branch that is shown, up to now: step, loss and accuracy in training, loss and accuracy in the test. */
function curve(/** @type {State} */ { frame }) {
  return frame ? frame.branches[frame.branch].curve.filter(([step]) => step <= frame.step) : [];
}

/** The lowest test loss of a branch so far, and that of now. */
function testLosses(/** @type {State} */ state) {
  const losses = curve(state).map((row) => row[3]);
  return { lowest: Math.min(...losses), now: state.frame?.test.loss ?? NaN };
}

/**
 * The largest share of units of a hidden layer that fire nowhere on the plane that is drawn.
 * @param {State} state
 */
export function inactiveShare({ frame, settings }) {
  const shares = settings.hidden.map((units, layer) => {
    const values = frame?.drawing?.responses[layer];
    if (!values) return 0;
    const fires = new Uint8Array(units);
    values.forEach((value, k) => (fires[k % units] |= value > 0 ? 1 : 0));
    return 1 - fires.reduce((sum, value) => sum + value, 0) / units;
  });
  return Math.max(0, ...shares);
}

/** @type {Task[]} */
export const TASKS = [
  {
    name: "spiral",
    title: "Separate the spirals",
    goal: "Separate two spirals with at most two hidden layers of eight units.",
    hints: ["Press Play and wait. Does it stop improving?", "Adam with a rate of 0.01 is faster than SGD here.", "Another seed begins with other weights."],
    start: { data: "spirals", noise: 0.1, classes: 2, samples: 500, hidden: [8], optimizer: "sgd", learningRate: 0.03 },
    goals: [
      {
        text: "95% of the test samples are right, with at most 8 and 8 units",
        isReached: (state) =>
          state.settings.data === "spirals" && state.settings.hidden.length <= 2 && state.settings.hidden.every((units) => units <= 8) && test(state) >= 0.95,
      },
    ],
  },
  {
    name: "overfit",
    title: "Make it overfit, then cure it",
    goal: "Let a network memorize noise, and then keep it from doing so in two ways.",
    hints: ["Few samples, much noise and many units make it overfit.", "Weight decay and dropout go on from where you are; press Reset to begin again.", "More samples are a cure as well."],
    start: { data: "moons", samples: 60, noise: 0.4, testShare: 0.5, hidden: [32, 32], optimizer: "adam", learningRate: 0.01 },
    goals: [
      {
        text: "Overfit: all training samples are right, and the test loss is twice its lowest value",
        isReached: (state) => train(state) >= 0.99 && testLosses(state).now >= 2 * testLosses(state).lowest,
      },
      {
        text: "Cure 1: with dropout or weight decay, 100 epochs, and a test loss near its lowest value",
        isReached: (state, [overfits]) =>
          overfits && state.settings.dropout + state.settings.weightDecay > 0 && (state.frame?.epochs ?? 0) >= 100 && testLosses(state).now <= 1.25 * testLosses(state).lowest,
      },
      {
        text: "Cure 2: with 1,000 samples or more, 100 epochs, and a test loss near its lowest value",
        isReached: (state, [overfits]) =>
          overfits && state.settings.samples >= 1000 && (state.frame?.epochs ?? 0) >= 100 && testLosses(state).now <= 1.25 * testLosses(state).lowest,
      },
    ],
    question: {
      text: "Why does the test loss rise although the training loss falls?",
      choices: ["The learning rate is too small", "The network fits the noise of these few samples, which other samples do not share", "There are too few layers"],
      right: 1,
      why: "Noise differs from sample to sample. What is learned from it is wrong for all others.",
    },
  },
  {
    name: "inactive",
    title: "Kill units with a learning rate",
    goal: "Make half of the ReLUs of a layer fire nowhere.",
    hints: ["One large step is enough.", "Choose SGD, and a learning rate of 1 or more.", "Look at the pictures of the units: one that is 0 everywhere has no color."],
    start: { data: "circles", hidden: [8, 8], activation: "relu", optimizer: "sgd", learningRate: 0.03 },
    goals: [
      {
        text: "Half of the units of a hidden layer fire nowhere on the plane",
        isReached: (state) => state.settings.activation === "relu" && (state.frame?.step ?? 0) > 0 && inactiveShare(state) >= 0.5,
      },
    ],
    question: {
      text: "Why do they not come back in the first layer?",
      choices: ["They get no gradient: the slope of a ReLU that does not fire is 0", "Their weights are 0", "The batch is too small"],
      right: 0,
      why: "A unit of the first layer that fires for no sample has a slope of 0 for every sample, so its weights never change again.",
    },
  },
  {
    name: "zeros",
    title: "Why does it fail to begin with zeros?",
    goal: "Begin with all weights at 0, and train.",
    hints: ["Choose the first weights “zeros” and press Play.", "Look at the numbers of the backward pass of a unit."],
    start: { data: "moons", hidden: [8, 8], initializer: "glorot_uniform", optimizer: "sgd", learningRate: 0.1 },
    goals: [
      {
        text: "200 steps with first weights of 0",
        isReached: ({ settings, frame }) => settings.initializer === "zeros" && settings.hidden.length > 0 && (frame?.step ?? 0) >= 200,
      },
    ],
    question: {
      text: "Why do the hidden layers not learn?",
      choices: ["The learning rate is too small", "Softmax needs weights above 0", "Every weight is multiplied by a weight of 0 on the way back, and all units are alike"],
      right: 2,
      why: "∂L/∂a is a sum of weights times gradients, and all these weights are 0. Even if they were not, equal units get equal gradients and stay equal.",
    },
  },
  {
    name: "diverge",
    title: "Find the rate at which it diverges",
    goal: "Find two learning rates of SGD that differ by a factor of at most 2: with one it learns, with the other the loss grows.",
    hints: ["Try 0.1, 1 and 10 first.", "Then halve the distance.", "Press Reset after changing the rate: it counts from the first step on."],
    start: { data: "moons", hidden: [8, 8], optimizer: "sgd", learningRate: 0.1, momentum: 0, activation: "tanh" },
    goals: [
      { text: "It learns: a training loss below 0.5 after 100 steps", isReached: (state) => rateOf(state, (loss) => loss < 0.5) !== null },
      { text: "It diverges: a training loss above that of the beginning after 100 steps, at a rate at most twice as large", isReached: (state) => hasClosePair(state) },
    ],
  },
  {
    name: "digits",
    title: "Read handwriting",
    goal: "Read 95% of 1,000 test digits.",
    hints: ["A hidden layer of 64 units is enough.", "Adam with a rate of 0.003."],
    start: { data: "digits", hidden: [16], optimizer: "sgd", learningRate: 0.01, batchSize: 32, activation: "relu" },
    goals: [{ text: "95% of the test digits are right", isReached: (state) => state.settings.data === "digits" && test(state) >= 0.95 }],
  },
];

/** Rates at which it learned and at which it diverged. */
const rates = { learned: new Set(), diverged: new Set() };

/**
 * @param {State} state
 * @param {(loss: number, first: number) => boolean} counts
 */
function rateOf({ frame, settings }, counts) {
  if (!frame || frame.branch !== 0 || frame.step < 100 || settings.optimizer !== "sgd") return null;
  const first = frame.branches[0].curve[0][1];
  return counts(frame.train.loss, first) || (!frame.isFinite && counts(Infinity, first)) ? settings.learningRate : null;
}

/** @param {State} state */
function hasClosePair(state) {
  const [learned, diverged] = [rateOf(state, (loss) => loss < 0.5), rateOf(state, (loss, first) => !(loss <= first))];
  if (learned !== null) rates.learned.add(learned);
  if (diverged !== null) rates.diverged.add(diverged);
  return [...rates.diverged].some((large) => [...rates.learned].some((small) => small < large && large <= 2 * small));
}

/** Shows tasks, checks their goals, and writes the sheet of results. */
export class TasksView {
  /**
   * @param {HTMLElement} host
   * @param {Controller} controller
   */
  constructor(host, controller) {
    this.controller = controller;
    this.reached = new Map(TASKS.map(({ name, goals }) => [name, goals.map(() => false)]));
    /** @type {Map<string, { when: string, address: string, step: number }>} */
    this.done = new Map();
    /** @type {Map<string, number>} The choice that a person made. */
    this.answers = new Map();
    this.started = "";
    this.cards = new Map(TASKS.map((task) => [task.name, element("li", { class: "task" })]));
    const name = element("input", { type: "text", autocomplete: "name", maxlength: 80 });
    this.count = element("strong", {});
    const save = textButton("Save the sheet of results", () => saveText("playground-results.txt", this.#sheet(name.value)));
    const sheet = element("div", { class: "sheet" }, this.count, element("label", {}, "Your name ", name), save);
    host.append(element("ol", { class: "tasks" }, ...this.cards.values()), sheet);
    for (const task of TASKS) this.#draw(task);
  }

  /** @param {State} state */
  show(state) {
    const task = TASKS.find(({ name }) => name === this.started);
    if (!task || !state.frame) return;
    const reached = /** @type {boolean[]} */ (this.reached.get(task.name));
    const now = task.goals.map(({ isReached }, k) => reached[k] || isReached(state, reached));
    if (now.every((value, k) => value === reached[k])) return;
    this.reached.set(task.name, now);
    this.#finish(task);
    this.#draw(task);
  }

  /** @param {Task} task */
  #finish({ name, goals, question }) {
    const isDone = this.reached.get(name)?.filter(Boolean).length === goals.length && (!question || this.answers.get(name) === question.right);
    const { settings, frame } = this.controller.state;
    if (isDone && !this.done.has(name)) this.done.set(name, { when: new Date().toISOString(), address: toAddress(settings), step: frame?.step ?? 0 });
  }

  /** @param {Task} task */
  #draw(task) {
    const { name, title, goal, goals, hints, question, start } = task;
    const [reached, isDone, isStarted] = [this.reached.get(name) ?? [], this.done.has(name), this.started === name];
    const begin = () => {
      const before = this.started;
      this.started = name;
      this.controller.change({ data: start.data, ...start });
      for (const each of TASKS) if (each.name === before || each.name === name) this.#draw(each);
    };
    const list = goals.map(({ text }, k) => element("li", { class: reached[k] ? "reached" : "" }, element("span", { text: `${reached[k] ? "✓" : "○"} ${text}` })));
    /** @type {HTMLElement[]} */
    const parts = [
      element("h3", { text: `${isDone ? "✓ " : ""}${title}` }),
      element("p", { text: goal }),
      element("ul", { class: "goals" }, ...list),
      textButton(isStarted ? "Begin again" : "Start this task", begin),
      element("details", {}, element("summary", { text: "Hints" }), element("ol", {}, ...hints.map((text) => element("li", { text })))),
    ];
    if (question && reached.every(Boolean)) parts.push(this.#question(task));
    this.cards.get(name)?.replaceChildren(...parts);
    this.cards.get(name)?.classList.toggle("done", isDone);
    this.count.textContent = `${this.done.size} of ${TASKS.length} tasks done`;
  }

  /** @param {Task} task */
  #question(task) {
    const { name, question } = task;
    if (!question) return element("p");
    const answered = this.answers.get(name);
    const choices = question.choices.map((text, k) => {
      const onchange = () => {
        this.answers.set(name, k);
        this.#finish(task);
        this.#draw(task);
      };
      return element("label", {}, element("input", { type: "radio", name: `question-${name}`, checked: answered === k, onchange }), ` ${text}`);
    });
    const said = answered === undefined ? "" : answered === question.right ? `Right. ${question.why}` : "No. Look again, and choose another answer.";
    return element("fieldset", {}, element("legend", { text: question.text }), ...choices, element("p", { role: "status", text: said }));
  }

  /** @param {string} person */
  #sheet(person) {
    const lines = TASKS.map(({ name, title, goals }) => {
      const done = this.done.get(name);
      const reached = this.reached.get(name)?.filter(Boolean).length ?? 0;
      return done ? `[x] ${title}: done at step ${done.step}, ${done.when}, settings ${done.address || "as at first"}` : `[ ] ${title}: ${reached} of ${goals.length} goals`;
    });
    const { frame } = this.controller.state;
    const accuracy = frame?.test.accuracy;
    const now = typeof accuracy === "number" ? `Test accuracy now: ${percent(accuracy)}.` : "";
    return [`cutaway playground: results of ${person || "(no name)"}`, new Date().toISOString(), "", ...lines, "", `${this.done.size} of ${TASKS.length} tasks done. ${now}`, ""].join("\n");
  }
}
