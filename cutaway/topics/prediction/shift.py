"""New samples that differ from the training samples: samples far from all of them, and columns with other values.

The rule for a sample: of up to 2,000 training samples, as the model sees them, the distance of each to its nearest
other one is taken. A new sample is far if its distance to the nearest of them is more than 1.2 times the 99.9%
quantile of those. A sample from where the training samples came from is nearer with a probability of about 99.9%,
because its distance is one more of the same kind (as in conformal prediction: Vovk, Gammerman, Shafer 2005,
"Algorithmic Learning in a Random World"); the factor is for small tables, whose quantile comes from a hundred samples.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from cutaway.cache import cached
from cutaway.checks import warn_user
from cutaway.context import RunContext
from cutaway.data import column_shifts, origin_options
from cutaway.errors import CutawayError, UsageError
from cutaway.words import listed, percent

SAMPLES = 2000
"""Maximum number of training samples to compare with."""

VALUES = 2**19
"""Maximum number of values of these samples, 2 MB: 668 of MNIST's images. With them an image takes 2.7 times as long
as with a model of two layers of 512 units alone, 40 µs more (benchmarks/far_samples.py)."""

LEAST = 20
"""Minimum number of training samples to judge distances by."""

QUANTILE, MARGIN = 0.999, 1.2

QUICK = 100 * 2**20
"""Maximum size of training data that is read only to judge distances, in bytes."""

LARGEST = 1e12
"""Inputs beyond this are far in any case."""

NAMED = 5
"""Samples, or columns, that a warning names."""

COMPARED = 20
"""Columns that identify copies of a row."""

MORE = 0.75
"""Values are called higher if the new value is larger in this share of the pairs of a new and a training row, and lower
below a quarter; in between the columns only differ."""


@dataclass(frozen=True, eq=False)
class TrainingDistances:
    """Training samples, and how far they are from one another.

    Attributes:
        points: float32 ``(sample, value)``, as the model sees them.
        limit: A sample is far if it is farther than this from all of them.
    """

    points: np.ndarray
    limit: float

    def __call__(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The distance to the nearest of the training samples, and whether that is far.

        Args:
            inputs: float32 ``(sample, value)``, from `model_inputs`.

        Returns:
            float32 ``(sample,)`` and bool ``(sample,)``.
        """
        from cutaway.neighbors import nearest_among

        distances = np.sqrt(nearest_among(self.points, inputs, 1).squared[:, 0])
        return distances, distances > self.limit


_KEPT: WeakKeyDictionary[RunContext, TrainingDistances] = WeakKeyDictionary()


def training_distances(context: RunContext, *, wanted: bool) -> TrainingDistances | None:
    """The distances among training samples: those in the cache, or else computed and kept there.

    Args:
        context: The run.
        wanted: Whether the user wants them; otherwise None is returned unless they are at hand or quickly computed.

    Raises:
        DataError: They are wanted, and the training samples cannot be loaded.
        UsageError: They are wanted, and there are too few training samples.
    """
    if context in _KEPT:
        return _KEPT[context]
    try:
        train, record = context.split.train, context.manifest.dataset
        decides = record.sha256, record.scale, [SAMPLES, VALUES, QUANTILE, MARGIN], train.source_index, train.index
        kept = cached("distances", *decides, method=1, rows_of=[record.sha256])
        found: TrainingDistances | None = kept.read()
        if found is None and (wanted or _is_quick(context)):
            found = kept.get(lambda: _measure(context))
    except CutawayError:
        if wanted:
            raise
        return None
    if found is not None:
        _KEPT[context] = found
    return found


class FarSamples:
    """Counts the samples that are far, chunk by chunk, for one warning."""

    def __init__(self) -> None:
        self.samples = self.far = 0
        self.first: list[str] = []

    def add(self, names: Sequence[str], far: np.ndarray) -> None:
        """Take in a chunk: what its samples are called, and which are far."""
        self.samples, self.far = self.samples + len(names), self.far + int(far.sum())
        self.first += [names[place] for place in np.flatnonzero(far).tolist()[: NAMED - len(self.first)]]

    def warn(self) -> None:
        """Warn of those that are far, if there are any."""
        if self.far:
            samples = "sample" if self.samples == 1 else "samples"
            are = f"{samples} {'is' if self.far == 1 else 'are'}"
            number = "number " if self.far == 1 else "numbers "
            named = number if self.first[0].isdigit() else ""
            named += ", ".join(self.first) + (", ..." if self.far > len(self.first) else "")
            warn_user(
                f"{self.far:,} of {self.samples:,} {are} unusually far from the training samples: {named}; check the "
                "values, because the model has seen nothing like them"
            )


