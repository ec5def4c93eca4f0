"""The compiled loop trains as Keras does: same first weights, same order, same weights after 50 steps."""

import jax
import keras
import numpy as np
import pytest
from keras import layers
from sklearn.metrics import r2_score

from cutaway.models import TargetUnit, build_model, get_weights, mlp, model_from_spec, set_weights, spec_of
from cutaway.runs import RunFolder, RunWriter
from cutaway.training import TrainingData, make_config, train_model
from cutaway.training.loop.order import epoch_order

SAMPLES, FEATURES, CLASSES = 410, 12, 4  # 13 steps an epoch of 32, the last one of 26 samples
DATASET = {"name": "toy", "sha256": "0" * 64, "shape": [4], "scale": 1.0, "class_names": ["a", "b"]}
DATASET["origin"] = {"kind": "arrays"}
MANIFEST = {"dataset": DATASET, "split": {}, "model": None, "config": {}, "seed": 0}


def make_data(classes=CLASSES, seed=0):
    generator = np.random.default_rng(seed)
    y = generator.integers(0, classes, SAMPLES + 100)
    centers = generator.normal(size=(classes, FEATURES)) * 40
    x = np.clip(centers[y] + generator.normal(size=(len(y), FEATURES)) * 40 + 128, 0, 255).astype(np.uint8)
    return TrainingData(x, y, train=SAMPLES, val=60, scale=255.0, classes=classes)


def train_both(model, data, tmp_path, *, eagerly=False, **settings):
    """Train `model` by our loop and a copy of it by train_on_batch over the same batches."""
    config = make_config(**{"epochs": 4, "batch_size": 32, "seed": 3, **settings})
    build_model(model, shape=(FEATURES,), classes=data.classes, seed=config.seed)
    theirs = model_from_spec(spec_of(model))
    set_weights(theirs, get_weights(model))
    rate = config.learning_rate
    optimizer = {
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=config.momentum),
        "adam": lambda: keras.optimizers.Adam(rate),
        "adamw": lambda: keras.optimizers.AdamW(rate, weight_decay=config.weight_decay),
    }[config.optimizer]()
    theirs.compile(optimizer, loss=config.loss, metrics=["accuracy"], run_eagerly=eagerly)
    x, steps = (data.x / 255).astype(np.float32), 0
    y = data.y if config.loss.startswith("sparse") or model.output_shape[1] == 1 else keras.utils.to_categorical(data.y)
    logs = []
    for epoch in range(1, config.epochs + 1):
        sums = {"loss": 0.0, "accuracy": 0.0}
        for rows in epoch_order(data.train, batch_size=32, seed=config.seed, epoch=epoch):
            rows = rows[rows < data.train]
            log = theirs.train_on_batch(x[rows], y[rows], return_dict=True)
            sums = {name: total + log[name] * len(rows) for name, total in sums.items()}
            steps += 1
        val = theirs.evaluate(x[410:470], y[410:470], batch_size=60, verbose=0, return_dict=True)
        logs.append({**{k: v / data.train for k, v in sums.items()}, **{f"val_{k}": v for k, v in val.items()}})
    assert steps >= 50
    writer = RunWriter.create(tmp_path, name="t", manifest=MANIFEST)
    result = train_model(model, data, config=config, writer=writer)
    writer.finish("finished")
    return model, theirs, RunFolder.open(writer.path), logs, result


OPTIMIZERS = [
    {"optimizer": "sgd", "learning_rate": 0.1},
    {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.9},
    {"optimizer": "adam", "learning_rate": 0.003},
    {"optimizer": "adamw", "learning_rate": 0.003, "weight_decay": 0.02},
]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(OPTIMIZERS[0], id="sgd"),
        pytest.param(OPTIMIZERS[1], id="momentum", marks=pytest.mark.exhaustive),
        pytest.param(OPTIMIZERS[2], id="adam"),
        pytest.param(OPTIMIZERS[3], id="adamw", marks=pytest.mark.exhaustive),
    ],
)
def test_fifty_steps_of_each_optimizer_equal_train_on_batch(settings, tmp_path):
    data = make_data()
    ours, theirs, run, logs, _ = train_both(mlp((16, 8)), data, tmp_path, **settings)
    first = run.snapshot(0)
    for name, value in get_weights(theirs).items():
        np.testing.assert_allclose(get_weights(ours)[name], value, atol=1e-5, err_msg=name)
        if name.endswith("kernel"):
            assert np.abs(first[name] - value).max() > 0.01, "training must have moved the weights"
    for row, log in zip(run.history(), logs, strict=True):
        for metric in ("loss", "accuracy", "val_loss", "val_accuracy"):
            assert row[metric] == pytest.approx(log[metric], abs=2e-5), metric


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("loss", "classes", "output"),
    [
        pytest.param("sparse_categorical_crossentropy", 4, None, marks=pytest.mark.exhaustive),
        pytest.param("binary_crossentropy", 4, None, marks=pytest.mark.exhaustive),
        ("binary_crossentropy", 2, layers.Dense(1, activation="sigmoid", name="output")),
    ],
)
def test_each_loss_equals_keras(loss, classes, output, tmp_path):
    model = mlp((16,)) if output is None else keras.Sequential([layers.Dense(16, activation="relu", name="h"), output])
    ours, theirs, run, logs, _ = train_both(model, make_data(classes), tmp_path, loss=loss, learning_rate=0.003)
    for name, value in get_weights(theirs).items():
        np.testing.assert_allclose(get_weights(ours)[name], value, atol=1e-5, err_msg=name)
    assert run.history()[-1]["loss"] == pytest.approx(logs[-1]["loss"], abs=2e-5)
    assert run.history()[-1]["val_accuracy"] == pytest.approx(logs[-1]["val_accuracy"], abs=1e-6)
    assert run.predictions(1).shape == (510, classes)


