"""What a model says of new samples: raw rows, pictures or arrays, prepared as the training samples were."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.data import Preparation
from cutaway.data.preparation import Notes, add_notes, warn_of
from cutaway.data.pictures import ENDINGS, center_digit, picture_files, read_picture
from cutaway.data.tables import cell_chunks, frame_reader, is_frame, open_reader
from cutaway.errors import DataError, UsageError

from .context import RunContext

PICTURES = 256
"""Pictures that are read at a time."""


@dataclass(frozen=True)
class Samples:
    """Some new samples, ready for the model.

    Attributes:
        x: ``(sample, *shape)``, as the samples of the dataset are before they are divided by its scale.
        names: What each is called: the number of its row, from 1, or the name of its file.
    """

    x: np.ndarray
    names: Sequence[str]


@dataclass(frozen=True)
class Predicted:
    """What the model says of some samples.

    Attributes:
        names: What each sample is called.
        probabilities: float32 ``(sample, class)``.
    """

    names: Sequence[str]
    probabilities: np.ndarray

    @property
    def best(self) -> list[int]:
        """The most probable class of each sample."""
        return self.probabilities.argmax(axis=1).tolist()


def predict(context: RunContext, x: Any, *, epoch: int | None = None) -> np.ndarray:
    """The probability of every class for new samples.

    Args:
        context: The run.
        x: As of `cutaway.Run.predict`.
        epoch: After which epoch; the kept one if None.

    Returns:
        float32 ``(sample, class)``; each row sums to 1.

    Raises:
        DataError, UsageError: As `predictions`.
    """
    parts = [part.probabilities for part in predictions(context, x, epoch=epoch)]
    return np.concatenate(parts) if parts else np.empty((0, len(context.class_names)), np.float32)


def predictions(context: RunContext, x: Any, *, epoch: int | None = None) -> Iterator[Predicted]:
    """Predict new samples chunk by chunk, so that a file may be larger than memory.

    Raises:
        DataError: A column is missing or of another kind, a picture cannot be read, or a shape is another one.
        UsageError: `x` is nothing that the model can be fed.
    """
    from cutaway.models import class_probabilities, forward

    model, scale = context.model(epoch), context.manifest.dataset.scale
    for samples in new_samples(context, x):
        yield Predicted(samples.names, class_probabilities(model, forward(model, samples.x, scale=scale)))


def new_samples(context: RunContext, x: Any) -> Iterator[Samples]:
    """New samples, chunk by chunk.

    Args:
        context: The run.
        x: The path of a table, of a picture or of a folder of pictures, or of an .npy file; a list of pictures' paths; a
            frame; or an array ``(sample, *shape)``.

    Raises:
        DataError, UsageError: As `predictions`.
    """
    preparation = context.preparation
    named = isinstance(x, str | os.PathLike)
    if preparation is not None and (named or is_frame(x)):
        yield from _rows(preparation, x)
    elif named or (isinstance(x, list | tuple) and x and isinstance(x[0], str | os.PathLike)):
        yield from _files(context, [Path(path).expanduser() for path in ([x] if named else x)])
    else:
        if preparation is not None:
            raise UsageError(
                "new samples of a table are a table with the same columns",
                got=type(x).__name__,
                hint="pass a frame of pandas or Polars, or the path of a file",
            )
        yield _checked(context, np.asarray(x), where=f"the {type(x).__name__}")


def _rows(preparation: Preparation, x: Any) -> Iterator[Samples]:
    path = Path(x).expanduser() if isinstance(x, str | os.PathLike) else None
    if path is not None and not path.exists():
        raise UsageError("new samples are in a file that exists", got=str(path), hint="check the path")
    reader = frame_reader(x) if path is None else open_reader(path)
    kinds, formats = preparation.columns, preparation.date_formats
    notes: Notes = {}
    for first, cells in cell_chunks(reader, kinds, formats=formats, rows=None, name=reader.form):
        inputs, found = preparation.apply(cells)
        notes = add_notes(notes, found)
        yield Samples(inputs, [str(first + row) for row in range(1, len(inputs) + 1)])
    warn_of(notes, what="rows")


def _files(context: RunContext, paths: list[Path]) -> Iterator[Samples]:
    lacking = next((path for path in paths if not path.exists()), None)
    if lacking is not None:
        raise UsageError("new samples are in a file that exists", got=str(lacking), hint="check the path")
    if len(paths) == 1 and paths[0].suffix.lower() == ".npy":
        from cutaway.data.npy import map_npy

        yield _checked(context, map_npy(paths[0]), where=str(paths[0]))
        return
    files = [file for path in paths for file in (picture_files(path) if path.is_dir() else [path])]
    if not files:
        raise UsageError(
            f"a folder of new samples holds pictures ({', '.join(ENDINGS)})", got=str(paths[0]), hint="check the path"
        )
    for first in range(0, len(files), PICTURES):
        chunk = files[first : first + PICTURES]
        yield Samples(np.stack([_picture(context, file) for file in chunk]), [str(file) for file in chunk])


def _picture(context: RunContext, path: Path) -> np.ndarray:
    record = context.manifest.dataset
    shape = record.shape
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3):
        raise UsageError(
            "a model that is fed pictures can be asked about pictures",
            got=f"{path} for samples of the shape {shape}",
            hint="pass an array of that shape",
        )
    mode = "L" if len(shape) == 2 else "RGB"
    if record.origin.get("name") == "mnist":
        return center_digit(read_picture(path, mode="L"))
    picture = read_picture(path, mode=mode, size=(shape[0], shape[1]))
    # the pictures of scikit-learn's digits go from 0 to 16
    return picture if record.scale == 255 else (picture * (record.scale / 255)).astype(np.float32)


def _checked(context: RunContext, x: np.ndarray, *, where: str) -> Samples:
    shape = context.manifest.dataset.shape
    if x.shape[1:] != shape and x.shape == shape:
        x = x[None]
    flat = x.ndim == 2 and x.shape[1] == int(np.prod(shape))
    if x.ndim < 1 or (x.shape[1:] != shape and not flat) or x.dtype.kind not in "biuf":
        raise DataError(
            f"new samples have the shape (sample, {', '.join(map(str, shape))}) and are numbers",
            got=f"{x.shape} {x.dtype} in {where}",
            hint="reshape them, or pass the path of a file",
        )
    values = x if x.dtype == np.uint8 else x.astype(np.float32)
    return Samples(values.reshape(len(x), *shape), [str(row) for row in range(len(x))])
