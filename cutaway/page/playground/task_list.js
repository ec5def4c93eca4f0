// Tasks of the playground: what each is called, its goals, and when they are reached.

import { curveOf } from "./timeline.js";

/** @typedef {import("./session.js").Frame} Frame */
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

/** @typedef {{ frame: Frame, settings: Settings }} View What is shown: a frame and its settings. */

/**
 * @typedef {object} Memory What was seen since a task was started.
 * @property {{ epochs: number, loss: number } | null} overfit
 * @property {Set<number>} learned Rates that learned.
 * @property {Set<number>} diverged Rates that made the loss grow.
 */

/** @typedef {{ text: string, isReached: (view: View, memory: Memory) => boolean }} Goal */

const test = (/** @type {View} */ { frame }) => frame.test.score;

/**
 * Whether the network overfits, which is remembered.
 * @param {View} view
 * @param {Memory} memory
 */
function overfits({ frame }, memory) {
  const lowest = Math.min(...curveOf(frame).flatMap((row) => (row[0] <= frame.step ? [row[4]] : [])));
  const does = frame.train.score >= 0.99 && frame.test.loss >= 2 * lowest;
  if (does) memory.overfit ??= { epochs: frame.epochs, loss: frame.test.loss };
  return does;
}

/**
 * Whether a training from the first step on keeps half of the test loss at which another one overfit.
 * @param {View} view
 * @param {Memory} memory
 */
function isCured({ frame }, { overfit }) {
  return overfit !== null && frame.branch === 0 && frame.epochs >= overfit.epochs && frame.test.loss <= overfit.loss / 2;
}

/**
 * The largest share of units of a hidden layer that fire nowhere on the plane that is drawn.
 * @param {View} view
 */
function deadShare({ frame, settings }) {
  const shares = settings.hidden.map((units, layer) => {
    const values = frame.drawing?.responses[layer];
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
    hints: ["Press Play and wait. Does it stop improving?", 'Press "+ layer": a second hidden layer helps more than anything else.', "Adam with a rate of 0.01 is faster than SGD here.", "Another seed begins with other weights."],
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
    hints: [
      "Press Play, and wait until all training samples are right.",
      "Choose a weight decay of 2, or a dropout of 0.5 or more, and press Reset: the cure counts from the first step on.",
      "1,000 samples are a cure as well.",
    ],
    start: { data: "moons", samples: 60, noise: 0.4, testShare: 0.5, hidden: [32, 32], optimizer: "adam", learningRate: 0.01 },
    goals: [
      { text: "Overfit: all training samples are right, and the test loss is twice its lowest value", isReached: overfits },
      {
        text: "Cure 1: with dropout or weight decay from the first step on, half of that test loss after as many epochs",
        isReached: (view, memory) => view.settings.dropout + view.settings.weightDecay > 0 && isCured(view, memory),
      },
      {
        text: "Cure 2: the same with 1,000 samples or more, and neither dropout nor weight decay",
        isReached: (view, memory) => {
          const { samples, dropout, weightDecay } = view.settings;
          return samples >= 1000 && dropout + weightDecay === 0 && isCured(view, memory);
        },
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
    name: "dead",
    title: "Kill units with a learning rate",
    goal: "Make half of the ReLUs of a layer fire nowhere.",
    hints: ["One large step is enough.", "Choose a learning rate of 10, and press 1 epoch.", "Look at the pictures of the units: one that is 0 everywhere has no color."],
    start: { data: "circles", hidden: [8, 8], activation: "relu", optimizer: "sgd", learningRate: 0.03 },
    goals: [
      {
        text: "Half of the units of a hidden layer fire nowhere on the plane",
        isReached: (view) => {
          const { settings, frame } = view;
          const isByTraining = settings.initializer !== "zeros" && !frame.off.some((units) => units.includes(1));
          return settings.activation === "relu" && isByTraining && frame.isFinite && frame.step > 0 && deadShare(view) >= 0.5;
        },
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
    hints: ['Choose the first weights "zeros" and press Play.', "Look at the numbers of the backward pass of a unit."],
    start: { data: "moons", hidden: [8, 8], initializer: "glorot_uniform", optimizer: "sgd", learningRate: 0.1 },
    goals: [
      {
        text: "200 steps with first weights of 0",
        isReached: ({ settings, frame }) => settings.initializer === "zeros" && settings.hidden.length > 0 && frame.step >= 200,
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
      { text: "It learns: a training loss below 0.5 after 100 steps", isReached: (view, memory) => remembersRate(view, memory) && memory.learned.size > 0 },
      {
        text: "It diverges: a training loss above its first value after 100 steps, at a rate at most twice as large",
        isReached: (view, memory) => remembersRate(view, memory) && [...memory.diverged].some((large) => [...memory.learned].some((small) => small < large && large <= 2 * small)),
      },
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

/**
 * Remember how a plain training with this rate went from the first step on.
 * @param {View} view
 * @param {Memory} memory
 * @returns {boolean} Always true.
 */
function remembersRate({ frame, settings }, { learned, diverged }) {
  const { optimizer, learningRate, momentum, weightDecay, dropout, initializer } = settings;
  const isPlain = optimizer === "sgd" && initializer !== "zeros" && momentum + weightDecay + dropout === 0;
  if (!isPlain || frame.branch !== 0 || (frame.step < 100 && frame.isFinite)) return true;
  const atFirst = frame.branches[0].curve[0][2];
  if (frame.train.loss < 0.5) learned.add(learningRate);
  if (!(frame.train.loss <= atFirst)) diverged.add(learningRate); // also if it is not a number
  return true;
}

/** @typedef {{ when: string, address: string, step: number }} Done */

/** Where the browser keeps them. */
const KEY = "cutaway-playground-tasks";

/**
 * The tasks that a person has done already.
 * @param {string} address Of the studio; "" for none.
 * @returns {Promise<Record<string, Done>>}
 */
export async function doneTasks(address) {
  return address ? (await answered(fetch(address))).tasks : keptTasks();
}

/** @returns {Record<string, Done>} Nothing where the browser keeps nothing, or something else. */
function keptTasks() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const isDone = (/** @type {any} */ [, done]) => typeof done?.when === "string" && typeof done.address === "string" && Number.isInteger(done.step);
    return Object.fromEntries(Object.entries(kept ?? {}).filter(isDone));
  } catch {
    return {}; // a browser may forbid a file to keep anything
  }
}

/**
 * Tell that a task is done.
 * @param {string} address Of the studio; "" for none.
 * @param {string} name
 * @param {Done} done
 */
export async function handIn(address, name, done) {
  if (!address) {
    localStorage.setItem(KEY, JSON.stringify({ ...keptTasks(), [name]: done }));
    return;
  }
  const headers = { "x-cutaway": "1", "content-type": "application/json" };
  await answered(fetch(address, { method: "POST", headers, body: JSON.stringify({ name, ...done }) }));
}

/**
 * @param {Promise<Response>} request
 * @returns {Promise<any>} the answer
 */
async function answered(request) {
  const answer = await request;
  if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
  return answer.json();
}
