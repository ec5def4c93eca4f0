"""The identity of samples, (source, index in that source), through every selection."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from cutaway.errors import DataError, printable

WHOLE = "sample"
"""What samples are called where all of them are of one source: "train[7]" would read as one of the training samples."""


def source_names(sources: Sequence[str]) -> tuple[str, ...]:
    """What the sources of a dataset are called in the names of samples."""
    return tuple(sources) if len(sources) > 1 else (WHOLE,) * len(sources)


class Naming:
    """What samples are called by their data: by the column of names of a table, or by their files."""

    def of(self, ids: "SampleIds") -> list[str]:
        """The name of each of some samples, in order: one text that every command takes."""
        raise NotImplementedError

    def columns(self, ids: "SampleIds") -> dict[str, list[Any]]:
        """The columns that name samples in a table: "sample", and the file or row next to it."""
        return {"sample": self.of(ids)}


ROW_BITS = 40
"""Bits of a key that hold the row; the source is above them."""


@dataclass(frozen=True, eq=False)
class SampleIds:
    """The identities of some samples, in order.

    A sample is named by its source and its row there, such as ``test[7]``; where a dataset has only one source, which
    we split ourselves, it is ``sample[7]``. Rows of a table may have names of their own instead, and images in a
    folder also have their file.

    Attributes:
        sources: Names of the sources, at most 256.
        source_index: uint8 (sample,), index into `sources`.
        index: int64 (sample,), position inside that source, from 0.
        naming: How the data name them; None if they are named by their places.

    Raises:
        DataError: The arrays have another dtype, rank or length, or `source_index` is out of range.
    """

    sources: tuple[str, ...]
    source_index: np.ndarray
    index: np.ndarray
    naming: Naming | None = None

    @classmethod
    def first(cls, source: str, count: int) -> "SampleIds":
        """The first samples of a source."""
        return cls((source,), np.zeros(count, np.uint8), np.arange(count))

    def __post_init__(self) -> None:
        fits = (
            self.source_index.dtype == np.uint8
            and self.index.dtype == np.int64
            and self.source_index.ndim == 1
            and self.source_index.shape == self.index.shape
        )
        if not fits:
            raise DataError(
                "sample ids need a uint8 source_index and an int64 index of the same length",
                got=f"{self.source_index.dtype} {self.source_index.shape} and {self.index.dtype} {self.index.shape}",
                hint="take them from a Split",
            )
        if self.source_index.size and self.source_index.max() >= len(self.sources):
            raise DataError(
                f"a sample has the source_index {self.source_index.max()}, and there are {len(self.sources)} sources",
                hint="take ids from a Split",
            )

    def __repr__(self) -> str:
        if len(self) < 3:
            return printable(f"<SampleIds: {', '.join(self.names()) or 'none'}>")
        return printable(f"<SampleIds: {len(self):,}, {self[0]} to {self[len(self) - 1]}>")

    def __len__(self) -> int:
        return len(self.source_index)

    @overload
    def __getitem__(self, position: int) -> str: ...

    @overload
    def __getitem__(self, position: slice) -> "SampleIds": ...

    def __getitem__(self, position: int | slice) -> "str | SampleIds":
        """The name of the sample at a position; of a slice the ids themselves, as `take` gives them."""
        if isinstance(position, slice):
            return self.take(position)
        place = f"{source_names(self.sources)[self.source_index[position]]}[{self.index[position]}]"
        return place if self.naming is None else self.naming.of(self.take([position]))[0]

    def take(self, selection: Any) -> "SampleIds":
        """The ids at some positions, selected as in NumPy by an integer array, a slice or a boolean mask."""
        return SampleIds(self.sources, self.source_index[selection], self.index[selection], self.naming)

    def keys(self, sources: Sequence[str] | None = None) -> np.ndarray:
        """A number for each sample, to compare and sort samples.

        Args:
            sources: Names of sources in the order in which they count, where samples of several datasets are compared;
                those of these ids if None. A source that is not among them counts after them.

        Returns:
            int64 (sample,), equal for two samples if they are the same one; ascending by source and then by row.
        """
        known = {name: place for place, name in enumerate(self.sources if sources is None else sources)}
        places = [known.get(name, len(known) + place) for place, name in enumerate(self.sources)]
        return np.array([*places, 0], np.int64)[self.source_index] << ROW_BITS | self.index

    def positions_in(self, others: "SampleIds") -> np.ndarray:
        """Where each of these samples is among others: int64 (sample,), -1 if absent."""
        wanted, held = self.keys(), others.keys(self.sources)
        if not len(held):
            return np.full(len(wanted), -1)
        order = np.argsort(held, kind="stable")
        found = order[np.searchsorted(held, wanted, sorter=order).clip(max=len(held) - 1)]
        return np.where(held[found] == wanted, found, -1)

    def isin(self, others: "SampleIds") -> np.ndarray:
        """Whether each of these samples is among others: bool (sample,)."""
        return np.isin(self.keys(), others.keys(self.sources))

    def ordered(self) -> "SampleIds":
        """The same samples by source and then by row."""
        return self.take(np.argsort(self.keys(), kind="stable"))

    def names(self) -> list[str]:
        """The name of each sample, in order: its own name if it has one, otherwise its place."""
        return self.places() if self.naming is None else self.naming.of(self)

    def columns(self) -> dict[str, list[Any]]:
        """The columns that name these samples in a table.

        Returns:
            "sample", the name of a row or the place; then "file", where each is a file in a folder, or "row", its
            number in the file of a table, from 1 without the line of names.
        """
        return {"sample": self.places()} if self.naming is None else self.naming.columns(self)

    def records(self) -> list[dict[str, Any]]:
        """The entries of `columns` for each sample, in order."""
        columns = self.columns()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def places(self) -> list[str]:
        """Source and row of each sample, such as ``test[7]``, in order."""
        named = source_names(self.sources)
        return [f"{named[source]}[{index}]" for source, index in zip(self.source_index, self.index, strict=True)]
