"""Writes the playground, with some of the digits of MNIST in it, and what it begins with where a run opens it."""

import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.context import RunContext
from cutaway.data import load_dataset, stratified_sample
from cutaway.errors import Hint, UsageError
from cutaway.page import PlaygroundDigits, PlaygroundPage, render_playground
from cutaway.runs import check_output, write_output

TRAIN, TEST_STEP = 10_000, 10
"""Digits in the file: the first training images, and every tenth test image, since the first ones are harder."""

NOTICE = (
    "The digits are the first 10,000 training images and every tenth test image of the MNIST database by Yann LeCun, "
    "Corinna Cortes and Christopher J. C. Burges. Copyright: Yann LeCun and Corinna Cortes; commonly distributed under "
    "CC BY-SA 3.0."
)


def playground_page(*, studio: str = "", start: dict[str, Any] | None) -> PlaygroundPage:
    """Make the playground: an HTML file of about 3 MB.

    Args:
        studio: See `cutaway.page.render_playground`.
        start: What it begins with, as `playground_start` returns it; the two moons if None.
    """
    if start is None:
        return _plain_page(studio)
    return render_playground(_digits(), version=version("cutaway"), studio=studio, start=start)


@cache
def _plain_page(studio: str) -> PlaygroundPage:
    return render_playground(_digits(), version=version("cutaway"), studio=studio)


def _digits() -> PlaygroundDigits:
    sources = load_dataset("mnist").sources
    train, test = sources["train"], sources["test"]
    return PlaygroundDigits(
        x=train.x[:TRAIN],
        y=train.y[:TRAIN].astype("uint8"),
        x_test=test.x[::TEST_STEP],
        y_test=test.y[::TEST_STEP].astype("uint8"),
        notice=NOTICE,
    )


def write_playground(path: Path, *, start: dict[str, Any] | None = None) -> Path:
    """Write the playground into one HTML file that works from disk without a network.

    Args:
        path: Where to write it.
        start: See `playground_page`.

    Raises:
        UsageError: The file cannot be written.
    """
    check_output(path)
    write_output(path, playground_page(start=start).html.encode())
    return path


SAMPLES = 5_000
"""Maximum number of samples that the playground takes."""

INPUTS, CLASSES, LAYERS, UNITS = 2, 10, 6, 128
"""What the playground can show and train."""

LEAST, LARGEST, LONGEST_NAME = 10, 1e6, 80
"""Fewest samples, largest value, and letters of the name of a class that it takes."""

ACTIVATIONS = ("relu", "leaky_relu", "linear", "tanh", "sigmoid", "softplus", "elu", "silu", "gelu")
INITIALIZERS = ("glorot_uniform", "he_uniform", "lecun_uniform", "zeros")
OPTIMIZERS = ("sgd", "adam", "adamw")
LOSSES = ("categorical_crossentropy", "mean_squared_error")

PLAIN = {
    "schedule": "constant",
    "label_smoothing": 0.0,
    "class_weight": None,
    "virtual_adversarial": 0.0,
    "augment": None,
    "use_bias": True,
    "kernel_regularizer": None,
    "bias_regularizer": None,
    "kernel_constraint": None,
    "bias_constraint": None,
}
"""Settings of a training or a dense layer that the playground does not have, and their values where nothing is lost."""


def playground_start(context: RunContext) -> dict[str, Any]:
    """The samples of a run and its settings, as the playground takes them.

    The playground divides the samples itself and has its own seed for the first weights, so its training is a similar
    one, not the same.

    Args:
        context: A run of two inputs and at most ten classes.

    Returns:
        ``settings`` by the playground's names; ``rows``, the two prepared inputs and the class of each sample;
        ``classNames``; ``inputNames``, none if they are no columns of a table; and ``about``, a sentence that says what
        was left out.

    Raises:
        UsageError: The run has another number of inputs, or too many classes.
    """
    data, names = context.data, context.class_names
    ids = context.split.part("all")
    first = np.asarray(data.inputs(ids.take(np.arange(1)))).size  # before all of them are prepared
    if first != INPUTS or len(names) > CLASSES:
        raise UsageError(
            f"the run has {first:,} inputs and {len(names):,} classes; the playground shows {INPUTS} inputs and "
            f"at most {CLASSES} classes",
            hint=Hint("train on two inputs: leave the other columns out, each such as {}", ignore="height"),
        )
    labels = data.y(ids)
    chosen = stratified_sample(labels, SAMPLES, seed=0)
    x = np.asarray(data.inputs(ids.take(chosen)), np.float64).reshape(len(chosen), -1)
    if len(chosen) < LEAST or not np.abs(x).max() <= LARGEST:
        raise UsageError(
            f"the run has {len(chosen):,} samples with values up to {np.abs(x).max():g}; the playground takes {LEAST} "
            f"samples or more with values within ±{LARGEST:,.0f}",
            hint="scale the columns before the run is trained",
        )
    settings, left = _settings(context)
    some = "" if len(chosen) == len(ids) else f"{len(chosen):,} of {len(ids):,} samples, a stratified sample. "
    about = f"Data and settings of the run {context.path.name}. {some}"
    if left:
        about += f"Not taken over, because the playground has no such setting: {', '.join(left)}."
    return {
        "settings": settings,
        "rows": [[*point, label] for point, label in zip(x.tolist(), labels[chosen].tolist(), strict=True)],
        "classNames": [name[:LONGEST_NAME] for name in names],
        "inputNames": [name[:LONGEST_NAME] for name in data.feature_names or ()],
        "about": about.strip(),
    }


def _settings(context: RunContext) -> tuple[dict[str, Any], list[str]]:
    """The settings of a run by the playground's names, and the names of those that it does not have."""
    config: dict[str, Any] = dict(context.manifest.config)
    layers = context.spec["layers"]
    dense = [layer["config"] for layer in layers if layer["kind"] == "Dense"][:-1]
    dropout = [layer["config"]["rate"] for layer in layers if layer["kind"] == "Dropout"]
    hidden = [each["units"] for each in dense]
    settings: dict[str, Any] = {
        "testShare": 0.3,
        "learningRate": float(np.clip(config.get("learning_rate", 0.01), 1e-6, 1000)),
        "momentum": min(config.get("momentum", 0.0), 0.999),
        "batchSize": min(config.get("batch_size", 32), SAMPLES),
        "weightDecay": config.get("weight_decay", 0.0),
        "hidden": [min(units, UNITS) for units in hidden[:LAYERS]],
        "dropout": dropout[0] if dropout else 0,
    }
    left = [name for name, plain in PLAIN.items() if any(each.get(name, plain) != plain for each in (config, *dense))]
    left += sorted({layer["kind"] for layer in layers} - {"Dense", "Dropout", "InputLayer"})
    if len(set(dropout)) > 1 or len(dropout) not in (0, len(dense)):
        left.append("dropout after some layers only, or of several rates")
    if settings["hidden"] != hidden:
        left.append("some layers or units")
    for name, values, known in (
        ("optimizer", {config.get("optimizer")}, OPTIMIZERS),
        ("loss", {config.get("loss")}, LOSSES),
        ("activation", {each["activation"] for each in dense}, ACTIVATIONS),
        ("initializer", {_snake(each["kernel_initializer"]["class_name"]) for each in dense}, INITIALIZERS),
    ):
        if len(values) == 1 and values <= {*known}:
            settings[name] = str(values.pop()).replace("adamw", "adam")
        elif values:
            left.append(name)
    return settings, left


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
