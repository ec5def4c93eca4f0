"""Influences compared with products of gradients that JAX takes of Keras' own loss, sample by sample."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras import layers

from cutaway.errors import DataError, ModelError
from cutaway.interpret import Objective, TrainingSamples, influences
from cutaway.models import build_model, class_probabilities, get_weights, members_of, mlp

CROSS = "categorical_crossentropy"


def chain(*hidden, last=None):
    return keras.Sequential([keras.Input((20,)), *hidden, last or layers.Dense(3, activation="softmax")])


def ensemble():
    model = mlp((5, 4), dropout=0.5, ensemble=3)
    build_model(model, shape=(4, 5), classes=3, seed=0)
    return model


MODELS = {
    "tanh": lambda: chain(layers.Dense(6, activation="tanh"), layers.Dense(5, activation="gelu")),
    "norms": lambda: chain(
        layers.Dense(6), layers.LayerNormalization(), layers.PReLU(), layers.Dense(5, use_bias=False), layers.ELU()
    ),
    "batch norm": lambda: chain(layers.Dense(6, use_bias=False), layers.BatchNormalization(), layers.ReLU()),
    "sigmoids": lambda: chain(layers.Dense(6, activation="relu"), last=layers.Dense(3, activation="sigmoid")),
    "hard": lambda: chain(layers.Dense(6, activation="tanh"), last=layers.Dense(2, activation="hard_sigmoid")),
    "rescaled": lambda: chain(layers.Rescaling(2.0, offset=-1.0), layers.Dense(6, activation="silu")),
    "ensemble": ensemble,
    "wide ensemble of one layer": lambda: keras.Sequential(
        [
            keras.Input((20,)),
            layers.EinsumDense("bi,kio->bko", (2, 4)),
            layers.EinsumDense("bki,kio->bko", (2, 3), bias_axes="ko", activation="tanh"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    ),
}
SMALL = ["mlp", "dropout", "norm", "last", "logits", "one", "split", "skip", "frozen"]
QUICK = ["batch norm"]
FORMS = [name if name in QUICK else pytest.param(name, marks=pytest.mark.exhaustive) for name in [*MODELS, *SMALL]]


@pytest.fixture
def model_of(small_models):
    """A function from a name to a model whose weights are not those of the start."""

    def make(name):
        if name in SMALL:
            return small_models[name][0]
        keras.utils.set_random_seed(0)
        model, rng = MODELS[name](), np.random.default_rng(1)
        for weight in model.weights:
            if weight.name in ("gamma", "beta", "alpha", "moving_mean", "moving_variance", "bias"):
                weight.assign(rng.uniform(0.2, 1.0, weight.shape))
        return model

    return make


def snapshots_of(model):
    """Weights of two epochs: what the model has, and others near them."""
    first, rng = get_weights(model), np.random.default_rng(2)
    second = {
        name: (w + rng.uniform(0, 0.3, w.shape)).astype(w.dtype) if w.dtype.kind == "f" else w
        for name, w in first.items()
    }
    return {1: first, 2: second}


def reference_gradients(model, objective, *, target):
    """A function that takes flat gradients by Keras' and JAX's own means, sample by sample.

    It takes weights by name, rows and classes, and returns float64 ``(sample, weight)``: gradients of the loss of the
    training, or if `target` of the negative log-probability of the classes.
    """
    named = {f"{layer.name}/{v.name}": v for layer in model.layers for v in layer.weights}
    trained = {id(v) for v in model.trainable_variables}
    members = None if target else members_of(model)
    single, last = model.outputs[0].shape[-1] == 1, model.layers[-1]
    ending = "softmax" if isinstance(last, layers.Softmax) else last.activation.__name__

    def loss(moved, weights, row, label):
        mapping = [(v, {**weights, **moved}[name]) for name, v in named.items()]
        x = (row / 255).reshape(1, *model.inputs[0].shape[1:]).astype(jnp.float32)
        with keras.StatelessScope(state_mapping=mapping):
            out = (members or model)(x, training=False)
        each = [out[1][:, k] for k in range(out[1].shape[1])] if members else [out]
        each = [p if ending in ("softmax", "sigmoid", "hard_sigmoid") else jax.nn.softmax(p) for p in each]
        if target:
            p = jnp.concatenate([1 - each[0], each[0]], axis=1) if single else each[0]
            return -jnp.log(p[0, label])
        if objective.loss.startswith("sparse"):
            return sum(keras.losses.sparse_categorical_crossentropy(label[None], p)[0] for p in each)
        hot = label[None, None].astype(jnp.float32) if single else jax.nn.one_hot(label[None], objective.classes)
        function = getattr(keras.losses, objective.loss)
        return sum(function(hot, p, label_smoothing=objective.label_smoothing)[0] for p in each)

    gradient = jax.jit(jax.vmap(jax.grad(loss), in_axes=(None, None, 0, 0)))

    def gradients(weights, rows, classes):
        weights = {name: jnp.asarray(weights.get(name, v.value)) for name, v in named.items()}
        moved = {name: weights[name] for name, v in named.items() if id(v) in trained}
        found = gradient(moved, weights, jnp.asarray(rows, jnp.float32), jnp.asarray(classes))
        return np.concatenate([np.asarray(g, np.float64).reshape(len(rows), -1) for g in found.values()], axis=1)

    return gradients


def objective_of(name):
    if name in ("one", "sigmoids", "hard"):
        return Objective("binary_crossentropy", 0.1, 2 if name in ("one", "hard") else 3)
    if name in ("tanh", "split"):
        return Objective("sparse_categorical_crossentropy", 0.0, 3)
    return Objective(CROSS, 0.1 if name != "mlp" else 0.0, 3)


@pytest.mark.parametrize("name", FORMS)
def test_influences_are_products_of_gradients(model_of, small_rows, name):
    model, rates = model_of(name), {1: 0.5, 2: 0.02}
    objective, snapshots, rows = objective_of(name), snapshots_of(model), small_rows(12)
    rng = np.random.default_rng(3)
    labels, targets = rng.integers(0, objective.classes, 12), rng.integers(0, objective.classes, 3)
    weight = rng.uniform(0, 2, 12).astype(np.float32)
    answers = rows[[4, 0, 7]]
    expected = np.zeros((3, 12))
    gradients = reference_gradients(model, objective, target=False)
    gradients_of_target = reference_gradients(model, objective, target=True)
    for epoch, rate in rates.items():
        of_samples = gradients(snapshots[epoch], rows, labels) * weight[:, None]
        expected += rate * gradients_of_target(snapshots[epoch], answers, targets) @ of_samples.T
    samples = TrainingSamples(rows, labels, weight)
    common = {"objective": objective, "scale": 255.0, "snapshot": snapshots.__getitem__, "rates": rates}
    found = influences(model, answers, targets, samples=samples, damping=None, **common)
    assert (found.dtype, found.shape) == (np.float32, (3, 12))
    assert np.abs(expected).max() > 1e-3, "a test of zeros tests nothing"
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("bias", [True, pytest.param(False, marks=pytest.mark.exhaustive)])
def test_second_moments_of_the_inputs_stand_between_the_gradients(small_rows, bias):
    """With more features than samples, as in the first layer, and with fewer, as in the second."""
    keras.utils.set_random_seed(3)
    last = layers.Dense(3, activation="softmax", use_bias=bias, name="b")
    model = chain(layers.Dense(6, activation="tanh", use_bias=bias, name="a"), last=last)
    rows, rng, weights = small_rows(12), np.random.default_rng(4), get_weights(model)
    labels, targets, damping = rng.integers(0, 3, 12), np.array([2, 0]), 0.3
    objective = Objective(CROSS, 0.0, 3)
    flat = [
        reference_gradients(model, objective, target=target)(weights, some, classes)
        for target, some, classes in ((False, rows, labels), (True, rows[[3, 8]], targets))
    ]
    x = (rows / 255).reshape(12, 20).astype(np.float64)
    hidden = np.tanh(x @ weights["a/kernel"] + (weights["a/bias"] if bias else 0))
    expected, start = np.zeros((2, 12)), 0
    for inputs, units in ((x, 6), (hidden, 3)):
        if bias:
            inputs = np.column_stack([np.ones(12), inputs])  # JAX sorts by name: the bias comes first
        moments = inputs.T @ inputs
        moments += damping * np.trace(moments) / min(inputs.shape) * np.eye(len(moments))
        stop = start + inputs.shape[1] * units
        of_samples, of_answers = (g[:, start:stop].reshape(len(g), -1, units) for g in flat)
        expected += np.einsum("zfu,fg,xgu->xz", of_samples, np.linalg.inv(moments), of_answers)
        start = stop
    found = influences(
        model,
        rows[[3, 8]],
        targets,
        samples=TrainingSamples(rows, labels),
        objective=objective,
        scale=255.0,
        snapshot=lambda epoch: weights,
        rates={1: 1.0},
        damping=damping,
    )
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.exhaustive
def test_a_step_on_a_sample_raises_the_answer_by_its_influence(small_rows):
    """To first order: after a small step of gradient descent on one sample the log-probability has changed by it."""
    keras.utils.set_random_seed(4)
    model = chain(layers.Dense(8, activation="tanh"))
    rows, labels, target = small_rows(6), np.array([0, 1, 2, 0, 1, 2]), np.array([1])
    rate, before = 1e-3, get_weights(model)
    found = influences(
        model,
        rows[5:],
        target,
        samples=TrainingSamples(rows[:5], labels[:5]),
        objective=Objective(CROSS, 0.0, 3),
        scale=255.0,
        snapshot=lambda epoch: before,
        rates={1: rate},
        damping=None,
    )[0]

    def log_probability():
        x = (rows[5:] / 255).astype("float32").reshape(1, 20)
        return np.log(class_probabilities(model, model.predict(x, verbose=0))[0, 1].astype(np.float64))

    model.compile(keras.optimizers.SGD(rate), CROSS)
    for i in range(5):
        start = log_probability()
        x = (rows[i : i + 1] / 255).astype("float32").reshape(1, 20)
        model.train_on_batch(x, np.eye(3)[labels[i : i + 1]])
        assert log_probability() - start == pytest.approx(found[i], rel=0.05, abs=1e-6)
        for name, variable in {f"{la.name}/{v.name}": v for la in model.layers for v in la.weights}.items():
            variable.assign(before[name])


@pytest.mark.exhaustive
@pytest.mark.parametrize("count", [1, 5, 17, 40])
def test_many_answers_and_many_samples_are_each_measured_alone(monkeypatch, small_rows, count):
    keras.utils.set_random_seed(5)
    model, rng = chain(layers.Dense(6, activation="relu")), np.random.default_rng(6)
    rows = rng.integers(0, 256, (2200, 4, 5), dtype=np.uint8)
    labels, targets = rng.integers(0, 3, 2200), rng.integers(0, 3, count)
    weights, told = get_weights(model), []
    common = {"objective": Objective(CROSS, 0.0, 3), "scale": 255.0, "snapshot": lambda e: weights, "damping": None}
    found = influences(
        model,
        rows[:count],
        targets,
        samples=TrainingSamples(rows, labels),
        rates={3: 1.0, 5: 0.5},
        on_progress=told.append,
        **common,
    )
    few = [0, 2047, 2048, 2199]
    for i in {0, count - 1}:
        alone = influences(
            model,
            rows[i : i + 1],
            targets[i : i + 1],
            samples=TrainingSamples(rows[few], labels[few]),
            rates={1: 1.5},
            **common,
        )
        np.testing.assert_allclose(found[i, few], alone[0], rtol=1e-4, atol=1e-6)
    assert [(now.done, now.total) for now in told] == [
        (0, 4400),
        (2048, 4400),
        (2200, 4400),
        (4248, 4400),
        (4400, 4400),
    ]


def test_models_without_a_closed_form_are_refused(small_rows):
    rows, labels = small_rows(4), np.array([0, 1, 2, 0])
    common = {"objective": Objective(CROSS, 0.0, 3), "scale": 255.0, "rates": {1: 1.0}}
    shared = keras.Sequential(
        [keras.Input((4, 5)), layers.Dense(2, name="rows"), layers.Flatten(), layers.Dense(3, activation="softmax")]
    )
    frozen = chain(layers.Dense(4, trainable=False), last=layers.Dense(3, activation="softmax", trainable=False))
    for model in (shared, frozen):
        weights = get_weights(model)
        with pytest.raises(ModelError):
            influences(
                model,
                rows[:1],
                labels[:1],
                samples=TrainingSamples(rows, labels),
                snapshot=lambda e, w=weights: w,
                **common,
            )


def test_a_model_that_has_diverged_is_refused(small_rows):
    model = chain(layers.Dense(4, activation="relu"))
    weights = {name: np.full_like(value, np.nan) for name, value in get_weights(model).items()}
    with pytest.raises(DataError):
        influences(
            model,
            small_rows(1),
            np.array([0]),
            samples=TrainingSamples(small_rows(4), np.array([0, 1, 2, 0])),
            objective=Objective(CROSS, 0.0, 3),
            scale=255.0,
            snapshot=lambda epoch: weights,
            rates={1: 1.0},
        )
