"""The model of a run as a file for other programs, with the preparation of its samples inside or next to it."""

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cutaway._lazy import public
from cutaway.api.opening import open_run
from cutaway.api.run import Run
from cutaway.checks import check_path, warn_user
from cutaway.data import MISSING, Preparation, Table, hashed_values, spellings
from cutaway.errors import DataError, Hint, UsageError
from cutaway.results.written import WrittenFile
from cutaway.runs import RUNS, DatasetRecord, check_output, write_output
from cutaway.words import shown

ENDINGS = (".keras", ".onnx")
INPUTS = ("auto", "uint8", "float32")

FORMAT = 1
"""Format number of the JSON file next to a model."""

MOST_FACTS = 2**20
"""Maximum bytes of names in metadata.json: readers refuse a much larger one. More go into a file next to the model."""


@dataclass(frozen=True)
class Export:
    """A model file that was written.

    Attributes:
        file: The model.
        preparation: The JSON file next to it with the preparation, if that is not inside.
        why: Why it is not inside, if it was meant to be.
    """

    file: Path
    preparation: Path | None = None
    why: str | None = None


@public
def export(
    run: Run | str | Path,
    path: str | Path,
    *,
    preparation: bool = True,
    epoch: int | None = None,
    input: str = "auto",  # noqa: A002  # the same word as on the command line
    runs: str | Path = RUNS,
) -> Path:
    """Write the model of a run into a file for other programs; it takes raw samples, as `Run.predict` does.

    - ``.keras`` opens in plain Keras, and begins with layers that prepare its input: Rescaling for images and other
      arrays with a scale; Normalization for a table whose columns are numbers without gaps.
    - ``.onnx`` needs the package onnx. For arrays it takes ``input``, ``(batch, *shape of a sample)``, and returns
      ``output``, as the model does. For a table it takes one input for each column, with its name: (batch, 1), float64
      for numbers, NaN if missing, and strings for categories; it returns ``label``, strings (batch,), and
      ``probabilities``, float32 (batch, class), or of numbers an output of the name of each target, float32 (batch,).
      Of a category with more than 64 values it knows those seen in training, which it reads from the data of the run;
      all others become zeros, like missing ones. It does not prepare dates.

    A preparation that the format cannot express is written next to the model, as NAME.preparation.json, and a warning
    says why: the model then takes rows that are already prepared. If a model with such a file is replaced by one that
    needs none, the file is removed.

    Args:
        run: A `Run`, a path, a run's name in `runs`, or "latest".
        path: The file to write, ending in .keras or .onnx; an existing file is replaced.
        preparation: Whether the file prepares raw samples; False writes the model as it was trained, and the
            preparation next to it.
        epoch: Number of the epoch whose weights are written; the kept one if None.
        input: For an ONNX file that takes arrays: "uint8" or "float32", both raw samples; "auto" is uint8 if the data
            are bytes with the scale 255, else float32.
        runs: Folder to look names up in.

    Returns:
        The file's path.

    Raises:
        UnknownNameError: There is no such run or epoch.
        UsageError: The file has another ending or cannot be written, onnx is not installed, or an ONNX file is to
            prepare dates.
        DataError: An ONNX file needs the values of a category, and the data of the run are not at hand.
    """
    written = write_export(run, path, preparation=preparation, epoch=epoch, input=input, runs=runs)
    if written.why is not None and written.preparation is not None:
        warn_user(
            f"{written.why}, which a {written.file.suffix} file cannot prepare: it takes prepared samples, and the "
            f"preparation is in {written.preparation.name} next to it"
        )
    return written.file


def write_export(
    run: Run | str | Path,
    path: str | Path,
    *,
    preparation: bool,
    epoch: int | None,
    input: str,  # noqa: A002
    runs: str | Path = RUNS,
) -> Export:
    """Write what `export` writes, and say where the preparation is.

    Raises:
        UnknownNameError, UsageError, DataError: See `export`.
    """
    if isinstance(path, Run):
        raise UsageError(
            f"the path of the file is a run: {path.path.name}",
            hint='pass the run first, for example: export(run, "model.onnx")',
        )
    target = check_path(path, name="path")
    _check_target(target, input)
    opened = run if isinstance(run, Run) else open_run(run, runs=runs)
    steps = opened.context.preparation
    contents = _contents(opened, target.suffix, steps=steps, wanted=preparation)
    packed = (_keras if target.suffix == ".keras" else _onnx)(opened, contents, epoch=epoch, kind=input)
    beside = _beside(target) if contents.beside else None
    outdated = None if contents.beside else _written_with(target)
    if beside is not None:  # first, so that the model is never there without it
        write_output(beside, _document(opened, packed, steps=steps))
    write_output(target, packed)
    if outdated is not None:
        with contextlib.suppress(OSError):  # its model_sha256 matches no file any more
            outdated.unlink()
    return Export(WrittenFile(target), beside and WrittenFile(beside), contents.why)


def _named(record: DatasetRecord) -> dict[str, Any]:
    """The names of the outputs of a model, by what they are called in files."""
    if record.task.is_numbers:
        return {"targets": list(record.targets)}
    return {"class_names": list(record.class_names)}


def _beside(target: Path) -> Path:
    return target.with_name(f"{target.name}.preparation.json")


