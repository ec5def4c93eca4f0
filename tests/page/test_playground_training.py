"""The training of the playground, in Node: against JAX, Keras, and `cutaway.train` with the same seed."""

import itertools

import keras
import numpy as np
import pytest
from jax import nn, value_and_grad
from jax import numpy as jnp
from sklearn.metrics import r2_score

import cutaway as ct
from cutaway.models import build_model

from .node import run_script

NETWORK = {"playground/dense_network.js": "DenseNetwork, INITIALIZERS, ACTIVATIONS"}
TRAINING = {"playground/training.js": "Training", "playground/timeline.js": "Branch"}

LOSSES = ("categorical_crossentropy", "softmax_mean_squared_error", "mean_squared_error")

SETTINGS = {
    "hidden": [8, 5],
    "activation": "relu",
    "initializer": "glorot_uniform",
    "loss": "categorical_crossentropy",
    "optimizer": "sgd",
    "learningRate": 0.05,
    "momentum": 0.0,
    "weightDecay": 0.0,
    "dropout": 0.0,
    "batchSize": 32,
    "seed": 3,
}


def _random_parameters(sizes, rng):
    shapes = [shape for a, b in itertools.pairwise(sizes) for shape in ((a, b), (b,))]
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def _flat(arrays):
    return np.concatenate([np.asarray(array).ravel() for array in arrays])


def _loss(parameters, x, y, *, activation, loss):
    values = x
    for k in range(0, len(parameters), 2):
        values = values @ parameters[k] + parameters[k + 1]
        if k < len(parameters) - 2:
            values = getattr(keras.activations, activation)(values)
    if loss == "mean_squared_error":
        return jnp.mean(keras.losses.mean_squared_error(y, values))
    targets, predicted = nn.one_hot(y, values.shape[1]), keras.activations.softmax(values)
    return jnp.mean(getattr(keras.losses, loss.removeprefix("softmax_"))(targets, predicted))


