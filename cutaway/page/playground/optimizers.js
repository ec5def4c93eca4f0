// The optimizers of Keras: one step changes all parameters by their gradient.

/**
 * @typedef {object} OptimizerSettings
 * @property {"sgd" | "adam"} optimizer
 * @property {number} learningRate
 * @property {number} momentum Of "sgd": 0 for none.
 * @property {number} weightDecay Each step makes all parameters smaller by this share, times the learning rate.
 */

const [FIRST_DECAY, SECOND_DECAY, EPSILON] = [0.9, 0.999, 1e-7];

/**
 * Changes parameters step by step. What it remembers between steps is in `memory` and `steps`.
 *
 * Source: Polyak 1964, and Kingma and Ba 2014, "Adam", the form before section 2.1, as Keras has them.
 */
export class Optimizer {
  /**
   * @param {OptimizerSettings} settings
   * @param {number} size Number of parameters.
   */
  constructor(settings, size) {
    this.settings = settings;
    const isAdam = settings.optimizer === "adam";
    this.memory = Array.from({ length: isAdam ? 2 : settings.momentum ? 1 : 0 }, () => new Float32Array(size));
    this.steps = 0;
  }

  /**
   * @param {Float32Array} parameters Changed in place.
   * @param {Float32Array} gradient
   */
  step(parameters, gradient) {
    const { optimizer, learningRate, momentum, weightDecay } = this.settings;
    const [first, second] = this.memory;
    this.steps++;
    const rate = learningRate * (Math.sqrt(1 - SECOND_DECAY ** this.steps) / (1 - FIRST_DECAY ** this.steps));
    for (let k = 0; k < parameters.length; k++) {
      const value = gradient[k];
      if (weightDecay) parameters[k] -= learningRate * weightDecay * parameters[k];
      if (optimizer === "adam") {
        first[k] += (1 - FIRST_DECAY) * (value - first[k]);
        second[k] += (1 - SECOND_DECAY) * (value * value - second[k]);
        parameters[k] -= (rate * first[k]) / (Math.sqrt(second[k]) + EPSILON);
      } else if (first) {
        first[k] = momentum * first[k] - learningRate * value;
        parameters[k] += first[k];
      } else parameters[k] -= learningRate * value;
    }
  }
}
