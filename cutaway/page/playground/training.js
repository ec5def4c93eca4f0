// A training in the page, step by step: each step is a function of the settings and of the moment before it.

import { take } from "./data_sets.js";
import { DenseNetwork } from "./dense_network.js";
import { Optimizer } from "./optimizers.js";
import { RandomState } from "./random/mersenne_twister.js";
import { epochOrder, foldSeed } from "./random/seeds.js";

/** @typedef {import("./data_sets.js").Samples} Samples */

/**
 * @typedef {object} TrainingForm
 * @property {number[]} hidden Units of each hidden layer.
 * @property {string} activation
 * @property {string} initializer
 * @property {string} loss "categorical_crossentropy" or "mean_squared_error", which a regression always has.
 * @property {number} dropout Share of the units of hidden layers that is dropped in a step, 0 to below 1.
 * @property {number} batchSize
 * @property {number} seed From 0 to 2**31 - 1.
 */

/** @typedef {TrainingForm & import("./optimizers.js").OptimizerSettings} TrainingSettings */

/**
 * @typedef {object} Moment All that the next step depends on.
 * @property {number} step Steps done.
 * @property {number} epoch Epochs done.
 * @property {number} seen Samples that the epoch which has begun has learned from.
 * @property {Float32Array} parameters
 * @property {Float32Array[]} memory Of the optimizer.
 * @property {number} optimizerSteps Steps since the optimizer was made.
 */

/**
 * @typedef {{ loss: number, score: number }} Scores `score`: accuracy, 0 to 1; of a regression R², up to 1, and not
 *   finite where all values are the same.
 */

/** Samples that are evaluated together. */
const EVALUATED = 256;

/** The first stream of seeds for dropout; those before it are for weights. */
const DROPOUT_STREAM = 2_000_000;

/** A network that is trained on samples. */
export class Training {
  /**
   * @param {TrainingSettings} settings
   * @param {Samples} train
   * @param {Moment | null} [moment] Where it goes on; from first weights if there is none.
   */
  constructor(settings, train, moment = null) {
    this.settings = settings;
    this.train = train;
    const ofProbabilities = settings.loss === "mean_squared_error" ? "softmax_mean_squared_error" : settings.loss;
    const loss = train.isRegression ? "mean_squared_error" : ofProbabilities;
    const sizes = [train.inputs, ...settings.hidden, train.outputs];
    this.network = new DenseNetwork(sizes, { activation: settings.activation, loss });
    this.optimizer = new Optimizer(settings, this.network.parameters.length);
    this.step = 0;
    this.epoch = 0;
    this.seen = 0;
    this.batchSize = Math.min(settings.batchSize, train.y.length);
    this.stepsPerEpoch = Math.ceil(train.y.length / this.batchSize);
    this.order = { epoch: 0, rows: new Int32Array(0) };
    /** The batch that was looked at last. */
    this.batch = take(train, new Int32Array(0));
    if (moment) this.restore(moment);
    else this.network.draw(settings.seed, settings.initializer);
  }

  /** Epochs done, with the share of the one that has begun. */
  get epochs() {
    return this.epoch + this.seen / this.train.y.length;
  }

  /** The rows of the training samples that the next step learns from. */
  nextRows() {
    const epoch = this.epoch + 1;
    if (this.order.epoch !== epoch) {
      this.order = { epoch, rows: epochOrder(this.train.y.length, this.settings.seed, epoch) };
    }
    return this.order.rows.subarray(this.seen, this.seen + this.batchSize);
  }

  /**
   * Compute loss and gradient of the next batch, and change nothing else.
   * @returns {number} The mean loss of the batch.
   */
  look() {
    const { train, network, settings } = this;
    this.batch = take(train, this.nextRows());
    const { x, y } = this.batch;
    const random = settings.dropout ? new RandomState(foldSeed(settings.seed, DROPOUT_STREAM + this.step)) : null;
    network.forward(x, y.length, random && { rate: settings.dropout, random: () => random.uniform() });
    const loss = network.measure(y, y.length);
    network.backward(x, y.length);
    return loss;
  }

  /**
   * Learn from the next batch.
   * @returns {number} Its mean loss before the step.
   */
  learn() {
    const loss = this.look();
    this.optimizer.step(this.network.parameters, this.network.gradient);
    this.step++;
    this.seen += this.nextRows().length;
    if (this.seen === this.train.y.length) {
      this.epoch++;
      this.seen = 0;
    }
    return loss;
  }

  /**
   * @param {Samples} samples
   * @returns {Scores}
   */
  evaluate({ x, y, inputs, outputs, isRegression }) {
    const { network } = this;
    let [loss, right] = [0, 0];
    for (let first = 0; first < y.length; first += EVALUATED) {
      const count = Math.min(EVALUATED, y.length - first);
      const sums = network.forward(x.subarray(first * inputs, (first + count) * inputs), count);
      loss += count * network.measure(y.subarray(first, first + count), count);
      for (let k = 0; k < count && !isRegression; k++) {
        if (largestOf(sums.subarray(k * outputs, (k + 1) * outputs)) === y[first + k]) right++;
      }
    }
    if (!isRegression) return { loss: loss / y.length, score: right / y.length };
    const mean = y.reduce((sum, value) => sum + value / y.length, 0);
    return { loss: loss / y.length, score: 1 - loss / y.reduce((sum, value) => sum + (value - mean) ** 2, 0) };
  }

  /** @returns {Moment} */
  moment() {
    const { network, optimizer, step, epoch, seen } = this;
    const memory = optimizer.memory.map((array) => array.slice());
    return { step, epoch, seen, parameters: network.parameters.slice(), memory, optimizerSteps: optimizer.steps };
  }

  /**
   * Go to a moment, of this training or of one with the same layers and another optimizer, which then starts from the beginning.
   * @param {Moment} moment
   */
  restore({ step, epoch, seen, parameters, memory, optimizerSteps }) {
    Object.assign(this, { step, epoch, seen });
    this.network.parameters.set(parameters);
    this.optimizer = new Optimizer(this.settings, parameters.length);
    if (memory.length !== this.optimizer.memory.length) return;
    this.optimizer.memory.forEach((array, k) => array.set(memory[k]));
    this.optimizer.steps = optimizerSteps;
  }
}

/** @param {ArrayLike<number>} values */
export function largestOf(values) {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[best]) best = k;
  return best;
}
