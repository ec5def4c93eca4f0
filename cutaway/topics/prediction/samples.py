"""New samples: raw rows, images or arrays, prepared as the training samples were, chunk by chunk."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from cutaway.context import RunContext
from cutaway.data import (
    Centering,
    Preparation,
    is_frame,
    is_table_path,
    map_npy,
    new_image_files,
    origin_options,
    prepare_new_rows,
    read_new_image,
)
from cutaway.errors import DataError, UsageError

IMAGES = 256
"""Images that are read at a time."""

ROWS, BYTES = 8192, 64 * 2**20
"""Samples of an array that are taken at a time at most, and bytes of them."""


@dataclass(frozen=True)
class Samples:
    """Some new samples, ready for the model.

    Attributes:
        x: ``(sample, *shape)``, as the samples of the dataset are before they are divided by its scale.
        names: What each is called: the number of its row in a table, from 1, its index in an array, or the name of its
            file.
    """

    x: np.ndarray
    names: Sequence[str]


def new_samples(context: RunContext, x: Any, *, warn: bool) -> Iterator[Samples]:
    """New samples, chunk by chunk.

    Args:
        context: The run.
        x: The path of a table, of an image or of a folder of images, or of an .npy file; a list of paths of tables
            or of images; a frame; or an array ``(sample, *shape)``.
        warn: Warn of what no training sample had.

    Raises:
        DataError, UsageError: See `predictions`.
    """
    preparation, record = context.preparation, context.manifest.dataset
    paths = _paths(x)
    if preparation is not None:
        x = _framed(x, preparation)
        if not paths and not is_frame(x):
            raise UsageError(
                "this run was trained on a table, and needs a table with the same columns",
                got=type(x).__name__,
                hint="pass a frame of pandas or Polars, or the path of a file",
            )
        options = origin_options(record.origin)
        for table in paths or [x]:
            where = f"{table.name}: " if len(paths) > 1 else ""
            for names, inputs in prepare_new_rows(preparation, table, options, warn=warn):
                yield Samples(inputs, [f"{where}{name}" for name in names])
    elif len(paths) == 1 and paths[0].suffix.lower() == ".npy":
        yield from _chunks(context, map_npy(paths[0]), where=str(paths[0]))
    elif paths:
        _check_images(context, paths)
        files = new_image_files(paths)
        centering, scale = centering_of(context), pixel_scale(context)
        for first in range(0, len(files), IMAGES):
            chunk = files[first : first + IMAGES]
            read = [read_new_image(path, shape=record.shape, scale=scale, centering=centering) for path in chunk]
            yield Samples(np.stack(read), [str(file) for file in chunk])
    else:
        yield from _chunks(context, np.asarray(x), where=f"the {type(x).__name__}")


def _framed(x: Any, preparation: Preparation) -> Any:
    """An array of rows, or one row, with a number for each column of a table as a frame; all else unchanged."""
    if not isinstance(x, np.ndarray):
        return x
    import pandas as pd

    values, columns = cast("np.ndarray[Any, Any]", x), list(preparation.columns)
    fits = values.ndim in (1, 2) and values.shape[-1] == len(columns)
    return pd.DataFrame(np.atleast_2d(values), columns=columns) if fits else values


def one_sample(context: RunContext, x: Any) -> Any:
    """One new row of a table as the model takes it; all else unchanged.

    Args:
        context: The run.
        x: For a table a frame, a mapping from columns to cells, or an array with a number for each column.

    Raises:
        UsageError: It has more than one row.
        DataError: A column is missing or of another kind.
    """
    if isinstance(x, Mapping):
        import pandas as pd

        x = pd.DataFrame([cast("dict[str, Any]", x)])
    if context.preparation is not None:
        x = _framed(x, context.preparation)
    if context.preparation is None or not is_frame(x):
        return x
    if len(x) != 1:
        raise UsageError(f"cannot explain {len(x):,} rows at once", hint="pass one row, such as frame.iloc[[0]]")
    ((_, inputs),) = prepare_new_rows(context.preparation, x)
    return inputs[0]


def _paths(x: Any) -> list[Path]:
    """The paths that new samples are given by, if they are.

    Raises:
        UsageError: One of them does not exist: this is known before the first is predicted.
    """
    given = cast("list[Any]", [x] if isinstance(x, str | os.PathLike) else x if isinstance(x, list | tuple) else [])
    if not all(isinstance(path, str | os.PathLike) for path in given):
        return []
    paths = [Path(path).expanduser() for path in given]
    lacking = next((path for path in paths if not os.path.exists(path)), None)
    if lacking is not None:
        raise UsageError(f"no such file: {lacking}", hint="check the path")
    return paths


def _check_images(context: RunContext, paths: list[Path]) -> None:
    """Refuse tables for a model that was not trained on one, and all files of one whose samples are no images.

    Raises:
        UsageError: One of the files is named as tables are, or the samples are not images.
    """
    kind = "arrays" if context.manifest.dataset.image is None else "images"
    wrong = next((path for path in paths if kind == "arrays" or is_table_path(path)), None)
    if wrong is not None:
        raise UsageError(
            f"{context.path.name} was trained on {kind}, and new samples must be {kind} too",
            got=str(wrong),
            hint="pass images, a folder of images or an .npy file" if kind == "images" else "pass an .npy file",
        )


def centering_of(context: RunContext) -> Centering | None:
    """How the images of a run were made; None if they are no gray images, or this is not known."""
    record = context.manifest.dataset
    if record.image is None or not record.image.is_gray or record.centering is None:
        return None
    return Centering(record.centering.rule, dark_ink=record.centering.dark_ink)


def pixel_scale(context: RunContext) -> float:
    """The value of a raw sample that becomes 1: by the scale of the data, or in the model if that is 1."""
    scale = context.manifest.dataset.scale
    if scale != 1 or not {"Rescaling", "Normalization"} & set(context.outline.kinds.values()):
        return scale
    from cutaway.training import own_scale

    return own_scale(context.model())


def _checked(context: RunContext, x: np.ndarray, *, where: str) -> np.ndarray:
    """An array of samples ``(sample, ...)``, whose values and shape fit the model.

    Raises:
        DataError: They do not.
    """
    shape, scale = context.manifest.dataset.shape, pixel_scale(context)
    if x.shape[1:] != shape and x.shape == shape:
        x = x[None]
    flat = x.ndim == 2 and x.shape[1] == int(np.prod(shape))
    if x.ndim < 1 or (x.shape[1:] != shape and not flat) or x.dtype.kind not in "biuf":
        raise DataError(
            f"{where} must have the shape (sample, {', '.join(map(str, shape))}) and contain numbers",
            got=f"{x.shape} {x.dtype}",
            hint="reshape them, or pass the path of a file",
        )
    if scale >= 16 and x.dtype != np.uint8 and x.size and x.max() <= 1:
        raise DataError(
            f"the numbers in {where} go from {x.min():g} to {x.max():g} instead of from 0 to {scale:g}",
            hint=f"multiply them by {scale:g}",
        )
    return x


def _chunks(context: RunContext, x: np.ndarray, *, where: str) -> Iterator[Samples]:
    """An array that may be larger than memory, in chunks, with one chunk in memory at a time.

    Raises:
        DataError: Values or shape do not fit the model; a value that is not finite is found with its chunk.
    """
    x, shape = _checked(context, x, where=where), context.manifest.dataset.shape
    step = max(1, min(ROWS, BYTES // (4 * max(int(np.prod(shape)), 1))))
    for first in range(0, len(x), step):
        chunk = x[first : first + step]
        values = chunk if chunk.dtype == np.uint8 else _finite(chunk, first=first, where=where)
        names = [str(row) for row in range(first, first + len(chunk))]
        yield Samples(values.reshape(len(chunk), *shape), names)


def _finite(chunk: np.ndarray, *, first: int, where: str) -> np.ndarray:
    """A chunk as float32, whose first sample has the number `first`.

    Raises:
        DataError: A value is missing, or not finite in float32.
    """
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinity
        values = chunk.astype(np.float32)
    finite = np.isfinite(values)
    if not finite.all():
        place = tuple(np.argwhere(~finite)[0])
        raise DataError(
            f"sample {first + place[0]} of {where} contains {chunk[place]}, which is no finite float32",
            hint="leave such samples out, or fill in their values",
        )
    return values
