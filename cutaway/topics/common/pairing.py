"""On which samples two runs can be compared: those that both hold out, found by identity or by content."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from cutaway.context import RunContext, same_data
from cutaway.data import Dataset, SampleIds, Table, origin_options
from cutaway.errors import CutawayError, UnknownNameError, UsageError

HELD_OUT = ("test", "val")
"""Splits that no model was trained on."""

PIECE = 4096
"""Samples whose content is read at a time."""

Digests = Callable[[SampleIds], list[bytes]]


SAME_DATA = "compare runs on the same data with the same seed"


@dataclass(frozen=True, eq=False)
class PairedSamples:
    """The samples that two runs are compared on.

    Attributes:
        contexts: Both runs, with their data.
        ids: The samples as each run knows them, in the same order.
        class_names: Names of the classes: those of the first run, then further ones of the second.
        codes: For each run, its class numbers as indices into `class_names`.
        labels: int64 ``(sample,)``, their classes, indices into `class_names`.
        by: How they were found: "identity" (source and row) or "content".
        trained_on: Number of samples that were left out because one of the runs was trained on them.
        labeled_differently: Number of those that were left out because the data of the runs label them differently.
        unshared: Number of those that are in the split of one run only, for other reasons.
    """

    contexts: tuple[RunContext, RunContext]
    ids: tuple[SampleIds, SampleIds]
    class_names: tuple[str, ...]
    codes: tuple[np.ndarray, np.ndarray]
    labels: np.ndarray
    by: str
    trained_on: int = 0
    labeled_differently: int = 0
    unshared: int = 0


def pair_samples(first: RunContext, second: RunContext, *, split: str = "test", shared: bool = False) -> PairedSamples:
    """Find the samples that two runs are compared on.

    Args:
        first: A run.
        second: Another one, or the same.
        split: "test" or "val".
        shared: Whether runs whose samples differ are compared on those that both have in this split; samples that one
            of them was trained on are left out. They are found by source and row where the data of both are from the
            same place, and otherwise by their content.

    Raises:
        UnknownNameError: There is no such split, or models are trained on it.
        UsageError: The runs do not have the same samples in the split, or none where that is enough.
        DataError: The data cannot be loaded again, or have changed since.
    """
    if split not in HELD_OUT:
        raise UnknownNameError(
            "runs are compared on samples that they were not trained on", got=f'"{split}"', hint='pass split="test"'
        )
    contexts = _with_data(first, second)
    names = tuple(dict.fromkeys((*first.class_names, *second.class_names)))
    place = {name: number for number, name in enumerate(names)}
    codes = _codes(first, place), _codes(second, place)
    by = "identity" if _same_place(*contexts, shared=shared) else "content"
    if not shared and (rule_and_got := _difference(first, second, by=by, split=split)) is not None:
        raise _refusal(*rule_and_got, first, second, split=split)
    found = _by_identity(contexts, split) if by == "identity" else _by_content(contexts, split)
    parts = contexts[0].part(split), contexts[1].part(split)
    ids = parts[0].take(found.rows[0]), parts[1].take(found.rows[1])
    labels = codes[0][contexts[0].data.y(ids[0])], codes[1][contexts[1].data.y(ids[1])]
    equal = labels[0] == labels[1]
    paired = PairedSamples(
        contexts=contexts,
        ids=(contexts[0].named(ids[0].take(equal)), contexts[1].named(ids[1].take(equal))),
        class_names=names,
        codes=codes,
        labels=labels[0][equal],
        by=by,
        trained_on=found.trained_on,
        labeled_differently=int((~equal).sum()),
        unshared=len(parts[0]) + len(parts[1]) - 2 * len(ids[0]) - found.trained_on,
    )
    both = len(paired.labels) + paired.labeled_differently
    if paired.labeled_differently and not shared:
        got = f"other labels for {paired.labeled_differently:,} of {both:,} samples"
        raise _refusal("runs are compared on data with the same labels", got, first, second, split=split)
    if not len(paired.labels):
        raise UsageError(
            f"runs are compared on {split} samples that both have",
            got=f"none: one of them was trained on {paired.trained_on:,} samples of the other, "
            f"{paired.labeled_differently:,} are labeled differently, and {paired.unshared:,} are in one of them only",
            hint=SAME_DATA,
        )
    return paired


@dataclass(frozen=True, eq=False)
class _Found:
    """Rows of the split in each run that are the same samples, and how many others one of the runs was trained on."""

    rows: tuple[np.ndarray, np.ndarray]
    trained_on: int


def _codes(context: RunContext, place: dict[str, int]) -> np.ndarray:
    return np.array([place[name] for name in context.class_names], np.int64)


def _with_data(first: RunContext, second: RunContext) -> tuple[RunContext, RunContext]:
    """Both runs with their data, which are loaded once where they are the same; one run may lend them to the other.

    Raises:
        DataError: The data cannot be loaded again, or have changed since.
    """
    if first.manifest.dataset.sha256 != second.manifest.dataset.sha256:
        return first, second
    try:
        data, loaded = first.data, first.loaded
    except CutawayError:
        data, loaded = second.data, second.loaded
    one, other = (
        e
        if "data" in vars(e)
        else RunContext(e.folder, data=same_data(data, e.manifest.dataset), loaded=loaded)  # equal bytes, other classes
        for e in (first, second)
    )
    return one, other


def _same_place(first: RunContext, second: RunContext, *, shared: bool) -> bool:
    """Whether the data of two runs have the same samples in the same rows, although they may be prepared differently.

    It is asked of the data as they are loaded: what was at one path may have changed between two trainings, and then
    one of the runs can be opened with its data from elsewhere only.

    Raises:
        DataError: The data of one cannot be loaded again, and the runs are to be compared on what they share.
    """
    if first.manifest.dataset.sha256 == second.manifest.dataset.sha256:
        return True
    try:
        places = [_place(each) for each in (first, second)]
    except CutawayError:
        if shared:
            raise
        return False
    return places[0] == places[1] is not None


def _place(context: RunContext) -> tuple[Any, ...] | None:
    """Where the data of a run were loaded from; None if they came from memory."""
    context.data  # noqa: B018 (refuses data that have changed since)
    origin = context.loaded.origin
    if origin.get("kind") == "arrays":
        return None
    return origin.get("name"), origin.get("path"), origin_options(origin).get("test")


def _difference(first: RunContext, second: RunContext, *, by: str, split: str) -> tuple[str, str] | None:
    """What keeps runs on other data or with another split from being compared: the rule, and what came; or None."""
    one, other = first.manifest.dataset, second.manifest.dataset
    if by == "content":
        got = f"data with SHA-256 {one.sha256[:12]} ({one.name}) and {other.sha256[:12]} ({other.name})"
        return "runs are compared on the same data", got
    if one.class_names != other.class_names:
        got = f"{_some(one.class_names)} and {_some(other.class_names)}"
        return "runs are compared on the same classes", got
    sources = first.split.part(split).sources
    keys = [each.part(split).keys(sources) for each in (first, second)]
    if np.array_equal(np.sort(keys[0]), np.sort(keys[1])):
        return None
    both = len(np.intersect1d(keys[0], keys[1]))
    got = f"{len(keys[0]):,} and {len(keys[1]):,}, of which they share {both:,}"
    return f"runs are compared on the same {split} samples", got


def _refusal(rule: str, got: str, first: RunContext, second: RunContext, *, split: str) -> UsageError:
    """Why two runs are not compared, with the option that compares them only where there is something to compare."""
    try:
        count = len(pair_samples(first, second, split=split, shared=True).labels)
    except CutawayError:
        return UsageError(rule, got=got, hint=f"they share no {split} sample, so {SAME_DATA}")
    return UsageError(rule, got=got, hint=f"pass shared=True to compare them on the {count:,} samples that they share")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _by_identity(contexts: tuple[RunContext, RunContext], split: str) -> _Found:
    sources = contexts[0].split.part(split).sources
    first, second = (each.split.part(split).keys(sources) for each in contexts)
    trained = [each.split.train.keys(sources) for each in contexts]
    _, of_first, of_second = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    order = np.argsort(of_first)
    on = int(np.isin(first, trained[1]).sum() + np.isin(second, trained[0]).sum())
    return _Found((of_first[order], of_second[order]), on)


def _by_content(contexts: tuple[RunContext, RunContext], split: str) -> _Found:
    digests = _digests(contexts)
    first, second = (digest(each.split.part(split)) for digest, each in zip(digests, contexts, strict=True))
    trained = {content for digest, each in zip(digests, contexts, strict=True) for content in digest(each.split.train)}
    waiting: dict[bytes, list[int]] = defaultdict(list)
    for row, content in reversed(list(enumerate(second))):
        waiting[content].append(row)
    pairs = [
        (row, waiting[content].pop())
        for row, content in enumerate(first)
        if content not in trained and waiting.get(content)
    ]
    rows = np.array(pairs, np.int64).reshape(-1, 2)
    on = [content for content in first if content in trained]
    also = set(on)
    on += [content for content in second if content in trained and content not in also]
    return _Found((rows[:, 0], rows[:, 1]), len(on))


def _digests(contexts: tuple[RunContext, RunContext]) -> tuple[Digests, Digests]:
    """For each run, a function that gives the digest of the content of each of some samples.

    Raises:
        UsageError: The samples of the runs are of different kinds.
    """
    first, second = (each.loaded for each in contexts)
    if isinstance(first, Table) and isinstance(second, Table):
        unused = {column.name for table in (first, second) for column in table.columns if column.use == "label"}
        of_second = {column.name for column in second.columns}
        columns = [column.name for column in first.columns if column.name in of_second - unused]
        return partial(_cell_digests, first, columns), partial(_cell_digests, second, columns)
    one, other = (each.data for each in contexts)
    if isinstance(first, Table) or isinstance(second, Table) or one.features != other.features:
        kinds = ("rows of a table" if isinstance(e.loaded, Table) else f"arrays of {e.data.shape}" for e in contexts)
        raise UsageError(
            "samples that two runs share are of one kind", got=" and ".join(kinds), hint="compare runs on the same data"
        )
    # images of bytes and the same images as shares of 1 are equal once they are divided by their scales
    raw = one.sources["train"].x.dtype == other.sources["train"].x.dtype
    return partial(_value_digests, one, raw), partial(_value_digests, other, raw)


def _cell_digests(table: Table, columns: Sequence[str], ids: SampleIds) -> list[bytes]:
    rows: list[dict[str, Any]] = table.rows_of(ids)
    return [_digest(repr([row[name] for name in columns]).encode(errors="replace")) for row in rows]


def _value_digests(data: Dataset, raw: bool, ids: SampleIds) -> list[bytes]:
    found: list[bytes] = []
    for start in range(0, len(ids), PIECE):
        some = ids.take(slice(start, start + PIECE))
        values: np.ndarray[Any, Any] = data.x(some) if raw else data.inputs(some)
        found += [_digest(row.tobytes()) for row in values.reshape(len(some), -1)]
    return found


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
