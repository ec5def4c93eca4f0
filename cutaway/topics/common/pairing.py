"""On which samples two runs can be compared: those that both hold out, found by identity or by content."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from cutaway.checks import check_choice
from cutaway.context import RunContext, same_data
from cutaway.data import Dataset, SampleIds, Table, origin_options
from cutaway.errors import CutawayError, Hint, UsageError
from cutaway.log import survive
from cutaway.options import HELD_OUT
from cutaway.row_keys import first_equal, row_keys
from cutaway.words import listed

PIECE = 4096
"""Samples whose content is read at a time."""

Keys = Callable[[SampleIds], np.ndarray]
"""The keys of the content of some samples, see `cutaway.row_keys`."""

SAME_DATA = "compare runs on the same data with the same seed"


@dataclass(frozen=True, eq=False)
class PairedSamples:
    """The samples that two runs are compared on.

    Attributes:
        contexts: Both runs, with their data.
        ids: The samples as each run knows them, in the same order.
        class_names: Names of the classes: of the first run, then further ones of the second.
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


def pair_samples(first: RunContext, second: RunContext, *, split: str = "test", shared: bool) -> PairedSamples:
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
        UsageError: The runs do not have the same samples in the split, or none if that is enough.
        DataError: The data cannot be loaded again, or have changed since.
    """
    check_choice(split, name="split", choices=HELD_OUT)
    contexts = _with_data(first, second)
    parts = contexts[0].part(split), contexts[1].part(split)
    same = _digest_of_part(contexts[0], split) == _digest_of_part(contexts[1], split)
    if not same and not shared:
        raise _refusal(*contexts, split=split)
    names = tuple(dict.fromkeys((*first.class_names, *second.class_names)))
    place = {name: number for number, name in enumerate(names)}
    codes = _codes(first, place), _codes(second, place)
    by = "identity" if same or _same_place(*contexts) else "content"
    found = _by_identity(contexts, split) if by == "identity" else _by_content(contexts, split)
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
    if not shared and len(paired.labels) < max(map(len, parts)):  # somebody changed run.json
        raise _refusal(*contexts, split=split)
    if not len(paired.labels):
        raise UsageError(
            f"the two runs share no {split} sample",
            got=f"{paired.trained_on:,} that one of them was trained on, {paired.labeled_differently:,} that are "
            f"labeled differently, and {paired.unshared:,} that are in one of them only",
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
    """Both runs with their data, which are loaded once if they are the same; one run may lend them to the other.

    Raises:
        DataError: The data cannot be loaded again, or have changed since.
    """
    if first.manifest.dataset.sha256 != second.manifest.dataset.sha256:
        return first, second
    lender = second
    with survive(__name__, f"loading the data of {first.path.name}", CutawayError):
        first.data  # noqa: B018 (loads them)
        lender = first
    data, loaded = lender.data, lender.loaded
    one, other = (
        e
        if "data" in vars(e)
        else RunContext(e.folder, data=same_data(data, e.manifest.dataset), loaded=loaded)  # equal bytes, other classes
        for e in (first, second)
    )
    return one, other


def _digest_of_part(context: RunContext, split: str) -> str:
    """The digest of the samples and labels of a split; run.json has the digest of the test samples."""
    known = context.manifest.judged_on if split == "test" else None
    return known or context.data.digest_of(context.part(split))


def _same_place(first: RunContext, second: RunContext) -> bool:
    """Whether the data of two runs have the same samples in the same rows, although they may be prepared differently.

    The loaded data are compared, not their paths: the file at a path may have changed between two trainings, and then
    one of the runs can only be opened with its data from elsewhere.

    Raises:
        DataError: The data of one cannot be loaded again.
    """
    if first.manifest.dataset.sha256 == second.manifest.dataset.sha256:
        return True
    places = [_place(each) for each in (first, second)]
    return places[0] == places[1] is not None


def _place(context: RunContext) -> tuple[Any, ...] | None:
    """Where the data of a run were loaded from; None if they came from memory."""
    context.data  # noqa: B018 (refuses data that have changed since)
    origin = context.loaded.origin
    if origin.get("kind") == "arrays":
        return None
    return origin.get("name"), origin.get("path"), origin_options(origin).get("test")


def _refusal(first: RunContext, second: RunContext, *, split: str) -> UsageError:
    """Why two runs are not compared, with the option that compares them only if there is something to compare."""
    sizes = [f"{len(each.part(split)):,} of {each.manifest.dataset.name}" for each in (first, second)]
    hint = f"they share no {split} sample, so {SAME_DATA}"
    with survive(__name__, "looking for samples that both runs hold out", CutawayError):  # or their data have changed
        count = len(pair_samples(first, second, split=split, shared=True).labels)
        hint = Hint("pass {}", shared=True) + f" to compare them on the {count:,} samples that they share"
    return UsageError(f"the {split} samples of the two runs, or their labels, differ", got=listed(sizes), hint=hint)


def _by_identity(contexts: tuple[RunContext, RunContext], split: str) -> _Found:
    sources = contexts[0].split.part(split).sources
    first, second = (each.split.part(split).keys(sources) for each in contexts)
    trained = [each.split.train.keys(sources) for each in contexts]
    _, of_first, of_second = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    order = np.argsort(of_first)
    on = int(np.isin(first, trained[1]).sum() + np.isin(second, trained[0]).sum())
    return _Found((of_first[order], of_second[order]), on)


def _by_content(contexts: tuple[RunContext, RunContext], split: str) -> _Found:
    keys = _keys(contexts)
    held = [of(each.split.part(split)) for of, each in zip(keys, contexts, strict=True)]
    trained = [of(each.split.train) for of, each in zip(keys, contexts, strict=True)]
    content = first_equal(np.concatenate([*held, *trained]))  # a number for each, the same for equal ones
    first, second, trained_on = np.split(content, np.cumsum([len(each) for each in held]))
    known = np.isin(first, trained_on), np.isin(second, trained_on)
    of_first, of_second = np.flatnonzero(~known[0]), np.flatnonzero(~known[1])
    # of equal samples the first of both are a pair, the second of both, and so on
    _, one, other = np.intersect1d(
        _counted(first[of_first]), _counted(second[of_second]), assume_unique=True, return_indices=True
    )
    order = np.argsort(one)
    on = int(known[0].sum() + (known[1] & ~np.isin(second, first)).sum())
    return _Found((of_first[one[order]], of_second[other[order]]), on)


def _counted(content: np.ndarray) -> np.ndarray:
    """Numbers of contents, each with how many equal ones come before it, packed into int64."""
    order = np.argsort(content, kind="stable")
    ranked = content[order]
    before = np.empty_like(content)
    before[order] = np.arange(len(content)) - np.searchsorted(ranked, ranked)
    return content * 2**32 + before


def _keys(contexts: tuple[RunContext, RunContext]) -> tuple[Keys, Keys]:
    """For each run, a function that gives the keys of the content of some samples.

    Raises:
        UsageError: The samples of the runs are of different kinds.
    """
    first, second = (each.loaded for each in contexts)
    if isinstance(first, Table) and isinstance(second, Table):
        unused = {column.name for table in (first, second) for column in table.columns if column.use == "label"}
        of_second = {column.name for column in second.columns}
        columns = [column.name for column in first.columns if column.name in of_second - unused]
        numbers: dict[Any, int] = {}
        return partial(_of_cells, first, columns, numbers), partial(_of_cells, second, columns, numbers)
    one, other = (each.data for each in contexts)
    if isinstance(first, Table) or isinstance(second, Table) or one.features != other.features:
        kinds = ["rows of a table" if isinstance(e.loaded, Table) else f"arrays of {e.data.shape}" for e in contexts]
        raise UsageError(
            "the samples of the two runs are of different kinds",
            got=listed(kinds),
            hint="compare runs on the same data",
        )
    # images of bytes and the same images as shares of 1 are equal once they are divided by their scales
    raw = one.sources["train"].x.dtype == other.sources["train"].x.dtype
    return partial(_of_values, one, raw), partial(_of_values, other, raw)


def _of_cells(table: Table, columns: Sequence[str], numbers: dict[Any, int], ids: SampleIds) -> np.ndarray:
    rows: list[dict[str, Any]] = table.rows_of(ids)
    cells = [[numbers.setdefault(row[name], len(numbers)) for name in columns] for row in rows]
    return row_keys(np.array(cells, np.int64).reshape(len(rows), len(columns)))


def _of_values(data: Dataset, raw: bool, ids: SampleIds) -> np.ndarray:
    if raw:
        return row_keys(data.rows(ids))
    parts = [ids.take(slice(start, start + PIECE)) for start in range(0, len(ids), PIECE)]
    return np.concatenate([np.empty((0, 2), np.uint64), *(row_keys(data.inputs(part)) for part in parts)])
