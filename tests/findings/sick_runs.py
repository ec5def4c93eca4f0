"""Runs with one sickness each, on images and on tables, and healthy runs of many kinds: small, quick, from seeds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import cutaway as ct

Maker = Callable[[Path], ct.Run]


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The digits as float32 images in 0..1, in a random order, and their classes."""
    data = ct.load_dataset("digits")
    order = np.random.default_rng(0).permutation(1797)
    return data.sources["train"].x[order].astype(np.float32) / 16, data.labels["train"][order]


def table(rows: int = 900, *, classes: int = 2, inputs: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose classes are blobs that overlap a little, standardized."""
    random = np.random.default_rng(seed)
    y = np.arange(rows) % classes
    centers = random.normal(size=(classes, inputs)) * 0.9
    x = centers[y] + random.normal(size=(rows, inputs))
    order = random.permutation(rows)
    return ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32)[order], y[order]


def train(model: Any, x: np.ndarray, y: np.ndarray, runs: Path, *, epochs: int = 12, **settings: Any) -> ct.Run:
    given = {name: settings.pop(name) for name in ("x_test", "y_test", "scale") if name in settings}
    return ct.train(model, ct.Dataset.from_arrays(x, y, **given), epochs=epochs, runs=runs, progress=False, **settings)


PLAIN: dict[str, Any] = {"schedule": "constant", "label_smoothing": 0.0}


def rate_too_high(runs: Path, *, of: Callable[..., Any] = digits) -> ct.Run:
    return train(ct.mlp((64,)), *of(), runs, learning_rate=1.0, **PLAIN)


def rate_too_low(runs: Path, *, of: Callable[..., Any] = digits) -> ct.Run:
    return train(ct.mlp((64,)), *of(), runs, optimizer="sgd", learning_rate=1e-4, **PLAIN)


def diverged(runs: Path) -> ct.Run:
    try:
        return train(ct.mlp((64,)), *digits(), runs, optimizer="sgd", learning_rate=1e5, **PLAIN)
    except ct.CutawayError:
        return ct.open_run("latest", runs=runs, data=ct.Dataset.from_arrays(*digits()))


def not_finite(runs: Path) -> ct.Run:
    """Weights of many layers grow together, so that the loss is NaN in the first epoch and the training ends."""
    layers = [keras.layers.Dense(16, "linear") for _ in range(9)]
    with pytest.raises(ct.CutawayError):
        train(model_of(*layers), *digits(), runs, optimizer="sgd", learning_rate=1e6, momentum=0.9, **PLAIN)
    return ct.open_run("latest", runs=runs, data=ct.Dataset.from_arrays(*digits()))


def unscaled_images(runs: Path) -> ct.Run:
    x, y = digits()
    return train(ct.mlp((64,)), x * 255, y, runs, scale=1.0)


def unscaled_table(runs: Path) -> ct.Run:
    x, y = table()
    return train(ct.mlp((32,)), x * 300 + 2000, y, runs, scale=1.0)


def scaled_twice(runs: Path) -> ct.Run:
    x, y = digits()
    return train(ct.mlp((64,)), x, y, runs, scale=255.0)


def constant_columns(runs: Path) -> ct.Run:
    x, y = table()
    return train(ct.mlp((32,)), np.concatenate([x, np.ones_like(x)], axis=1), y, runs)


def imbalanced_table(runs: Path) -> ct.Run:
    x, y = table(3000)
    keep = (y == 0) | (np.random.default_rng(1).random(3000) < 0.05)
    noise = np.random.default_rng(7).normal(size=x.shape)
    return train(ct.mlp((32,)), (x + 2 * noise)[keep], y[keep], runs)  # with less noise the small class is found


def imbalanced_images(runs: Path) -> ct.Run:
    x, y = digits()
    keep = (y != 3) | (np.arange(1797) % 15 == 0)
    return train(ct.mlp((64,)), x[keep], y[keep], runs)


def random_labels(runs: Path) -> ct.Run:
    x, y = table()
    return train(ct.mlp((32,)), x, np.random.default_rng(5).permutation(y), runs)


def wrong_labels(runs: Path, *, of: Callable[..., Any] = digits, classes: int = 10) -> ct.Run:
    x, y = of()
    random = np.random.default_rng(2)
    wrong = random.random(len(y)) < 0.15
    return train(ct.mlp((64,)), x, np.where(wrong, (y + random.integers(1, classes, len(y))) % classes, y), runs)


def telling_column(runs: Path) -> ct.Run:
    x, y = table()
    x[:, 4] = y + np.random.default_rng(3).normal(size=len(y)) * 0.02
    return train(ct.mlp((32,)), x, y, runs)


def telling_pixel(runs: Path) -> ct.Run:
    x, y = digits()
    x[:, 0, 0] = y / 9
    return train(ct.mlp((64,)), x, y, runs)


def repeated_rows(runs: Path, *, of: Callable[..., Any] = table) -> ct.Run:
    x, y = of()
    return train(ct.mlp((32,)), np.concatenate([x, x[:300]]), np.concatenate([y, y[:300]]), runs)


def shifted_table(runs: Path) -> ct.Run:
    x, y = table(1500)
    return train(ct.mlp((32,)), x[:1100], y[:1100], runs, x_test=x[1100:] + 1.0, y_test=y[1100:])


def shifted_images(runs: Path) -> ct.Run:
    x, y = digits()
    return train(ct.mlp((64,)), x[:1300], y[:1300], runs, x_test=x[1300:] * 0.6 + 0.3, y_test=y[1300:])


def not_shuffled(runs: Path) -> ct.Run:
    """Sorted samples whose last quarter is held out: other classes than those that are learned."""
    x, y = digits()
    order = np.argsort(y, kind="stable")
    x, y = x[order], y[order]
    # a few of the last classes are among the first rows, without which they would not be known at all
    some = np.concatenate([np.flatnonzero(y == label)[:6] for label in (8, 9)])
    first = np.r_[np.arange(1350), some]
    rest = np.setdiff1d(np.arange(len(y)), first)
    return train(ct.mlp((64,)), x[first], y[first], runs, x_test=x[rest], y_test=y[rest])


def model_of(*layers: Any, classes: int = 10) -> Any:
    return keras.Sequential([*layers, keras.layers.Dense(classes, "softmax")])


def light_images(runs: Path) -> ct.Run:
    """Digits in dark gray on light gray, on which the first steps make most units dead."""
    x, y = digits()
    large = np.repeat(np.repeat(0.9 - 0.1 * x, 4, axis=1), 4, axis=2)
    return train(ct.mlp((512, 512)), large, y, runs, learning_rate=0.003, **PLAIN)


def dead(runs: Path) -> ct.Run:
    layer = keras.layers.Dense(64, "relu", bias_initializer=keras.initializers.Constant(-3.0))
    return train(model_of(layer), *digits(), runs)


def saturated(runs: Path) -> ct.Run:
    layer = keras.layers.Dense(64, "tanh", kernel_initializer=keras.initializers.RandomNormal(stddev=3.0))
    return train(model_of(layer), *digits(), runs)


def vanishing(runs: Path) -> ct.Run:
    return train(model_of(*(keras.layers.Dense(32, "sigmoid") for _ in range(6))), *digits(), runs, **PLAIN)


def exploding(runs: Path) -> ct.Run:
    wide = keras.initializers.RandomNormal(stddev=1.5)
    layers = [keras.layers.Dense(64, "relu", kernel_initializer=wide) for _ in range(4)]
    return train(model_of(*layers), *digits(), runs, learning_rate=1e-4)


def narrow(runs: Path) -> ct.Run:
    layers = keras.layers.Dense(1, "linear"), keras.layers.Dense(64, "relu")
    return train(model_of(*layers, classes=4), *table(classes=4), runs)


def alike(runs: Path) -> ct.Run:
    """Eight units, eight times each: without dropout they stay the same.

    With ReLU two of the eight are dead for 5 of 100 seeds, which is a sickness of its own.
    """
    model = model_of(keras.layers.Dense(64, "tanh"))
    model.build((None, 64))
    kernel, bias, output, last = model.get_weights()
    model.set_weights([np.tile(kernel[:, :8], 8), bias, np.tile(output[:8], (8, 1)), last])
    return train(model, *digits(), runs)


def large_batches(runs: Path) -> ct.Run:
    return train(ct.mlp((64,)), *digits(), runs, batch_size=1077, epochs=6)


def overfitted(runs: Path) -> ct.Run:
    x, y = table(260, classes=3, inputs=20)
    return train(
        ct.mlp((256, 256)), x * 0.5 + np.random.default_rng(7).normal(size=x.shape), y, runs, epochs=60, **PLAIN
    )


def underconfident(runs: Path) -> ct.Run:
    return train(ct.mlp((64,)), *digits(), runs, label_smoothing=0.5)


def oscillating(runs: Path) -> ct.Run:
    x, y = table(900, classes=3)
    return train(ct.mlp((64,)), x, y, runs, optimizer="sgd", learning_rate=3.0, momentum=0.9, batch_size=16, **PLAIN)


def frozen(runs: Path) -> ct.Run:
    return train(ct.mlp((64,)), *digits(), runs, optimizer="sgd", learning_rate=1e-9, epochs=4, **PLAIN)


def one_epoch(runs: Path) -> ct.Run:
    return train(ct.mlp((64,)), *digits(), runs, optimizer="sgd", learning_rate=0.01, epochs=1, **PLAIN)


def few_epochs(runs: Path) -> ct.Run:
    return train(ct.mlp((64,)), *digits(), runs, optimizer="sgd", learning_rate=0.01, epochs=2, **PLAIN)


def other_test_labels(runs: Path, *, change: Callable[[np.ndarray], np.ndarray]) -> ct.Run:
    x, y = digits()
    return train(ct.mlp((64,)), x[:1300], y[:1300], runs, x_test=x[1300:], y_test=change(y[1300:]))


def normalized(runs: Path, **settings: Any) -> ct.Run:
    """Averages that a training is too short for, or batches that are too small for."""
    layers = keras.layers.Dense(64), keras.layers.BatchNormalization(momentum=settings.pop("momentum", 0.99))
    return train(model_of(*layers, keras.layers.ReLU()), *digits(), runs, **settings, **PLAIN)


def not_trained(runs: Path, initializer: str) -> ct.Run:
    layer = keras.layers.Dense(16, "relu", kernel_initializer=initializer, trainable=False)
    return train(model_of(layer), *digits(), runs)


def noisy(runs: Path, noise: Callable[[], Any]) -> ct.Run:
    return train(
        model_of(keras.layers.Dense(32, "relu"), noise(), keras.layers.Dense(32, "relu"), noise()), *digits(), runs
    )


def mirrored(runs: Path) -> ct.Run:
    return train(ct.mlp((64,)), *digits(), runs, augment=ct.Augmentation(flip="both"))


def held_back(runs: Path, **settings: Any) -> ct.Run:
    layers = [keras.layers.Dense(64, "relu", kernel_regularizer=settings.get("penalty"))]
    layers += [keras.layers.Dropout(settings["dropout"])] if "dropout" in settings else []
    return train(model_of(*layers), *digits(), runs)


SICK: dict[str, tuple[tuple[str, ...], Maker]] = {
    "rate too high, images": (("learning-rate-too-high",), rate_too_high),
    "rate too high, table": (("learning-rate-too-high",), lambda runs: rate_too_high(runs, of=table)),
    "rate too low, images": (("learning-rate-too-low",), rate_too_low),
    "rate too low, table": (("learning-rate-too-low",), lambda runs: rate_too_low(runs, of=table)),
    "diverged": (("divergence", "learning-rate-too-high"), diverged),
    "not finite": (("divergence",), not_finite),
    "unscaled images": (("unscaled-inputs",), unscaled_images),
    "unscaled table": (("unscaled-inputs",), unscaled_table),
    "scaled twice": (("double-scaling",), scaled_twice),
    "light images": (("uncentered-inputs",), light_images),
    "constant columns": (("constant-inputs",), constant_columns),
    "imbalanced table": (("class-imbalance",), imbalanced_table),
    "imbalanced images": (("class-imbalance",), imbalanced_images),
    "random labels": (("baseline", "label-issues"), random_labels),
    "wrong labels, images": (("label-issues",), wrong_labels),
    "wrong labels, table": (
        ("label-issues",),
        lambda runs: wrong_labels(runs, of=lambda: table(1800, classes=4), classes=4),
    ),
    "telling column": (("target-leakage",), telling_column),
    "telling pixel": (("target-leakage",), telling_pixel),
    "repeated rows": (("duplicates",), repeated_rows),
    "repeated images": (("duplicates",), lambda runs: repeated_rows(runs, of=digits)),
    "shifted table": (("shifted-test-samples",), shifted_table),
    "shifted images": (("shifted-test-samples",), shifted_images),
    "not shuffled": (("unshuffled-split",), not_shuffled),
    "dead units": (("dead-units",), dead),
    "saturated units": (("saturated-units",), saturated),
    "vanishing gradients": (("vanishing-gradients",), vanishing),
    "exploding gradients": (("exploding-gradients",), exploding),
    "narrow layer": (("bottleneck",), narrow),
    "units alike": (("equal-weights",), alike),
    "large batches": (("batch-too-large",), large_batches),
    "overfitted": (("overfitting",), overfitted),
    "underconfident": (("miscalibration",), underconfident),
    "oscillating": (("oscillation", "learning-rate-too-high"), oscillating),
    "frozen": (("stalled", "learning-rate-too-low"), frozen),
    "one epoch": (("too-few-epochs",), one_epoch),
    "few epochs": (("too-few-epochs",), few_epochs),
    "test labels shuffled": (
        ("test-labels",),
        lambda runs: other_test_labels(runs, change=lambda y: np.random.default_rng(4).permutation(y)),
    ),
    "test labels renumbered": (("test-labels",), lambda runs: other_test_labels(runs, change=lambda y: (y + 1) % 10)),
    "dropout of 0.95": (("over-regularized",), lambda runs: held_back(runs, dropout=0.95)),
    "penalty of 0.3": (("over-regularized",), lambda runs: held_back(runs, penalty=keras.regularizers.L2(0.3))),
    "weight of 200": (("unusual-setting",), lambda runs: train(ct.mlp((32,)), *digits(), runs, class_weight={3: 200})),
    "label smoothing of 0.9": (
        ("unusual-setting",),
        lambda runs: train(ct.mlp((64,)), *digits(), runs, label_smoothing=0.9),
    ),
    "momentum of 0.999": (
        ("unusual-setting",),
        lambda runs: train(ct.mlp((64,)), *digits(), runs, optimizer="sgd", learning_rate=0.1, momentum=0.999, **PLAIN),
    ),
    "averages not reached": (("unusual-setting",), lambda runs: normalized(runs, momentum=0.9999)),
    "batches of two to normalize": (("unusual-setting",), lambda runs: normalized(runs, batch_size=2, epochs=4)),
    "frozen, he_normal": (("frozen-layers",), lambda runs: not_trained(runs, "he_normal")),
    "frozen, orthogonal": (("frozen-layers",), lambda runs: not_trained(runs, "orthogonal")),
    "noise": (("over-regularized",), lambda runs: noisy(runs, lambda: keras.layers.GaussianNoise(1.0))),
    "dropout of 0.95 by noise": (
        ("over-regularized",),
        lambda runs: noisy(runs, lambda: keras.layers.GaussianDropout(0.95)),
    ),
    "mirrored digits": (("class-changing-augmentation",), mirrored),
}
"""What a run suffers from -> the kinds of findings that name it, and the function that makes it."""


def _healthy() -> dict[str, Maker]:
    def images(model: Callable[[], Any], **settings: Any) -> Maker:
        return lambda runs: train(model(), *digits(), runs, epochs=settings.pop("epochs", 15), **settings)

    def rows(model: Callable[[], Any], classes: int = 2, **settings: Any) -> Maker:
        return lambda runs: train(model(), *table(classes=classes), runs, recipe="table", **settings)

    def sklearn(name: str) -> Maker:
        def make(runs: Path) -> ct.Run:
            import sklearn.datasets

            frame = getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
            return ct.train(ct.mlp((32,)), ct.load_dataset(frame, label="target"), runs=runs, progress=False)

        return make

    dense = keras.layers.Dense
    return {
        "images, 64": images(lambda: ct.mlp((64,))),
        "images, 128-128 with dropout": images(lambda: ct.mlp((128, 128), dropout=0.2)),
        "images, 512-512": images(lambda: ct.mlp((512, 512), dropout=0.2)),
        "images, tanh": images(lambda: ct.mlp((64, 64), activation="tanh")),
        "images, gelu": images(lambda: ct.mlp((64, 64), activation="gelu")),
        "images, sigmoid": images(lambda: ct.mlp((64,), activation="sigmoid")),
        "images, four layers": images(lambda: ct.mlp((64, 64, 64, 64))),
        "images, sgd": images(
            lambda: ct.mlp((64,)), optimizer="sgd", learning_rate=0.1, momentum=0.9, schedule="cosine"
        ),
        "images, adamw": images(lambda: ct.mlp((64,)), optimizer="adamw", weight_decay=0.01),
        "images, normalization": images(
            lambda: model_of(dense(64), keras.layers.BatchNormalization(), keras.layers.ReLU())
        ),
        "images, no smoothing": images(lambda: ct.mlp((64,)), label_smoothing=0.0),
        "images, ensemble": images(lambda: ct.mlp((32,), ensemble=3)),
        "table, 2 classes": rows(lambda: ct.mlp((64, 64), dropout=0.2)),
        "table, 3 classes": rows(lambda: ct.mlp((64, 64), dropout=0.2), classes=3),
        "table, 6 classes": rows(lambda: ct.mlp((64, 64), dropout=0.2), classes=6),
        "table, tanh": rows(lambda: ct.mlp((32,), activation="tanh")),
        "table, linear": rows(lambda: ct.mlp((16,), activation="linear")),
        "iris": sklearn("iris"),
        "wine": sklearn("wine"),
        "breast cancer": sklearn("breast_cancer"),
    }


HEALTHY = _healthy()