@pytest.mark.parametrize(
    "count", [pytest.param(27, marks=pytest.mark.short), pytest.param(80, marks=pytest.mark.exhaustive)]
)
def test_gradients_are_those_of_jax_for_every_activation_and_loss(count):
    activations, rng = run_script("return ACTIVATIONS;", imports=NETWORK), np.random.default_rng(0)
    models, expected = [], []
    for k in range(count):
        about = {"activation": activations[k % len(activations)], "loss": LOSSES[k // len(activations) % 3]}
        hidden, inputs, rows, outputs = [5, 4], 3, 6, 4  # each other shape is compiled
        if count > 27:
            hidden, inputs = rng.integers(1, 9, rng.integers(0, 4)), int(rng.integers(1, 6))
            rows, outputs = int(rng.integers(1, 9)), int(rng.integers(2, 6))
        sizes = [inputs, *map(int, hidden), outputs]
        x = rng.normal(size=(rows, inputs)).astype(np.float32) * (rng.random((rows, inputs)) > 0.2)
        is_function = about["loss"] == "mean_squared_error"
        y = rng.normal(size=(rows, outputs)).astype(np.float32) if is_function else rng.integers(0, outputs, rows)
        parameters = _random_parameters(sizes, rng)
        expected.append(value_and_grad(_loss)(parameters, x, y, **about))
        given = {"x": x.ravel(), "y": y.ravel().astype(np.float32), "rows": rows}
        models.append({**about, **given, "sizes": sizes, "parameters": _flat(parameters)})
    body = """
      return data.models.map(({ sizes, activation, loss, parameters, x, y, rows }) => {
        const network = new DenseNetwork(sizes, { activation, loss });
        network.parameters.set(parameters);
        network.forward(x, rows);
        const measured = network.measure(y, rows);
        network.backward(x, rows);
        return { loss: measured, gradient: network.gradient };
      });
    """
    for found, (loss, gradients) in zip(run_script(body, {"models": models}, imports=NETWORK), expected, strict=True):
        gradient = _flat(gradients)
        np.testing.assert_allclose(found["loss"], loss, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found["gradient"], gradient, rtol=0, atol=1e-5 * max(1.0, abs(gradient).max()))


def test_a_regression_of_two_inputs_has_the_gradient_of_jax_and_the_r2_of_scikit_learn():
    x, y = _data(np.random.default_rng(5), samples=70)
    body = """
      const training = new Training(data.settings, data.train);
      for (let k = 0; k < 20; k++) training.learn();
      const [rows, loss, { layers, gradient }] = [training.nextRows(), training.look(), training.network];
      const [kernels, biases] = [layers.map(({ kernel }) => kernel), layers.map(({ bias }) => bias)];
      const { score } = training.evaluate(data.train);
      return { rows, loss, score, gradient, kernels, biases, predicted: training.network.predict(data.train.x, 70) };
    """
    found = run_script(body, {"settings": SETTINGS, "train": _samples(x, y, 1)}, imports=TRAINING)
    kernels = [each.reshape(-1, units) for each, units in zip(found["kernels"], (8, 5, 1), strict=True)]
    parameters = [each for layer in zip(kernels, found["biases"], strict=True) for each in layer]
    batch = x[found["rows"]], y[found["rows"], None]
    loss, gradients = value_and_grad(_loss)(parameters, *batch, activation="relu", loss="mean_squared_error")
    np.testing.assert_allclose(found["loss"], loss, rtol=1e-5)
    np.testing.assert_allclose(found["gradient"], _flat(gradients), atol=1e-5 * abs(_flat(gradients)).max())
    np.testing.assert_allclose(found["score"], r2_score(y, found["predicted"]), atol=1e-5)


def test_a_sample_that_keras_gives_no_gradient_gets_none():
    body = """
      const network = new DenseNetwork([1, 2], { activation: "relu", loss: "categorical_crossentropy" });
      network.parameters.set([40, -40, 0, 0]);
      const x = Float32Array.of(1);
      network.forward(x, 1);
      const loss = network.measure(Int32Array.of(1), 1);
      network.backward(x, 1);
      return { loss, gradient: network.gradient };
    """
    found = run_script(body, imports=NETWORK)
    parameters = [np.array([[40.0, -40.0]], np.float32), np.zeros(2, np.float32)]
    about = {"activation": "relu", "loss": "categorical_crossentropy"}
    loss, gradients = value_and_grad(_loss)(parameters, np.ones((1, 1), np.float32), np.array([1]), **about)
    np.testing.assert_allclose(found["loss"], loss, rtol=1e-6)
    assert not found["gradient"].any()
    assert not _flat(gradients).any()


@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_first_weights_are_those_of_a_training(seed):
    body = """
      const network = new DenseNetwork([6, 9, 4, 3], { activation: "relu", loss: "categorical_crossentropy" });
      return INITIALIZERS.map((name) => {
        network.draw(data.seed, name);
        return { name, parameters: network.parameters.slice() };
      });
    """
    drawn = {each["name"]: each["parameters"] for each in run_script(body, {"seed": seed}, imports=NETWORK)}
    model = ct.mlp((9, 4))
    build_model(model, shape=(6,), classes=3, seed=seed)
    np.testing.assert_array_equal(drawn.pop("glorot_uniform"), _flat(model.get_weights()))
    assert not drawn.pop("zeros").any()
    for name, parameters in drawn.items():
        layers = [keras.layers.Dense(units, kernel_initializer=name) for units in (9, 4)]
        model = keras.Sequential([*layers, keras.layers.Dense(3, activation="softmax", kernel_initializer=name)])
        build_model(model, shape=(6,), classes=3, seed=seed)
        np.testing.assert_array_equal(parameters, _flat(model.get_weights()))


def _data(rng, samples=150, classes=3):
    x = rng.normal(size=(samples, 2)).astype(np.float32)
    return x, (np.floor(np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) * classes) % classes).astype(np.int32)


def _samples(x, y, classes):
    return {
        "x": x.ravel(),
        "y": y.astype(np.float32),
        "inputs": x.shape[1],
        "outputs": classes,
        "isRegression": classes == 1,
        "classNames": [],
    }


OPTIMIZERS = {
    "sgd": ({}, lambda: keras.optimizers.SGD(0.05)),
    "momentum": ({"momentum": 0.9}, lambda: keras.optimizers.SGD(0.05, momentum=0.9)),
    "adam": ({"optimizer": "adam", "learningRate": 0.01}, lambda: keras.optimizers.Adam(0.01)),
    "adam, decayed": (
        {"optimizer": "adam", "learningRate": 0.01, "weightDecay": 0.02},
        lambda: keras.optimizers.Adam(0.01, weight_decay=0.02),
    ),
    "sgd, decayed": ({"weightDecay": 0.1}, lambda: keras.optimizers.SGD(0.05, weight_decay=0.1)),
}


QUICK = [("momentum", LOSSES[2]), ("adam, decayed", LOSSES[0])]


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        pytest.param(name, loss, marks=() if (name, loss) in QUICK else pytest.mark.exhaustive)
        for name in OPTIMIZERS
        for loss in (LOSSES[0], LOSSES[2])
    ],
)
def test_100_steps_have_the_losses_of_keras(name, loss):
    changes, make_optimizer = OPTIMIZERS[name]
    settings = {**SETTINGS, **changes, "loss": loss, "activation": "tanh"}
    x, y = _data(np.random.default_rng(1))
    body = """
      const training = new Training(data.settings, data.train);
      const first = training.network.parameters.slice();
      const steps = Array.from({ length: 100 }, () => ({ rows: training.nextRows().slice(), loss: training.learn() }));
      return { first, rows: steps.map(({ rows }) => rows), losses: steps.map((step) => step.loss) };
    """
    found = run_script(body, {"settings": settings, "train": _samples(x, y, 3)}, imports=TRAINING)
    model = ct.mlp(settings["hidden"], activation="tanh")
    build_model(model, shape=(2,), classes=3, seed=settings["seed"])
    np.testing.assert_array_equal(found["first"], _flat(model.get_weights()))
    model.compile(make_optimizer(), loss)
    targets = keras.utils.to_categorical(y, 3)
    losses = []
    for rows in found["rows"]:
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x[rows], targets[rows])))
    np.testing.assert_allclose(found["losses"], losses, rtol=0, atol=1e-5)