@pytest.mark.exhaustive
def test_a_functional_model_with_normalization_and_regularizer_equals_keras(tmp_path):
    """Padding the last batch would change BatchNormalization's averages; a regularizer adds to every loss."""
    entry = keras.Input((FEATURES,))
    one = layers.Dense(8, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01), name="one")(entry)
    two = layers.ReLU(name="two_relu")(layers.BatchNormalization(name="norm")(layers.Dense(8, name="two")(entry)))
    merged = layers.Concatenate(name="both")([layers.Add(name="sum")([one, two]), two])
    model = keras.Model(entry, layers.Dense(CLASSES, activation="softmax", name="out")(merged))
    ours, theirs, run, logs, _ = train_both(model, make_data(), tmp_path, optimizer="sgd", learning_rate=0.05)
    for name, value in get_weights(theirs).items():
        np.testing.assert_allclose(get_weights(ours)[name], value, atol=1e-5, err_msg=name)
    for row, log in zip(run.history(), logs, strict=True):
        assert row["loss"] == pytest.approx(log["loss"], abs=2e-5)
        assert row["val_loss"] == pytest.approx(log["val_loss"], abs=2e-5)


def normalized(*, use_bias):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(16, use_bias=use_bias, name="hidden"),
            layers.BatchNormalization(name="norm"),
            layers.Activation("relu"),
            layers.Dense(CLASSES, activation="softmax", name="out"),
        ]
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_adam_with_normalization_equals_keras_where_every_gradient_is_one(optimizer, tmp_path):
    """Outputs differ by 9e-8 after 52 steps."""
    data = make_data()
    settings = {"optimizer": optimizer, "learning_rate": 0.003}
    ours, theirs, run, logs, _ = train_both(normalized(use_bias=False), data, tmp_path, **settings)
    for name, value in get_weights(theirs).items():
        np.testing.assert_allclose(get_weights(ours)[name], value, atol=1e-5, err_msg=name)
    x = (data.x / 255).astype("float32")
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=2e-6)
    assert run.history()[-1]["val_loss"] == pytest.approx(logs[-1]["val_loss"], abs=2e-5)


@pytest.mark.exhaustive
def test_a_bias_before_a_normalization_drifts_under_adam_as_it_does_in_keras_alone(tmp_path):
    """The normalization subtracts the bias again, so its gradient is 0 but for rounding, which Adam scales to steps.

    Measured after 52 steps: all other weights within 5e-7 of Keras, the loss of every epoch within 2e-7, the bias 2e-3
    apart, and the moving mean, which follows it, 5e-4. Compiled and eager Keras are 4.5e-3 apart from each other.
    """
    data, found = make_data(), []
    settings = {"optimizer": "adam", "learning_rate": 0.003}
    for eagerly in (False, True):
        ours, theirs, run, logs, _ = train_both(
            normalized(use_bias=True), data, tmp_path / str(eagerly), eagerly=eagerly, **settings
        )
        weights, others = get_weights(ours), get_weights(theirs)
        for name, value in others.items():
            least = 0.01 if name in ("hidden/bias", "norm/moving_mean") else 1e-5
            np.testing.assert_allclose(weights[name], value, atol=least, err_msg=name)
        assert [row["loss"] for row in run.history()] == pytest.approx([log["loss"] for log in logs], abs=2e-5)
        found.append(others)
    itself = np.abs(found[0]["hidden/bias"] - found[1]["hidden/bias"]).max()
    assert itself > 1e-4, "Keras is not apart from itself"
    kernel, bias = _gradients(theirs, (data.x[:32] / 255).astype("float32"), data.y[:32])
    assert np.abs(bias).max() < 1e-5 * np.abs(kernel).max()


def _gradients(model, x, y):
    """Gradients of the loss by the kernel and the bias of the first layer, in training mode."""
    trainable = [variable.value for variable in model.trainable_variables]
    others = [variable.value for variable in model.non_trainable_variables]

    def loss(values):
        out, _ = model.stateless_call(values, others, x, training=True)
        return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, out))

    return [np.asarray(gradient) for gradient in jax.grad(loss)(trainable)[:2]]


