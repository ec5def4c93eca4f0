"""Samples in the order of a measure, with the facts about each: one form for every list of samples."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cutaway.data import SampleIds
from cutaway.results.result import Result
from cutaway.results.table import Table, columns_of, value
from cutaway.results.units import TEXT, Unit

NAME_OF_SAMPLE = Unit("name of a sample", str, right=False, most=20)


@dataclass(frozen=True)
class SampleRow:
    """Which sample a row is: the columns that tables have if their data know them."""

    sample: str = value("Sample", NAME_OF_SAMPLE, "Name of the sample.")
    file: str = value("File", TEXT, "The file that it comes from, of images in a folder.")
    row: str = value("Row", TEXT, "Its row in the file of a table, from 1, without the line of names.")


def of_samples(ids: SampleIds, table: Table) -> Table:
    """A table of samples: their names first, and last if they are found."""
    known = ids.columns()
    first, *others = (each for each in columns_of(SampleRow) if each.names[0] in known)
    return replace(table, columns=(first, *table.columns, *others), values={**known, **table.values})


class SampleList(Result):
    """Samples in an order. A topic declares `line` and `rows`; the rest follows.

    Attributes:
        ids: Identity of each sample.
        class_names: Names of the classes, in the order of their numbers.
    """

    __slots__ = ()

    ids: SampleIds
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self) -> Any:
        """What is known of the samples: a record whose fields are declared by `value` and hold whole columns."""
        raise NotImplementedError

    def table(self) -> Table:
        """One row for each sample.

        Images from a folder have a file, rows of a table a row number (from 1, without the line of names).
        """
        rows = self.rows()
        return of_samples(self.ids, Table.of(type(rows), rows))

    def columns(self) -> dict[str, Any]:
        """The columns of `to_pandas` by name, text or numbers ``(sample,)``."""
        return dict(self.table().values)

    def records(self) -> Iterator[dict[str, Any]]:
        """A JSON-able record for each sample, with the entries of `columns`."""
        yield from self.table().records()

    def names_of(self, classes: np.ndarray) -> list[str]:
        """The names of some classes, which are given by their numbers."""
        return [self.class_names[number] for number in classes.tolist()]
