"""How samples are divided into train, val and test: by class, by group or by time."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cutaway.checks import check_seed
from cutaway.errors import ConfigError, DataError, Hint
from cutaway.words import shown

from .samples import SampleIds
from .sampling import stratified_split
from .split import Split, join_ids

MEASURED = 20
"""Different whole numbers up to which labels are taken for classes, whatever their samples: grades, years, digits."""


@dataclass(frozen=True, eq=False)
class Dividing:
    """How the samples of "train" are divided, as the options of a table say.

    Attributes:
        test: Share that becomes test if there is no test source.
        groups: int64 (sample,), samples of one group are never in two parts; None without groups.
        times: float64 (sample,), the latest samples are held out; None without times.
    """

    test: float = 0.2
    groups: np.ndarray | None = None
    times: np.ndarray | None = None


class Labeled(Protocol):
    """Samples with classes, as `Dataset` and `Table` are."""

    @property
    def name(self) -> str:
        """What the data are called."""
        ...

    @property
    def labels(self) -> Mapping[str, np.ndarray]:
        """By source, "train", then "test" if there is one: int64 (sample,), or numbers, float64 (sample, target)."""
        ...

    @property
    def strata(self) -> Mapping[str, np.ndarray]:
        """Groups of samples with alike answers by source, see `Task.strata`."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class number; empty if the answers are numbers."""
        ...

    @property
    def dividing(self) -> Dividing:
        """The default division of the samples."""
        ...


def split_dataset(
    data: Labeled,
    *,
    validation: float = 0.25,
    test: float | None = None,
    seed: int = 0,
) -> Split:
    """Split a dataset into train, val and test: stratified by class, or by the groups or the times of its samples.

    Numbers to predict are stratified by their size, see `Task.strata`.

    The sources "val" and "test" become these splits; without them, shares of "train" are held out, the test samples
    first. Inside each part the samples are in the order of their file. With groups, the shares are reached as well as
    whole groups allow, with the classes as alike as they allow.

    Args:
        data: The dataset.
        validation: Share of the remaining training samples that becomes val, between 0 and 1.
        test: Share of "train" that becomes test if the dataset has no test source, from 0 for none, below 1; if None,
            that of the data.
        seed: From 0 to 2**32 - 1; the same seed gives the same split.

    Raises:
        ConfigError: A share is outside its range.
        UsageError: The seed is.
        DataError: A class has too few samples, or there are too few groups or times.
    """
    dividing = data.dividing
    test, groups, times = dividing.test if test is None else test, dividing.groups, dividing.times
    for name, share, least in (("validation", validation, "above"), ("test", test, "from")):
        if not isinstance(share, float) or not 0 <= share < 1 or (least == "above" and share == 0):
            raise ConfigError(
                f"{name} must be a share {least} 0 and below 1, not {shown(share)}",
                hint=Hint("pass {}", **{name: 0.25}),
            )
    seed = check_seed(seed)
    labels = data.labels["train"]
    index = np.arange(len(labels))
    if "test" in data.labels:
        held = np.arange(len(data.labels["test"]))
    elif test == 0:
        held = index[:0]
    else:
        index, held = _hold_out(data, index, share=test, seed=seed, groups=groups, times=times)
    if "val" in data.labels:
        train, val = index, np.arange(len(data.labels["val"]))
    else:
        train, val = _hold_out(data, index, share=validation, seed=seed, groups=groups, times=times)
    return Split(
        train=_ids(data, "train", index=train),
        val=_ids(data, "val" if "val" in data.labels else "train", index=val),
        test=_ids(data, "test" if "test" in data.labels else "train", index=held),
        validation=float(validation),
        seed=seed,
        stratified=groups is None and times is None and "val" not in data.labels,
    )


def all_ids(data: Labeled) -> SampleIds:
    """The ids of all samples, in order of source and row."""
    parts = [_ids(data, source, index=np.arange(len(labels))) for source, labels in data.labels.items()]
    return join_ids(parts)


