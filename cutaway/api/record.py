"""The verb `record`: a ready-made model as a run."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cutaway._lazy import public
from cutaway.checks import check_choice
from cutaway.context import RunContext
from cutaway.data import Dataset, Split, split_dataset
from cutaway.errors import ModelError
from cutaway.metrics import largest_share
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.runs import RUNS, RunFolder, RunWriter

from .given_data import as_prepared, refuse_model
from .model_files import open_model
from .run import Run

if TYPE_CHECKING:
    from cutaway.models import Model


@public
def record(
    model: "Model | str | os.PathLike[str]",
    data: Dataset | str | Path | Any,
    y: Any = None,
    *,
    validation: float = 0.25,
    seed: int = 0,
    inputs: Literal["auto", "scaled", "raw"] = "auto",
    runs: str | Path = RUNS,
    name: str | None = None,
    progress: ProgressOption = True,
) -> Run:
    """Keep a ready-made model as a finished run with one snapshot, so that every analysis works on it.

    Args:
        model: A built Keras model of supported layers, such as `open_model` returns, or the path of its file. It has
            one output unit for each class, or for each number to predict, in its unit.
        data: A `Dataset`, what `load_dataset` takes, or the inputs ``(sample, ...)`` as an array or DataFrame with `y`.
        y: Labels ``(sample,)``, if `data` are inputs; see `Dataset.from_arrays`, which also takes test samples.
        validation: Share of the training samples in the split "val", in (0, 1).
        seed: Random seed of the split; whole number from 0.
        inputs: What the model takes: "scaled", samples divided by the scale of the data; "raw", as they are, for a
            model that rescales them itself. "auto" is "raw" if it begins with a Rescaling by the scale of the data.
        runs: Folder for the run folder.
        name: Your name for the run, part of the folder name; the model's name if None.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.

    Returns:
        A run whose only epoch is 0. Its test accuracy means something if the model was not trained on these samples.

    Raises:
        ModelError: The model is not built, not of supported layers, or does not fit the data.
        DataError, ConfigError: The data or the split is wrong.
        UsageError: The columns of a table are standardized, and the model would standardize them again.
        RunError: The run folder cannot be written.
    """
    from cutaway import models

    models.require_jax()
    refuse_model(data, y, verb="record")
    model = open_model(model) if isinstance(model, str | os.PathLike) else model
    models.check_model(model)
    named: Any = model  # Keras has no types
    if not named.built:
        raise ModelError(f'the model "{named.name}" is not built yet, so it has no weights', hint="train it first")
    data = as_prepared(data, y, verb="record")
    models.check_fit(model, shape=data.shape, classes=data.outputs, numbers=data.task.is_numbers)
    data = _as_taken(model, data, inputs)
    split = split_dataset(data, validation=validation, seed=seed)
    # what can fail or be canceled comes before the folder is made
    test = _test_metrics(model, data, split=split, progress=progress)
    manifest = _manifest(model, data, split=split)
    writer = RunWriter.create(runs, name=name, otherwise=str(named.name), manifest=manifest)
    try:
        writer.snapshot(0, models.get_weights(model))
        writer.finish(
            "finished",
            test=test,
            baseline=largest_share(data.y(split.test)),
            kept_epoch=0,
            cost={"training": 0.0},
        )
    finally:
        writer.close()
    return Run(RunContext(RunFolder.open(writer.path), data=data))


def _as_taken(model: "Model", data: Dataset, inputs: str) -> Dataset:
    """The data with the scale that the model takes: 1 for raw samples."""
    from cutaway import training

    check_choice(inputs, name="inputs", choices=training.INPUTS)
    if inputs == "auto":
        return training.as_taken(model, data)
    return dataclasses.replace(data, scale=1.0) if inputs == "raw" else data


def _manifest(model: "Model", data: Dataset, *, split: Split) -> dict[str, Any]:
    """What run.json keeps; all that is known of the config is its loss, and that nothing was trained here."""
    from cutaway import models, training

    is_compiled: Any = getattr(model, "loss", None)
    setup = models.compiled_setup(model) if is_compiled else models.Setup()
    known = {"loss": setup.loss or None, "validation": split.validation, "seed": split.seed}
    manifest = training.new_manifest(
        origin="model",
        data=data,
        split=split,
        model=model,
        config=training.known_config(epochs=0, optimizer="none", learning_rate=0.0, **known),
        first_weights=training.GIVEN,
    )
    return manifest | {"fit": {"from_logits": setup.from_logits}}


def _test_metrics(model: "Model", data: Dataset, *, split: Split, progress: ProgressOption) -> dict[str, float] | None:
    from cutaway.models import ForwardPass, class_probabilities
    from cutaway.training import measure_test

    with show_progress(progress) as on_progress:
        batches = ForwardPass.of(model, scale=data.scale).batches(data.rows(split.test), on_progress=on_progress)
        parts = (
            outputs if data.task.is_numbers else class_probabilities(model, outputs)
            for _, found in batches
            for outputs in found.values()
        )
        return measure_test(model, parts, data.y(split.test))
