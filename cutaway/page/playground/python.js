// The same data, model and training as lines of Python: with cutaway, and with plain Keras.

import { capitalized } from "../core/words.js";
import { DATA_SETS } from "./data_sets.js";
import { foldSeed } from "./random/seeds.js";

/** @typedef {import("./session.js").Settings} Settings */

/** @param {number[]} units */
const tuple = (units) => `(${units.join(", ")}${units.length === 1 ? "," : ""})`;

/**
 * Lines that make `x_train`, `x_test`, `y_train` and `y_test`.
 * @param {Settings} settings
 */
function dataLines(settings) {
  const { data, testShare, seed } = settings;
  if (data === "digits") {
    return [
      "import cutaway as ct",
      "import numpy as np",
      "",
      'mnist = ct.load_dataset("mnist").sources',
      'x_train, y_train = mnist["train"].x[:10_000].reshape(-1, 784) / np.float32(255), mnist["train"].y[:10_000]',
      'x_test, y_test = mnist["test"].x[::10].reshape(-1, 784) / np.float32(255), mnist["test"].y[::10]',
    ];
  }
  if (!DATA_SETS[data]) {
    return [
      "import pandas as pd",
      "import numpy as np",
      "",
      'table = pd.read_csv("playground.csv")  # which "Save the data" writes',
      'train, test = (table[table["part"] == part] for part in ("train", "test"))',
      'x_train, y_train = train.filter(regex=r"^x").to_numpy("float32"), train["y"].to_numpy()',
      'x_test, y_test = test.filter(regex=r"^x").to_numpy("float32"), test["y"].to_numpy()',
    ];
  }
  const made = DATA_SETS[data].python(settings);
  const imports = made.filter((line) => line.startsWith("from "));
  return [
    "import numpy as np",
    ...imports,
    "from sklearn.model_selection import train_test_split",
    "",
    ...made.filter((line) => !line.startsWith("from ")),
    `x_train, x_test, y_train, y_test = train_test_split(x.astype("float32"), y, test_size=${testShare}, random_state=${seed})`,
  ];
}

/**
 * The training with cutaway; null if it has no such training.
 * @param {Settings} settings
 * @param {number} epochs
 */
export function cutawayCode(settings, epochs) {
  if (DATA_SETS[settings.data]?.isRegression || settings.loss !== "categorical_crossentropy") return null;
  if (settings.weightDecay || settings.initializer !== "glorot_uniform") return null;
  const { hidden, activation, dropout, optimizer, learningRate, momentum, batchSize, seed } = settings;
  const form = [tuple(hidden), `activation="${activation}"`, ...(dropout ? [`dropout=${dropout}`] : [])].join(", ");
  const more = optimizer === "sgd" && momentum ? `, momentum=${momentum}` : "";
  return [
    ...dataLines(settings),
    "",
    "import cutaway as ct",
    "",
    "data = ct.Dataset.from_arrays(x_train, y_train, x_val=x_test, y_val=y_test, x_test=x_test, y_test=y_test)",
    `run = ct.train(ct.mlp(${form}), data, epochs=${epochs}, batch_size=${batchSize}, optimizer="${optimizer}",`,
    `               learning_rate=${learningRate}${more}, schedule="constant", label_smoothing=0.0, precision="float32", seed=${seed})`,
    "print(run.history.to_pandas())",
  ].join("\n");
}

/**
 * The training with Keras, on JAX.
 * @param {Settings} settings
 * @param {number} epochs
 */
export function kerasCode(settings, epochs) {
  const { hidden, activation, dropout, initializer, seed, batchSize, loss } = settings;
  const isRegression = DATA_SETS[settings.data]?.isRegression ?? false;
  const layer = (/** @type {string} */ units, /** @type {string} */ given, /** @type {number} */ k) => {
    const drawn = initializer === "zeros" ? '"zeros"' : `init.${initializer.split("_").map(capitalized).join("")}(${foldSeed(seed, 2 * k)})`;
    return `    keras.layers.Dense(${units}, ${given}kernel_initializer=${drawn}),`;
  };
  const layers = hidden.flatMap((units, k) => [
    layer(String(units), `activation="${activation}", `, k),
    ...(dropout ? [`    keras.layers.Dropout(${dropout}),`] : []),
  ]);
  const last = isRegression ? layer("1", "", hidden.length) : layer("int(y_train.max()) + 1", 'activation="softmax", ', hidden.length);
  const target = isRegression || loss !== "mean_squared_error" ? "y_train" : "keras.utils.to_categorical(y_train)";
  const lossName = isRegression || loss === "mean_squared_error" ? "mean_squared_error" : "sparse_categorical_crossentropy";
  return [
    'import os; os.environ["KERAS_BACKEND"] = "jax"  # whose random numbers the first weights are',
    "import keras",
    ...dataLines(settings),
    "",
    ...(initializer === "zeros" ? [] : ["init = keras.initializers"]),
    "model = keras.Sequential([",
    "    keras.Input((x_train.shape[1],)),",
    ...layers,
    last,
    "])",
    `model.compile(${optimizerCode(settings)}, "${lossName}")`,
    `target = ${target}`,
    `for epoch in range(1, ${epochs + 1}):`,
    `    order = np.random.Generator(np.random.Philox(key=[${seed}, epoch])).permutation(len(x_train))`,
    `    model.fit(x_train[order], target[order], batch_size=${batchSize}, shuffle=False, verbose=2)`,
  ].join("\n");
}

/** @param {Settings} settings */
function optimizerCode({ optimizer, learningRate, momentum, weightDecay }) {
  const more = [...(optimizer === "sgd" && momentum ? [`momentum=${momentum}`] : []), ...(weightDecay ? [`weight_decay=${weightDecay}`] : [])];
  return `keras.optimizers.${optimizer === "sgd" ? "SGD" : "Adam"}(${[learningRate, ...more].join(", ")})`;
}