def _hold_out(
    data: Labeled,
    index: np.ndarray,
    *,
    share: float,
    seed: int,
    groups: np.ndarray | None,
    times: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    if groups is not None:
        return _hold_out_groups(data, index, groups[index], share=share, seed=seed)
    if times is not None:
        return _hold_out_latest(data, index, times[index], share=share)
    labels = data.strata["train"]
    counts = np.bincount(labels[index], minlength=len(data.class_names))
    present = np.unique(labels)
    short = present[counts[present] < 2]
    held = math.ceil(share * len(index))
    least = min(held, len(index) - held)
    if not data.class_names and (short.size or least < len(present)):  # too few numbers for their strata
        labels, short, present = np.zeros_like(labels), short[:0], present[:1]
    if short.size or least < len(present):
        _refuse_measurements(data, present)
    if short.size:
        name, total = data.class_names[short[0]], np.count_nonzero(labels == short[0])
        raise DataError(
            f'class "{name}" has too few samples for train, val and test: {total}',
            hint="add samples of this class or drop it",
        )
    if least < len(present):
        raise DataError(
            f"a share of {share:g}, {held} of {len(index)} samples, leaves one side of the split without some of the "
            f"{len(present)} classes",
            hint="change the share or add samples",
        )
    kept, held_out = stratified_split(labels[index], held_out=held, seed=seed)
    return index[kept], index[held_out]


def _refuse_measurements(data: Labeled, present: np.ndarray) -> None:
    """Add that labels which cannot be split look like measurements, if they do."""
    names = [data.class_names[k] for k in present]
    if len(names) <= MEASURED or not all(re.fullmatch(r"-?\d+", name) for name in names):
        return
    numbers = sorted(map(int, names))
    raise DataError(
        f"{data.name} has {len(numbers):,} classes, whole numbers from {numbers[0]:,} to {numbers[-1]:,}, some in too "
        "few samples",
        hint="if they measure something, name them as a target in place of a label; if each is a class, drop those "
        "with too few samples",
    )


def _hold_out_groups(
    data: Labeled, index: np.ndarray, groups: np.ndarray, *, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import StratifiedGroupKFold

    folds = max(2, round(1 / share))
    count = len(np.unique(groups))
    if count < folds:
        raise DataError(
            f"there are {count} groups, and holding out a share of {share:g} in whole groups takes {folds}",
            hint="choose a larger share, or another column of groups",
        )
    labels = data.strata["train"][index]
    if (largest := int(np.bincount(labels).max())) < folds:
        _refuse_measurements(data, np.unique(labels))
        raise DataError(
            f"the largest class has {largest} samples, and a share of {share:g} in whole groups takes {folds}",
            hint="add samples, or choose a larger share",
        )
    folded = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(labels, labels, groups)
    kept, held = next(iter(folded))
    _check_classes(data, index[kept], index[held], where="in one group only, which is held out")
    return index[kept], index[held]


def _hold_out_latest(
    data: Labeled, index: np.ndarray, times: np.ndarray, *, share: float
) -> tuple[np.ndarray, np.ndarray]:
    held = math.ceil(share * len(index))
    order = np.argsort(times, kind="stable")
    # samples of the same moment stay together: none is trained on that is as late as one held out
    first = int(np.searchsorted(times[order], times[order[-held]], side="left"))
    if not first:
        raise DataError(
            f"cannot split by time: the latest {held:,} of {len(index):,} samples and all others have the same time",
            hint="name another column of times",
        )
    kept, later = np.sort(index[order[:first]]), np.sort(index[order[first:]])
    _check_classes(data, kept, later, where="among the latest samples only, which are held out")
    return kept, later


def _check_classes(data: Labeled, kept: np.ndarray, held: np.ndarray, *, where: str) -> None:
    labels = data.strata["train"]
    lacking = np.setdiff1d(labels[held], labels[kept])
    if lacking.size and data.class_names:
        _refuse_measurements(data, np.unique(labels))
        raise DataError(
            f'the training samples lack the class "{data.class_names[lacking[0]]}", which is {where}',
            hint="hold out a smaller share, or add samples of this class",
        )


def _ids(data: Labeled, source: str, *, index: np.ndarray) -> SampleIds:
    sources = tuple(data.labels)
    source_index = np.full(len(index), sources.index(source), np.uint8)
    return SampleIds(sources, source_index, index.astype(np.int64, copy=False))
