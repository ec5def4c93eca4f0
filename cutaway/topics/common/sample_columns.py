"""The columns that say which sample a row of a table is on."""

from collections.abc import Container

from cutaway.results.table import Column, column
from cutaway.results.units import TEXT, Unit

SAMPLE = column("sample", "Sample", TEXT, "Name of the sample.")

SOURCES = (
    column("file", "File", TEXT, "The file that it comes from, of images in a folder."),
    column(
        "row", "Row", Unit("row of a file", str), "Its row in the file of a table, from 1, without the line of names."
    ),
)
"""Where a sample is found."""


def sources(names: Container[str]) -> tuple[Column, ...]:
    """Those of `SOURCES` that are among the names of a table."""
    return tuple(each for each in SOURCES if each.names[0] in names)
