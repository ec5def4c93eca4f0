"""The columns by which tables of samples name them."""

from cutaway.data import SampleIds
from cutaway.results.table import Column, column
from cutaway.results.units import TEXT, Unit

SAMPLE = Unit("name of a sample", str, right=False, most=20)

COLUMNS = {
    "sample": column("sample", "Sample", SAMPLE, "The sample: its source and row, or the name of its row."),
    "file": column("file", "File", TEXT, "The file of the sample, of data that are files in a folder."),
    "row": column("row", "Row", TEXT, "Its row in the file of a table, from 1 without the line of names."),
}
"""What `SampleIds.columns` may have; a table of samples has those that its data know."""


def identity_names(ids: SampleIds) -> list[str]:
    """The names of the columns of `SampleIds.columns`."""
    return list(ids.take(slice(0)).columns())


def with_identity(ids: SampleIds, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Columns of a table of samples: their names first, and last where they are found."""
    first, *others = (COLUMNS[name] for name in identity_names(ids))
    return (first, *columns, *others)
