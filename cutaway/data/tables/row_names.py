"""What the rows of a table are called, where one of its columns holds their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cutaway.data.sample_names import TextNames
from cutaway.data.samples import SampleIds
from cutaway.errors import DataError

from .cells import as_categories
from .readers import Reader, compute

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class RowNames(TextNames):
    """The names of the rows, read when the first of them is asked for.

    Attributes:
        readers: The tables by source.
        column: Name of the column of names.
        rows: Number of rows by source.
    """

    readers: Mapping[str, Reader]
    column: str
    rows: Mapping[str, int]

    @property
    def by(self) -> str:
        """What holds the names."""
        return f'"{self.column}"'

    @property
    def unique(self) -> str:
        """The rule that a name which several rows have breaks."""
        return f'a name of "{self.column}" means one row'

    def of(self, ids: SampleIds) -> list[str]:
        """What some samples are called: by their cell, followed by their place if other rows have the same name.

        A row without a name is called by its place. A name that reads like a place, such as "test[7]", is followed by
        the place as well, because "test[7]" always means the place.
        """
        found: list[str] = []
        for name, place in zip(self.texts(ids), ids.places(), strict=True):
            alone = name is not None and name not in self._repeated and not name.endswith("]")
            found.append(place if name is None else name if alone else f"{name} ({place})")
        return found

    @cached_property
    def _cells(self) -> "dict[str, pa.ChunkedArray]":  # pyright: ignore[reportIncompatibleVariableOverride]
        """The column of names by source."""
        import pyarrow as pa

        cells: dict[str, Any] = {}
        for source, reader in self.readers.items():
            read = [as_categories(chunk[self.column]) for chunk in reader.chunks([self.column])]
            cells[source] = pa.chunked_array([chunk for column in read for chunk in column.chunks], pa.string())
            if len(cells[source]) != self.rows[source]:
                raise DataError(
                    "a table does not change while it is in use",
                    got=f"{len(cells[source]):,} rows for {self.rows[source]:,} in {reader.where or 'the table'}",
                    hint="load it again",
                )
        return cells

    @cached_property
    def _repeated(self) -> frozenset[str]:
        import pyarrow as pa

        pc = compute()
        everything = pa.chunked_array([c for cells in self._cells.values() for c in cells.chunks], pa.string())
        counts: Any = everything.value_counts()
        return frozenset(counts.field(0).filter(pc.greater(counts.field(1), 1)).to_pylist())
