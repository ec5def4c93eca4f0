"""Models from elsewhere and to elsewhere: `open_model`, `record` and `export`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.data import Dataset, Split, load_dataset, split_dataset
from cutaway.errors import ModelError, UsageError
from cutaway.runs import RUNS, RunFolder, RunWriter, write_atomic

from .progress import ProgressOption, show_progress
from .run import Run, open_run

if TYPE_CHECKING:
    import keras

ENDINGS = (".keras", ".onnx")
INPUTS = ("auto", "uint8", "float32")


@dataclass(frozen=True)
class ModelSummary:
    """What a model file says of itself, whether it can be opened or not.

    Attributes:
        file: Where it is.
        form: "keras" or "h5".
        keras_version: What wrote it; "" if the file does not say.
        name: Of the model.
        kind: "Sequential" or "Functional".
        input: Shape of one sample; None where that is not known.
        layers: For each layer name, kind, inputs, shape, parameters (both None where they are not known), refused
            (why, a clause each) and notes (what will be otherwise than in the file).
        parameters: Of all layers of which they are known.
        refused: All that speaks against opening it; empty if it can be opened.
    """

    file: str
    form: str
    keras_version: str
    name: str
    kind: str
    input: tuple[int, ...] | None
    layers: tuple[Mapping[str, Any], ...]
    parameters: int
    refused: tuple[str, ...]


def inspect_model(path: str | os.PathLike) -> ModelSummary:
    """List the layers of a model file, those that cutaway refuses to open among them; nothing is built.

    Raises:
        UnknownNameError: No such file.
        DataError: It is no model file, or damaged.
    """
    from cutaway.models.importing.opening import read_model

    file = read_model(path)
    layers = tuple(
        {
            "name": layer.name,
            "kind": layer.kind,
            "inputs": layer.inputs,
            "shape": layer.shape,
            "parameters": file.parameters(layer),
            "refused": layer.problems,
            "notes": layer.notes,
        }
        for layer in file.model.layers
    )
    return ModelSummary(
        file=str(path),
        form=file.form,
        keras_version=file.model.version,
        name=file.model.name,
        kind=file.model.kind,
        input=file.model.shape,
        layers=layers,
        parameters=sum(layer["parameters"] or 0 for layer in layers),
        refused=file.model.refused,
    )


def open_model(path: str | os.PathLike) -> "keras.Model":
    """Open a .keras file, or an .h5 file of a whole model, by anyone: no code from the file is run.

    The model is built from cutaway's own list of layers and computes what Keras' own loader would. Initializers are
    Keras' defaults, and what the file says of optimizer, loss and metrics is not read: compile it to train it.

    Args:
        path: The file, of Keras 2 or 3.

    Raises:
        UnknownNameError: No such file.
        ModelError: It holds a layer or a setting that is not on the list; `inspect_model` shows them all.
        DataError: It is damaged, or anything in it is larger than is read.
    """
    from cutaway.models.importing.opening import build_from_file, read_model

    return build_from_file(read_model(path))


def record(
    model: "keras.Model | str | os.PathLike",
    data: Dataset | str | Path,
    *,
    validation: float = 0.25,
    seed: int = 0,
    runs: str | Path = RUNS,
    name: str | None = None,
    progress: ProgressOption = True,
) -> Run:
    """Keep a ready-made model as a finished run with one snapshot, so that every view works on it.

    Args:
        model: A built Keras model of allow-listed layers, such as `open_model` gives, or the path of its file. It takes
            samples divided by the scale of the data, and gives one unit a class.
        data: A `Dataset`, or what `load_dataset` takes.
        validation: Share of the training samples in the split "val", in (0, 1).
        seed: Decides the split; whole number from 0.
        runs: Folder in which the run folder is made.
        name: Middle part of the run folder's name; the model's name if None.
        progress: True draws a bar, False is silent, a callable gets `Progress` records.

    Returns:
        A run whose only epoch is 0. Its test accuracy is worth something if the model was not trained on these samples.

    Raises:
        ModelError: The model is not built, not of allow-listed layers, or does not fit the data.
        DataError, ConfigError: The data or the split is wrong.
        RunError: The run folder cannot be written.
    """
    from cutaway import models

    models.require_jax()
    model = open_model(model) if isinstance(model, str | os.PathLike) else model
    models.check_model(model)
    if not model.built:
        raise ModelError("a model that is recorded has weights", got=f'"{model.name}", not built yet', hint="train it")
    data = data if isinstance(data, Dataset) else load_dataset(data)
    models.check_fit(model, shape=data.shape, classes=data.classes)
    split = split_dataset(data, validation=validation, seed=seed)
    test = _measure(
        model, data, split=split, progress=progress
    )  # what can fail or be interrupted comes before the folder
    writer = RunWriter.create(runs, name=name or model.name, manifest=_manifest(model, data, split=split))
    try:
        writer.snapshot(0, models.get_weights(model))
        writer.finish("finished", test=test, kept_epoch=0, training_seconds=0.0)
    finally:
        writer.close()
    return Run(RunFolder.open(writer.path), data=data)


def _manifest(model: "keras.Model", data: Dataset, *, split: Split) -> dict[str, Any]:
    """What run.json keeps; of the plan nothing is known, but that nobody trained here."""
    from cutaway import models, training

    known = {"epochs": 0, "optimizer": "none", "learning_rate": 0.0, "validation": split.validation, "seed": split.seed}
    return {
        "origin": "model",
        "dataset": data.to_record(),
        "split": split.to_record(),
        "model": models.spec_of(model),
        "first_weights": "as the model had them",
        "config": dict.fromkeys(training.TrainingConfig.model_fields) | known,
        "seed": split.seed,
        "versions": training.describe_versions(),
        "device": training.describe_device(),
    }


def _measure(model: "keras.Model", data: Dataset, *, split: Split, progress: ProgressOption) -> dict[str, float] | None:
    from cutaway.metrics import classification_metrics
    from cutaway.models import class_probabilities, forward

    with show_progress(progress) as on_progress:
        outputs = forward(model, data.rows(split.test), scale=data.scale, on_progress=on_progress)
    return classification_metrics(class_probabilities(model, outputs), data.y(split.test))


def export(
    run: Run | str | Path,
    path: str | Path,
    *,
    epoch: int = -1,
    input: str = "auto",  # noqa: A002 (the word that the command line has)
    runs: str | Path = RUNS,
) -> Path:
    """Write the model of a run into a file for other programs.

    - ``.keras`` opens in plain Keras; the model takes samples divided by the data's scale, as in training.
    - ``.onnx`` is one graph from raw samples ``(batch, *shape of a sample)`` to the model's outputs: division by the
      scale and reshaping are in it. The package onnx is needed.

    Args:
        run: A `Run`, a path, a run's name in `runs`, or "latest".
        path: The file to write, ending in .keras or .onnx; what is there is replaced.
        epoch: Number of the epoch whose weights go out; -1 is the last.
        input: Of an ONNX file: "uint8" or "float32", raw samples both; "auto" is uint8 where the data are bytes with
            the scale 255, else float32.
        runs: Folder in which names are looked up.

    Returns:
        The file's path.

    Raises:
        UnknownNameError: There is no such run or epoch.
        UsageError: The file has another ending or cannot be written, or onnx is not installed.
    """
    target = Path(path)
    _check_target(target, input)
    opened = run if isinstance(run, Run) else open_run(run, runs=runs)
    packed = _packed(opened, opened.model(epoch=epoch), kind=input if target.suffix == ".onnx" else None)
    try:
        write_atomic(target, packed)
    except OSError as error:
        raise UsageError(
            "an export needs a file that can be written", got=f"{error.strerror}: {target}", hint="name another file"
        ) from error
    return target


def _packed(run: Run, model: "keras.Model", *, kind: str | None) -> bytes:
    """A model of a run as .onnx with an input of some kind, or as .keras where that is None."""
    if kind is None:
        from cutaway.models.exporting.keras_file import to_keras

        return to_keras(model)
    from cutaway.models.exporting.onnx_graph import to_onnx

    record = run.folder.manifest["dataset"]
    dtype: Any = kind if kind != "auto" else "uint8" if record["scale"] == 255 else "float32"
    return to_onnx(model, shape=record["shape"], scale=record["scale"], dtype=dtype, class_names=run.class_names)


def _check_target(target: Path, kind: str) -> None:
    if target.suffix not in ENDINGS or target.is_dir() or not target.parent.is_dir():
        raise UsageError(
            f"an export needs the name of a file that ends in {' or '.join(ENDINGS)}, in a folder that exists",
            got=f'"{target}"',
            hint="name a file such as model.keras, and make its folder first",
        )
    if kind not in INPUTS or (kind != "auto" and target.suffix != ".onnx"):
        raise UsageError(
            f"input is one of {', '.join(INPUTS)}, and chosen for .onnx alone",
            got=f'"{kind}" for {target.name}',
            hint="leave it out",
        )