def _written_with(target: Path) -> Path | None:
    """The JSON file that belongs to the model that is there now, by its digest; None if there is none."""
    beside = _beside(target)
    if not target.is_file() or not beside.is_file():
        return None
    try:
        record = json.loads(beside.read_bytes())
        ours = record["format"], record["model_sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):  # it is not ours, and stays
        return None
    return beside if ours == (FORMAT, hashlib.sha256(target.read_bytes()).hexdigest()) else None


@dataclass(frozen=True)
class _Contents:
    """What goes where.

    Attributes:
        inside: Whether the file prepares raw samples.
        beside: Whether to write a JSON file next to it.
        columns: The steps of a table that are inside.
        facts: Names for metadata.json of a .keras file.
        why: Why the preparation is not inside, if it was wanted.
    """

    inside: bool
    beside: bool
    columns: tuple[Mapping[str, Any], ...]
    facts: Mapping[str, Any]
    why: str | None = None


def _contents(run: Run, ending: str, *, steps: Preparation | None, wanted: bool) -> _Contents:
    from cutaway.models.exporting.expressible import why_not_in_keras, why_not_in_onnx

    record = run.context.manifest.dataset
    columns = () if steps is None else tuple(step.model_dump(mode="json") for step in steps.steps)
    why = (why_not_in_keras if ending == ".keras" else why_not_in_onnx)(columns) if wanted else None
    inside = wanted and why is None
    prepared = steps is not None or record.scale != 1
    facts = {"preparation": "inside" if inside or not prepared else "beside", **_named(record)}
    if record.feature_names is not None:
        facts["feature_names"] = list(record.feature_names)
    beside = prepared and not inside
    if ending == ".keras" and len(json.dumps(facts)) > MOST_FACTS:
        beside, facts = True, {"preparation": facts["preparation"]}
    return _Contents(inside, beside, columns if inside else (), facts, why)


def _keras(run: Run, contents: _Contents, *, epoch: int | None, kind: str) -> bytes:
    from cutaway.models.exporting.keras_file import to_keras

    record, model = run.context.manifest.dataset, run.model(epoch)
    if not contents.inside:
        return to_keras(model, facts=contents.facts)
    return to_keras(model, shape=record.shape, scale=record.scale, columns=contents.columns, facts=contents.facts)


def _onnx(run: Run, contents: _Contents, *, epoch: int | None, kind: str) -> bytes:
    from cutaway.models.exporting.onnx_graph import table_to_onnx, to_onnx

    record, model = run.context.manifest.dataset, run.model(epoch)
    table = record.preparation is not None
    if kind == "uint8" and (table or not contents.inside):
        raise UsageError(
            f'input "uint8" does not fit {"a table" if table else "a model that takes prepared samples"}',
            hint="leave input out",
        )
    if table:
        return table_to_onnx(
            model,
            **_named(record),
            feature_names=record.feature_names or (),
            columns=_onnx_columns(run, contents.columns),
            missing=MISSING,
        )
    if not contents.inside:
        return to_onnx(model, shape=run.context.spec["input"]["shape"], **_named(record))
    dtype: Any = kind if kind != "auto" else "uint8" if record.scale == 255 else "float32"
    return to_onnx(model, shape=record.shape, scale=record.scale, dtype=dtype, **_named(record))


def _onnx_columns(run: Run, columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps of a table with what ONNX needs further: the spellings of categories, the inputs of hashed ones.

    Raises:
        UsageError: A column holds dates.
        DataError: A column is hashed, and the data are not at hand.
    """
    for column in columns:
        if column["kind"] == "date":
            raise UsageError(
                f'"{column["column"]}" holds dates; an ONNX file prepares numbers and categories',
                hint=Hint(
                    "turn them into numbers before training, or export the network alone with {}", preparation=False
                ),
            )
    encoded = _encoded(run) if any(column["kind"] == "hash" for column in columns) else {}
    held: list[dict[str, Any]] = []
    for column in columns:
        values, inputs = encoded.get(column["column"], (column.get("values", ()), None))
        held.append({**column, "spellings": {value: spellings(value) for value in values}, "encoded": inputs})
    return held


def _encoded(run: Run) -> dict[str, tuple[list[str], np.ndarray]]:
    preparation, table = run.context.preparation, run.context.loaded
    if preparation is None or not isinstance(table, Table):
        raise DataError(
            "the dataset is prepared already, and a category with very many values is looked up in the table",
            hint=Hint("open the run with {} and the table", data=None),
        )
    return hashed_values(table, run.split.train, preparation)


def _document(run: Run, packed: bytes, *, steps: Preparation | None) -> bytes:
    """The JSON file next to a model: what becomes of a raw sample before the model takes it, and all names."""
    record = run.context.manifest.dataset
    document = {
        "format": FORMAT,
        "model_sha256": hashlib.sha256(packed).hexdigest(),
        **_named(record),
        "shape": list(record.shape),
        "scale": record.scale,
        "feature_names": None if record.feature_names is None else list(record.feature_names),
        "columns": None if steps is None else [step.model_dump(mode="json") for step in steps.steps],
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode(errors="backslashreplace")


def _check_target(target: Path, kind: str) -> None:
    if target.suffix not in ENDINGS:
        raise UsageError(f'"{target}" does not end in {" or ".join(ENDINGS)}', hint="name a file such as model.keras")
    check_output(target)
    if kind not in INPUTS or (kind != "auto" and target.suffix != ".onnx"):
        raise UsageError(
            f"input {shown(kind)} does not fit {target.name}; it is one of {', '.join(INPUTS)}, for .onnx alone",
            hint="leave it out",
        )
