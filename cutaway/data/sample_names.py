"""The sample that is meant by a name: its place, such as "test[7]", or what its row of a table is called."""

import re
from collections.abc import Mapping

import numpy as np

from cutaway.errors import UnknownNameError

from .dataset import Dataset
from .samples import SampleIds, source_names
from .split import PARTS, Split
from .tables import Table

PLACE = re.compile(r"(.+)\[(\d{1,18})\]", re.ASCII)
NAME_AND_PLACE = re.compile(r".+ \(([^()]+\])\)", re.DOTALL)
"""What rows that share a name are called: "customer-17 (train[3])"."""

LISTED = 3
"""Rows of an ambiguous name that an error lists."""


def find_sample(
    name: str, sizes: Mapping[str, int], *, split: Split | None = None, loaded: Dataset | Table
) -> SampleIds:
    """The identity of one sample by its name.

    Args:
        name: Source and row there, such as "test[7]" or, with data of one source, "sample[7]"; for a split that is no
            source of its own, the split and the place in it, such as "val[7]"; or the name of a row of a table, if it
            has a column of names.
        sizes: Number of samples of each source.
        split: Its split; without one, no name is a place in it.
        loaded: The dataset; or the table that it was made from.

    Raises:
        UnknownNameError: There is no such sample, or there are several.
    """
    sources = tuple(sizes)
    sizes = dict(zip(source_names(sources), sizes.values(), strict=True))
    parts = {} if split is None else {part: len(split.part(part)) for part in PARTS if part not in sizes}
    with_place = NAME_AND_PLACE.fullmatch(name)
    if (found := _at_place(name, sources, sizes, split)) is not None:
        return found
    if with_place and (found := _at_place(with_place[1], sources, sizes, split)) is not None:
        return found
    in_split = f", or by their place in a split: {_ranges(parts)}" if parts else ""
    rule = f"samples are named {_ranges(sizes)}{in_split}"
    names = loaded.row_names if isinstance(loaded, Table) else None
    if names is None:
        raise UnknownNameError(rule, got=f'"{name}"', hint="choose one of these")
    rows = names.find(name, sources)
    if len(rows) > 1:
        places = ", ".join(rows.take(slice(LISTED)).places())
        more = f" and {len(rows) - LISTED:,} more" if len(rows) > LISTED else ""
        raise UnknownNameError(
            f'a name of "{names.column}" means one row',
            got=f'"{name}", which {len(rows):,} rows have: {places}{more}',
            hint=f'take the place instead, such as "{rows.places()[0]}"',
        )
    if not len(rows):
        similar = names.similar(name)
        rule = f'samples are named by "{names.column}", or {rule.removeprefix("samples are named ")}'
        hint = f'did you mean "{similar}"?' if similar else "check the spelling"
        raise UnknownNameError(rule, got=f'"{name}"', hint=hint)
    return rows


def _at_place(name: str, sources: tuple[str, ...], sizes: Mapping[str, int], split: Split | None) -> SampleIds | None:
    """The sample at a place, or None where the name is no place or there is no such row."""
    place = PLACE.fullmatch(name)
    if place is None:
        return None
    named, number = place[1], int(place[2])
    if named in sizes:
        if number >= sizes[named]:
            return None
        return SampleIds(sources, np.array([list(sizes).index(named)], np.uint8), np.array([number], np.int64))
    part = split.part(named) if split is not None and named in PARTS else None
    return part.take([number]) if part is not None and number < len(part) else None


def _ranges(sizes: Mapping[str, int]) -> str:
    """The names of samples in a few words: "train[0] to train[59999] and test[0] to test[9999]"."""
    return " and ".join(f"{name}[0] to {name}[{size - 1}]" for name, size in sizes.items() if size)