def _measure(context: RunContext) -> TrainingDistances:
    from cutaway.neighbors import nearest_among

    ids = context.split.train
    if len(ids) < LEAST:
        raise UsageError(
            f"distances need at least {LEAST} training samples", got=f"{len(ids):,}", hint="leave the distances out"
        )
    data = context.data
    count = min(len(ids), SAMPLES, max(LEAST, VALUES // data.features))
    drawn = np.sort(np.random.default_rng(0).choice(len(ids), count, replace=False))
    points = model_inputs(data.x(ids.take(drawn)), data.scale)
    nearest = np.sqrt(nearest_among(points, points, 2).squared[:, 1])  # the first is the sample itself, or its equal
    # where nearly all samples have an equal, rounding must not make the others far
    rounding = 1e-3 * float(np.sqrt(np.square(points, dtype=np.float64).sum(axis=1).mean()))
    limit = max(MARGIN * float(np.quantile(nearest, QUANTILE, method="higher")), rounding)
    return TrainingDistances(points, limit)


def model_inputs(x: np.ndarray, scale: float) -> np.ndarray:
    """Raw samples as the model sees them, float32 ``(sample, value)``, within a range whose squares are finite."""
    values = np.divide(x, np.float32(scale), dtype=np.float32).reshape(len(x), math.prod(x.shape[1:]))
    return np.clip(values, -LARGEST, LARGEST, out=values)


def _is_quick(context: RunContext) -> bool:
    """Whether the training data are in memory, or are few bytes."""
    path = context.manifest.dataset.origin.get("path")
    if path is None or "data" in vars(context):
        return True
    place, size = Path(path), 0
    try:
        for file in place.rglob("*") if place.is_dir() else (place,):
            size += file.stat().st_size
            if size > QUICK:
                return False
    except OSError:  # loading the data says why
        return False
    return True


class ShiftedColumns:
    """Compares up to 2,000 random ones of the new rows with training samples, column by column, for one warning.

    Args:
        points: float32 ``(sample, input)``, training samples as the model sees them.
        inputs: What each input is called.
        columns: The column that each input is made from; None for inputs that are not compared.
    """

    def __init__(self, points: np.ndarray, inputs: Sequence[str], columns: Sequence[str | None]) -> None:
        self.points, self.inputs, self.columns = points, inputs, columns
        self.random = np.random.default_rng(0)
        self.rows, self.order = np.empty((0, len(inputs)), np.float32), np.empty(0)

    @classmethod
    def of(cls, context: RunContext, measured: TrainingDistances) -> "ShiftedColumns | None":
        """Those of the table of a run; None where the samples are no rows, or rows of one group, which are alike.

        Dates are not compared: new rows are later.
        """
        preparation = context.preparation
        if preparation is None or origin_options(context.manifest.dataset.origin).get("group"):
            return None
        kinds = preparation.columns
        columns = [None if kinds[name] == "date" else name for name in preparation.columns_of_features]
        return cls(measured.points, preparation.features, columns)

    def add(self, inputs: np.ndarray) -> None:
        """Take in a chunk, float32 ``(row, input)``, as the model sees it."""
        order = np.concatenate([self.order, self.random.random(len(inputs))])
        kept = np.sort(np.argsort(order)[:SAMPLES])
        self.rows, self.order = np.concatenate([self.rows, inputs])[kept], order[kept]

    def _without_copies(self) -> np.ndarray:
        """The rows without copies of an earlier row with one or two columns, fewer than a third, changed.

        Such rows ask "what if", and say nothing of how new rows are distributed. Copies are recognized by
        equal values in two or more columns that hardly repeat a value in training.
        """
        rarely = [place for place, name in enumerate(self.columns) if name is not None and self._rarely_repeats(place)]
        if len(rarely) < 2 or not len(self.rows):
            return self.rows
        equal = np.zeros((len(self.rows), len(self.rows)), np.int8)
        for place in rarely[:COMPARED]:
            equal += self.rows[:, place, None] == self.rows[:, place]
        alike = np.tril(equal >= max(2, len(rarely[:COMPARED]) - 2), -1)
        later, first = np.flatnonzero(alike.any(axis=1)), alike.argmax(axis=1)
        names = np.array([str(name) for name in self.columns])
        is_copy = np.zeros(len(self.rows), bool)
        for row in later.tolist():
            changed = set(names[self.rows[row] != self.rows[first[row]]].tolist())
            is_copy[row] = 1 <= len(changed) <= 2 and 3 * len(changed) < len(set(names.tolist()))
        return self.rows[~is_copy]

    def _rarely_repeats(self, place: int) -> bool:
        return len(np.unique(self.points[:, place])) > len(self.points) / 2

    def warn(self) -> None:
        """Warn of the columns that differ, if there are any; with fewer than 50 rows none are known to."""
        rows = self._without_copies()
        pairs = {
            str(place): (self.points[:, place].astype(np.float64), rows[:, place].astype(np.float64))
            for place, column in enumerate(self.columns)
            if column is not None
        }
        shifts = sorted(column_shifts(pairs).items(), key=lambda each: -each[1].distance)
        found: dict[str, str] = {}
        for place, _ in shifts:
            column = self.columns[int(place)]
            assert column is not None
            found.setdefault(column, _change(self.inputs[int(place)], column, *pairs[place]))
        if not found:
            return
        named = listed([f'"{name}" ({change})' for name, change in found.items()], NAMED)
        is_one = len(found) == 1
        warn_user(
            f"{len(found):,} {'column differs' if is_one else 'columns differ'} between the training samples and these "
            f"rows by more than chance: {named}; measures on the test samples may not hold for these "
            f"rows, so check how {'it was' if is_one else 'they were'} recorded"
        )


def _change(name: str, column: str, training: np.ndarray, new: np.ndarray) -> str:
    """How the values of new rows compare with the training samples; equal ones count half (Mann, Whitney 1947)."""
    if np.isin(training, (0, 1)).all() and np.isin(new, (0, 1)).all():
        what = "1" if name == column else f'"{name}"'
        return f"{what} in {percent(new.mean(), 0)} of these rows, in {percent(training.mean(), 0)} in training"
    ordered = np.sort(training)
    below = np.searchsorted(ordered, new, side="left") + np.searchsorted(ordered, new, side="right")
    larger = float(below.mean()) / (2 * len(training))
    if larger >= MORE:
        return f"higher in {percent(larger, 0)} of comparisons with a training row"
    if larger <= 1 - MORE:
        return f"lower in {percent(1 - larger, 0)} of comparisons with a training row"
    return "other values are common in these rows" if (new != new[0]).any() else "the same value in all of these rows"