@pytest.mark.parametrize("optimizer", [pytest.param("sgd", marks=pytest.mark.exhaustive), "adam"])
def test_epochs_have_the_losses_of_a_training_with_the_same_seed(optimizer, tmp_path):
    x, y = _data(np.random.default_rng(2), samples=400)
    settings = {**SETTINGS, "optimizer": optimizer, "learningRate": 0.02}
    data = ct.Dataset.from_arrays(x, y, x_test=x[:9], y_test=y[:9])
    run = ct.train(
        ct.mlp(settings["hidden"]),
        data,
        epochs=10,
        batch_size=32,
        optimizer=optimizer,
        learning_rate=0.02,
        schedule="constant",
        label_smoothing=0.0,
        seed=settings["seed"],
        validation=0.25,
        runs=tmp_path,
        progress=False,
    )
    rows = run.split.train.index
    body = """
      const training = new Training(data.settings, data.train);
      return Array.from({ length: 10 }, () => {
        let total = 0;
        do {
          const count = training.nextRows().length;
          total += count * training.learn();
        } while (training.step % training.stepsPerEpoch);
        return total / data.train.y.length;
      });
    """
    losses = run_script(body, {"settings": settings, "train": _samples(x[rows], y[rows], 3)}, imports=TRAINING)
    np.testing.assert_allclose(losses, [row["loss"] for row in run.history.rows], rtol=0, atol=1e-5)


def test_time_goes_back_to_the_same_bytes_and_a_branch_leaves_the_past_as_it_was():
    x, y = _data(np.random.default_rng(3))
    body = """
      const settings = { ...data.settings, dropout: 0.3, optimizer: "adam" };
      const training = new Training(settings, data.train);
      const branch = new Branch(settings, { moment: training.moment() });
      const exact = new Map();
      for (let k = 0; k < 3000; k++) {
        training.learn();
        if (branch.wants(training.step)) branch.keep({ moment: training.moment() });
        if (training.step % 437 === 0) exact.set(training.step, training.network.parameters.slice());
      }
      const kept = branch.entries.map(({ moment }) => moment.step);
      const again = [...exact].map(([step, parameters]) => {
        training.restore(branch.before(step));
        const from = training.step;
        while (training.step < step) training.learn();
        return { step, from, same: training.network.parameters.every((value, k) => value === parameters[k]) };
      });
      training.restore(branch.before(500));
      const other = new Branch(settings, { moment: training.moment() }, { parent: branch });
      return { kept, again, origin: other.firstStep, spacing: branch.spacing };
    """
    found = run_script(body, {"settings": SETTINGS, "train": _samples(x, y, 3)}, imports=TRAINING)
    assert found["kept"][0] == 0
    assert len(found["kept"]) <= 500
    assert found["spacing"] == 8
    assert all(each["same"] and each["step"] - each["from"] < 8 for each in found["again"])
    assert len(found["again"]) == 6
    assert found["origin"] == 496


def test_units_that_are_off_neither_fire_nor_learn():
    x, y = _data(np.random.default_rng(4))
    body = """
      const training = new Training(data.settings, data.train);
      const { network } = training;
      network.off[0][2] = 1;
      const before = network.parameters.slice();
      for (let k = 0; k < 20; k++) training.learn();
      const fires = network.values[0].outputs.filter((_, i) => i % 8 === 2).some((value) => value !== 0);
      const from = network.layers[0].kernel.filter((value, i) => i % 8 === 2 && value !== before[i]).length;
      return { fires, from, others: network.parameters.filter((value, i) => value !== before[i]).length };
    """
    found = run_script(body, {"settings": SETTINGS, "train": _samples(x, y, 3)}, imports=TRAINING)
    assert not found["fires"]
    assert found["from"] == 0
    assert found["others"] > 40
