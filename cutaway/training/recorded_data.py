"""What a user's own fit was fed: raw or scaled samples, and which samples of the dataset it was validated on.

A callback is told nothing of the data. But Keras holds the arrays that it validates on for as long as the fit lasts
(`validation_arrays`), and their rows are compared with those of the dataset. Where they cannot be seen (a generator,
another preparation of the samples, a version of Keras that keeps them elsewhere) nothing is assumed of them.
"""

import dataclasses
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np

from cutaway.data import Dataset, Preparation, SampleIds, Split, join_ids
from cutaway.errors import UsageError

from .validation_arrays import validation_arrays

Inputs = Literal["scaled", "raw"]

MOST = 500_000
"""Samples of a dataset at most whose rows are compared: 70,000 of MNIST take 0.3 s."""

PIECE = 4096


@dataclass(frozen=True)
class Validation:
    """What is known of the samples that a fit is validated on.

    Attributes:
        samples: How many there are.
        weighted: Whether they have weights, so that metrics are not plain means.
        inputs: Whether the model gets them divided by the scale of the data, or raw; None if they are neither.
        ids: Which samples of the dataset they are; None if `inputs` is.
    """

    samples: int
    weighted: bool
    inputs: Inputs | None = None
    ids: SampleIds | None = None


def _preparing(model: keras.Model) -> Any:
    """The layer that prepares the inputs of a model before all others, a Rescaling or a Normalization, or None."""
    for layer in getattr(model, "layers", ()):
        kind = type(layer).__name__
        if kind in ("Rescaling", "Normalization"):
            return layer
        if kind not in ("InputLayer", "Flatten", "Reshape", "Dropout", "GaussianNoise"):
            return None
    return None


def rescales(model: keras.Model, scale: float) -> bool:
    """Whether a model divides its inputs by the scale of the data itself, in a Rescaling before all other layers."""
    return scale != 1 and bool(np.isclose(own_scale(model), scale, rtol=0.02))


def own_scale(model: keras.Model) -> float:
    """The number by which a model divides all its inputs itself, in a Rescaling before all other layers; 1 if none."""
    layer = _preparing(model)
    factors = np.unique(np.asarray(layer.scale, np.float64)) if type(layer).__name__ == "Rescaling" else np.ones(1)
    return float(1 / factors[0]) if len(factors) == 1 and factors[0] > 0 else 1.0


def as_taken(model: keras.Model, data: Dataset) -> Dataset:
    """The data as a model takes them: with the scale 1, raw samples, where it rescales them itself.

    Raises:
        UsageError: The columns of a table are standardized, and the model would standardize them again.
    """
    if data.preparation is not None and _standardizes(_preparing(model), data.preparation):
        raise UsageError(
            "a model that begins with a Normalization of the columns takes them as they are",
            got=f"{data.name}, which is standardized already",
            hint='load the table with numbers="none", or export the model with preparation=False',
        )
    return dataclasses.replace(data, scale=1.0) if rescales(model, data.scale) else data


def _standardizes(layer: Any, preparation: Preparation) -> bool:
    """Whether a layer standardizes a column by about the center and the scale that a preparation has applied to it."""
    if type(layer).__name__ != "Normalization" or layer.invert:
        return False
    size = len(preparation.features)
    values = [np.asarray(keras.ops.convert_to_numpy(value), np.float64) for value in (layer.mean, layer.variance)]
    if any(value.size not in (1, size) for value in values):
        return False
    mean, spread = np.broadcast_to(values[0].ravel(), size), np.broadcast_to(np.sqrt(values[1].ravel()), size)
    at = 0
    for step in preparation.steps:
        if step.kind == "number":
            # not where the column was nearly standardized before: there the two cannot be told apart
            moved = abs(step.center) > step.scale or not 0.5 <= step.scale <= 2
            near = abs(mean[at] - step.center) <= 0.25 * step.scale and 0.75 <= spread[at] / step.scale <= 1.25
            if moved and near:
                return True
        at += len(step.features)
    return False


def validation_of(model: keras.Model, data: Dataset) -> Validation | None:
    """What the fit that is running is validated on; None if that cannot be seen, or there is nothing."""
    arrays = validation_arrays(model)
    if arrays is None:
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
        Where fit was validated on test samples, the split is the one given; but where it took its validation samples
        from all samples and saw all others, as with ``validation_split``, there are no test samples.
    """
    in_test = ids.isin(split.test)
    if in_test.any():
        others = _without(split.part("all"), ids)
        if seen == len(others) and not in_test.all():
            return _split(others, ids, split, test=split.test.take(slice(0))), "train"
        return split, "train" if seen == len(split.train) else "unknown"
    fitted = join_ids([split.train, split.val])
    train = _without(fitted, ids)
    if seen != len(train):
        train = _without(split.train, ids)
    known = "train" if seen == len(train) else "unknown"
    if not len(train):
        return split, "unknown"
    if len(train) == len(split.train) and train.isin(split.train).all():
        return split, known
    return _split(train, _without(fitted, train), split, test=split.test), known


def name_of(split: Split, ids: SampleIds | None) -> str:
    """What samples that a fit was validated on are, in a word: "val", "test", "part of val", ... or "unknown"."""
    if ids is None:
        return "unknown"
    for name in ("val", "test"):
        part = split.part(name)
        if ids.isin(part).all():
            return name if len(ids) == len(part) else f"part of {name}"
    return "unknown"


def _without(ids: SampleIds, others: SampleIds) -> SampleIds:
    return ids.take(~ids.isin(others))


def _split(train: SampleIds, val: SampleIds, recorded: Split, *, test: SampleIds) -> Split:
    return Split(
        train=train.ordered(),
        val=val.ordered(),
        test=test,
        validation=_share(len(val), len(train) + len(val)),
        seed=recorded.seed,
        stratified=False,
    )


def _share(held: int, samples: int) -> float:
    """The share with the fewest digits that makes ``validation_split`` hold out N samples."""
    shares = (round(held / samples, digits) for digits in range(1, 8))
    return next((share for share in shares if samples - math.floor(samples * (1 - share)) == held), held / samples)
