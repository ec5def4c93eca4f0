// The optimizers of Keras: one step changes all parameters by their gradient.

/**
 * @typedef {object} OptimizerSettings
 * @property {"sgd" | "adam"} optimizer
 * @property {number} learningRate
 * @property {number} momentum Of "sgd": 0 for none.
 * @property {number} weightDecay Each step makes all parameters smaller by this share, times the learning rate.
 */

const [FIRST_DECAY, SECOND_DECAY, EPSILON] = [0.9, 0.999, 1e-7];

/** Changes parameters step by step. What it remembers between steps is in `memory` and `steps`. */
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
    const { optimizer, learningRate, weightDecay } = this.settings;
    this.steps++;
    if (weightDecay) for (let k = 0; k < parameters.length; k++) parameters[k] -= learningRate * weightDecay * parameters[k];
    if (optimizer === "adam") this.#adam(parameters, gradient);
    else this.#descend(parameters, gradient);
  }

  /**
   * Source: Polyak 1964, as `keras.optimizers.SGD` has it.
   * @param {Float32Array} parameters
   * @param {Float32Array} gradient
   */
  #descend(parameters, gradient) {
    const { learningRate, momentum } = this.settings;
    const [velocity] = this.memory;
    for (let k = 0; k < parameters.length; k++) {
      if (!velocity) parameters[k] -= learningRate * gradient[k];
      else {
        velocity[k] = momentum * velocity[k] - learningRate * gradient[k];
        parameters[k] += velocity[k];
      }
    }
  }

  /**
   * Source: Kingma and Ba 2014, "Adam", the form before section 2.1, as `keras.optimizers.Adam` has it.
   * @param {Float32Array} parameters
   * @param {Float32Array} gradient
   */
  #adam(parameters, gradient) {
    const [mean, square] = this.memory;
    const corrected = Math.sqrt(1 - SECOND_DECAY ** this.steps) / (1 - FIRST_DECAY ** this.steps);
    const rate = this.settings.learningRate * corrected;
    for (let k = 0; k < parameters.length; k++) {
      const value = gradient[k];
      mean[k] += (1 - FIRST_DECAY) * (value - mean[k]);
      square[k] += (1 - SECOND_DECAY) * (value * value - square[k]);
      parameters[k] -= (rate * mean[k]) / (Math.sqrt(square[k]) + EPSILON);
    }
  }
}
