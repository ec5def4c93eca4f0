"""What a user's own fit was fed: raw or scaled samples, and which samples of the dataset it was validated on.

A callback is told nothing of the data. But Keras holds the arrays that it validates on for as long as the fit lasts,
and their rows are compared with those of the dataset. Where they cannot be seen (a generator, another preparation of
the samples, a version of Keras that keeps them elsewhere) nothing is assumed of them.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np

from cutaway.data import Dataset, SampleIds, Split

Inputs = Literal["scaled", "raw"]

MOST = 500_000
"""Samples of a dataset at most whose rows are compared: 70,000 of MNIST take 0.3 s."""

PIECE = 4096


@dataclass(frozen=True)
class Validation:
    """What is known of the samples that a fit is validated on.

    Attributes:
        samples: How many there are.
        weighted: Whether they have weights, so that metrics are no plain means.
        inputs: Whether the model gets them divided by the scale of the data, or raw; None if they are neither.
        ids: Which samples of the dataset they are; None if `inputs` is.
    """

    samples: int
    weighted: bool
    inputs: Inputs | None = None
    ids: SampleIds | None = None


def rescales(model: keras.Model, scale: float) -> bool:
    """Whether a model divides its inputs by the scale of the data itself, in a Rescaling before all other layers."""
    for layer in getattr(model, "layers", ()):
        kind = type(layer).__name__
        if kind == "Rescaling":
            factor: Any = layer
            return scale != 1 and bool(np.allclose(np.asarray(factor.scale, np.float64) * scale, 1, rtol=0.02))
        if kind not in ("InputLayer", "Flatten", "Reshape", "Dropout", "GaussianNoise"):
            return False
    return False


def validation_of(model: keras.Model, data: Dataset) -> Validation | None:
    """What the fit that is running is validated on; None if that cannot be seen, or there is nothing."""
    adapter = getattr(getattr(model, "_eval_epoch_iterator", None), "data_adapter", None)
    arrays = getattr(adapter, "_inputs", None)
    if not isinstance(arrays, tuple) or not 2 <= len(arrays) <= 3 or not hasattr(arrays[0], "shape"):
        return None
    try:
        x = np.asarray(keras.ops.convert_to_numpy(arrays[0]))
    except (TypeError, ValueError):
        return None
    seen = Validation(len(x), weighted=len(arrays) == 3 and arrays[2] is not None)
    if x.dtype.kind not in "buif" or x.size != len(x) * data.features:
        return seen
    for inputs in ("scaled", "raw") if data.scale != 1 else ("scaled",):
        ids = find_rows(data, x.reshape(len(x), -1), inputs=inputs)
        if ids is not None:
            return Validation(len(x), seen.weighted, inputs, ids)
    return seen


def find_rows(data: Dataset, x: np.ndarray, *, inputs: Inputs) -> SampleIds | None:
    """Find rows among the samples of a dataset.

    Args:
        data: The dataset.
        x: ``(sample, features)``, any numbers.
        inputs: Whether `x` are its samples divided by its scale, or raw.

    Returns:
        A sample for each row, each sample once; None if a row equals none. A rounding error of a division does no harm
        where samples are uint8.
    """
    if not len(x) or sum(len(source.y) for source in data.sources.values()) > MOST:
        return None
    places: dict[bytes, list[tuple[int, int]]] = {}
    for number, source in enumerate(data.sources.values()):
        for start in range(0, len(source.y), PIECE):
            rows = np.asarray(source.x[start : start + PIECE]).reshape(-1, data.features)
            for offset, key in enumerate(_keys(_as_fed(rows, data, inputs=inputs))):
                places.setdefault(key, []).append((number, start + offset))
    for found in places.values():
        found.reverse()  # equal samples are taken in their order
    taken: list[tuple[int, int]] = []
    for start in range(0, len(x), PIECE):
        rows = _raw_of(x[start : start + PIECE], data, inputs=inputs)
        for key in () if rows is None else _keys(rows):
            if not places.get(key):
                return None
            taken.append(places[key].pop())
        if rows is None:
            return None
    pairs = np.array(sorted(taken), np.int64)
    return SampleIds(tuple(data.sources), pairs[:, 0].astype(np.uint8), pairs[:, 1])


def _as_fed(rows: np.ndarray, data: Dataset, *, inputs: Inputs) -> np.ndarray:
    """Rows of the dataset as they are compared: bytes as they are, other numbers as the model would get them."""
    if rows.dtype == np.uint8:
        return rows
    return np.divide(rows, np.float32(data.scale), dtype=np.float32) if inputs == "scaled" else rows


def _raw_of(x: np.ndarray, data: Dataset, *, inputs: Inputs) -> np.ndarray | None:
    """Rows that a model gets as they are compared; None if they are no rows of the dataset."""
    if next(iter(data.sources.values())).x.dtype != np.uint8:
        return x.astype(np.float32)
    values = np.asarray(x, np.float64) * (data.scale if inputs == "scaled" else 1.0)
    whole = np.rint(values)
    near = np.abs(values - whole).max() < 1e-3 and whole.min() >= 0 and whole.max() <= 255
    return whole.astype(np.uint8) if near else None


def _keys(rows: np.ndarray) -> Iterator[bytes]:
    for row in np.ascontiguousarray(rows + 0 if rows.dtype == np.uint8 else rows + np.float32(0)):  # -0.0 becomes 0.0
        yield hashlib.blake2b(row.data, digest_size=16).digest()


def split_as_fed(split: Split, ids: SampleIds, *, seen: int) -> tuple[Split, str]:
    """The split with the validation samples that a fit had, and what is known of its training samples.

    Args:
        split: The split of the recorder.
        ids: The samples that fit was validated on.
        seen: The number of samples that fit saw in an epoch.

    Returns:
        The split, in which "val" holds `ids` and, where fit has taken them from "train" alone, the other samples that
        it did not see; and "train" where the number of training samples is that of the split, otherwise "unknown".
        Where fit was validated on test samples, the split is the one given.
    """
    held, test = _members(ids), _members(split.test)
    if held & test:
        return split, "train" if seen == len(split.train) else "unknown"
    train, val = _members(split.train), _members(split.val)
    if seen == len((train | val) - held):
        train, known = (train | val) - held, "train"
    else:
        train, known = train - held, "train" if seen == len(train - held) else "unknown"
    if not train:
        return split, "unknown"
    val = (_members(split.train) | val) - train
    if train == _members(split.train):
        return split, known
    return Split(
        train=_ids(train, split.train.sources),
        val=_ids(val, split.train.sources),
        test=split.test,
        validation=len(val) / (len(train) + len(val)),
        seed=split.seed,
        stratified=False,
    ), known


def name_of(split: Split, ids: SampleIds | None) -> str:
    """What samples that a fit was validated on are, in a word: "val", "test", "part of val", ... or "unknown"."""
    if ids is None:
        return "unknown"
    held = _members(ids)
    for name in ("val", "test"):
        part = _members(split.part(name))
        if held <= part:
            return name if held == part else f"part of {name}"
    return "unknown"


def _members(ids: SampleIds) -> set[tuple[int, int]]:
    return set(zip(ids.source_index.tolist(), ids.index.tolist(), strict=True))


def _ids(members: set[tuple[int, int]], sources: tuple[str, ...]) -> SampleIds:
    pairs = np.array(sorted(members), np.int64).reshape(-1, 2)
    return SampleIds(sources, pairs[:, 0].astype(np.uint8), pairs[:, 1])
