"""Samples that are far from everything a model was trained on.

The rule: of up to 2,000 training samples, as the model sees them, the distance of each to its nearest other one is
taken. A new sample is far if its distance to the nearest of them is more than 1.2 times the 99.9% quantile of those.
A sample from where the training samples came from is nearer with a probability of about 99.9%, because its distance is
one more of the same kind (as in conformal prediction: Vovk, Gammerman, Shafer 2005, "Algorithmic Learning in a Random
World"); the factor is for small tables, whose quantile is that of a hundred samples.
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
from cutaway.errors import CutawayError, UsageError

SAMPLES = 2000
"""Training samples that are compared with at most."""

VALUES = 2**19
"""Values of these samples at most, 2 MB: 668 of MNIST's images, with which an image takes 2.7 times as long as with
a model of two layers of 512 units alone, 40 µs more (benchmarks/far_samples.py)."""

LEAST = 20
"""Training samples without which there is no telling what is far."""

QUANTILE, MARGIN = 0.999, 1.2

QUICK = 100 * 2**20
"""Bytes of training data up to which they are read only to find out what is far."""

LARGEST = 1e12
"""Inputs beyond this are far in any case."""

NAMED = 5
"""Samples that a warning names."""


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
        wanted: Whether they were asked for; otherwise None is returned where they are not at hand or quickly computed.

    Raises:
        DataError: They were asked for, and the training samples cannot be loaded.
        UsageError: They were asked for, and there are too few training samples.
    """
    if context in _KEPT:
        return _KEPT[context]
    try:
        train, record = context.split.train, context.manifest.dataset
        rules = [SAMPLES, VALUES, QUANTILE, MARGIN]
        kept = cached("distances", record.sha256, record.scale, rules, train.source_index, train.index, method=1)
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
            f"distances are compared with those among at least {LEAST} training samples",
            got=f"{len(ids):,}",
            hint="leave the distances out",
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
    except OSError:
        return False
    return True