@pytest.mark.exhaustive
def test_all_other_layers_equal_keras(tmp_path):
    """What is adapted stays as it is, slopes are learned, and layers without weights pass gradients on."""
    entry = keras.Input((FEATURES,))
    norm = layers.Normalization(name="norm")
    norm.adapt(make_data().x.astype("float32") / 255)
    one = layers.PReLU(name="slopes")(layers.Dense(8, name="one")(norm(entry)))
    two = layers.ELU(0.5, name="elu")(layers.Dense(8, name="two")(entry))
    kinds = (layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)
    grid = layers.Reshape((5, 8), name="grid")(layers.Concatenate()([kind()([one, two]) for kind in kinds]))
    mixed = layers.Flatten()(layers.PReLU(shared_axes=[1], name="shared")(grid))
    ending = layers.Softmax(name="ending")(layers.Dense(CLASSES, name="out")(mixed))
    settings = {"optimizer": "adam", "learning_rate": 0.003}
    ours, theirs, run, logs, _ = train_both(keras.Model(entry, ending), make_data(), tmp_path, **settings)
    first = run.snapshot(0)
    for name, value in get_weights(theirs).items():
        np.testing.assert_allclose(get_weights(ours)[name], value, atol=1e-5, err_msg=name)
        assert np.abs(first[name] - value).max() > 0.003, f"training must have moved {name}"
    assert run.history()[-1]["loss"] == pytest.approx(logs[-1]["loss"], abs=2e-5)


@pytest.mark.exhaustive
def test_the_model_ends_with_the_last_snapshot_and_its_predictions(tmp_path):
    data = make_data()
    model, _, run, _, result = train_both(mlp((16,), dropout=0.3), data, tmp_path)
    for name, value in run.snapshot(-1).items():
        np.testing.assert_array_equal(value, get_weights(model)[name])
    held_out = model.predict((data.x[410:] / 255).astype("float32"), verbose=0)
    np.testing.assert_allclose(run.predictions(-1)[410:], held_out, atol=1e-3)
    assert result.test["accuracy"] == pytest.approx(np.mean(held_out[60:].argmax(1) == data.y[470:]))
    seen = run.predictions(-1)[:410].argmax(1) == data.y[:410]
    assert seen.mean() == pytest.approx(run.history()[-1]["accuracy"]), "training rows are as seen in training"


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        ("mean_squared_error", 1),
        pytest.param("mean_absolute_error", 2, marks=pytest.mark.exhaustive),
        pytest.param("huber", 2, marks=pytest.mark.exhaustive),
    ],
)
def test_numbers_are_learned_as_keras_learns_standardized_targets(loss, targets, tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(SAMPLES + 100, FEATURES)).astype(np.float32)
    y = 5_000 + 300 * np.tanh(x @ random.normal(size=(FEATURES, targets)) + random.normal(size=(len(x), targets)) / 9)
    unit = TargetUnit.fit(y[:SAMPLES], ("a", "b")[:targets], is_log=False)
    model = mlp((16,))
    build_model(model, shape=(FEATURES,), classes=targets, seed=3, unit=unit)
    whole = model_from_spec(spec_of(model))
    set_weights(whole, get_weights(model))
    theirs = keras.Model(whole.inputs, whole.get_layer("output").output)
    theirs.compile(keras.optimizers.Adam(0.003), loss=loss)
    standard = ((y - y[:SAMPLES].mean(axis=0)) / y[:SAMPLES].std(axis=0)).astype(np.float32)
    config = make_config(epochs=4, batch_size=32, seed=3, optimizer="adam", learning_rate=0.003, loss=loss)
    val_losses = []
    for epoch in range(1, config.epochs + 1):
        for rows in epoch_order(SAMPLES, batch_size=32, seed=3, epoch=epoch):
            rows = rows[rows < SAMPLES]
            theirs.train_on_batch(x[rows], standard[rows])
        val_losses.append(theirs.evaluate(x[410:470], standard[410:470], batch_size=60, verbose=0))
    data = TrainingData(x, y, train=SAMPLES, val=60, scale=1.0, classes=targets)
    names = ["a", "b"][:targets]
    record = DATASET | {"class_names": [], "targets": names, "is_log": False}
    writer = RunWriter.create(tmp_path, name="t", manifest=MANIFEST | {"format": 3, "dataset": record})
    result = train_model(model, data, config=config, writer=writer)
    writer.finish("finished")
    for name, value in get_weights(theirs).items():
        np.testing.assert_allclose(get_weights(model)[name], value, atol=1e-5, err_msg=name)
    history = RunFolder.open(writer.path).history()
    np.testing.assert_allclose([row["val_loss"] for row in history], val_losses, atol=2e-5)
    predicted = theirs.predict(x, verbose=0) * y[:SAMPLES].std(axis=0) + y[:SAMPLES].mean(axis=0)
    recorded = RunFolder.open(writer.path).predictions(4)
    np.testing.assert_allclose(recorded[SAMPLES:], predicted[SAMPLES:], rtol=1e-5)
    assert recorded.dtype == np.float32
    assert history[-1]["val_r2"] == pytest.approx(r2_score(y[410:470], predicted[410:470]), abs=1e-5)
    assert result.test["r2"] == pytest.approx(r2_score(y[470:], predicted[470:]), abs=1e-5)
    assert 0.3 < history[-1]["r2"] < 1
