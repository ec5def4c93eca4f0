"""What the rows of a table are called, where one of its columns holds their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.checks import similar_name
from cutaway.data.samples import SampleIds
from cutaway.errors import DataError

from .arrow import compute
from .cells import as_categories
from .readers import Reader, texts_of

if TYPE_CHECKING:
    import pyarrow as pa

COMPARED = 20_000
"""Names that a misspelled one is compared with at most, which takes half a second."""


@dataclass(frozen=True, eq=False)
class RowNames:
    """The names of the rows, read when the first of them is asked for.

    Attributes:
        readers: The tables by source.
        column: Name of the column of names.
        rows: Number of rows by source.
    """

    readers: Mapping[str, Reader]
    column: str
    rows: Mapping[str, int]

    def of(self, ids: SampleIds) -> list[str]:
        """What some samples are called: by their cell, followed by their place if other rows have the same name.

        A row without a name is called by its place. A name that reads like a place, such as "test[7]", is followed by
        the place as well, because "test[7]" always means the place.
        """
        cells = self._cells_of(ids)
        found: list[str] = []
        for name, place in zip(cells, ids.places(), strict=True):
            alone = name is not None and name not in self._repeated and not name.endswith("]")
            found.append(place if name is None else name if alone else f"{name} ({place})")
        return found

    def find(self, name: str, sources: tuple[str, ...]) -> SampleIds:
        """All rows of a name.

        Args:
            name: The name alone.
            sources: Of the ids, in order.
        """
        pc = compute()
        rows = [np.flatnonzero(pc.equal(self._cells[source], name).fill_null(False).to_numpy()) for source in sources]
        places = np.repeat(np.arange(len(sources), dtype=np.uint8), [len(found) for found in rows])
        return SampleIds(sources, places, np.concatenate(rows).astype(np.int64), naming=self)

    def similar(self, name: str) -> str | None:
        """The name that is most like a misspelled one, or None."""
        texts = chain.from_iterable(cells.slice(0, COMPARED).to_pylist() for cells in self._cells.values())
        return similar_name(name, (text for text in islice(texts, COMPARED) if text is not None))

    def _cells_of(self, ids: SampleIds) -> list[str | None]:
        import pyarrow as pa

        names = np.empty(len(ids), object)
        for number, source in enumerate(ids.sources):
            here = np.flatnonzero(ids.source_index == number)
            names[here] = self._cells[source].take(pa.array(ids.index[here])).to_pylist()
        return names.tolist()

    @cached_property
    def _cells(self) -> "dict[str, pa.ChunkedArray]":
        import pyarrow as pa

        cells: dict[str, Any] = {}
        for source, reader in self.readers.items():
            read = [
                as_categories(chunk[self.column], texts_of(reader).get(self.column, ()))
                for chunk in reader.chunks([self.column])
            ]
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
