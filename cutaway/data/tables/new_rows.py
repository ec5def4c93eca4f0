"""New rows of a table, prepared as the training samples were."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cutaway.data.preparation import Notes, Preparation, add_notes, warn_of

from .readers import open_any
from .table import cell_chunks


def prepare_new_rows(
    preparation: Preparation,
    table: Any,
    *,
    id_column: str | None = None,
    header: bool | None = None,
    warn: bool = True,
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Prepare new rows chunk by chunk, so that a file may be larger than memory.

    Args:
        preparation: Fitted on the training samples.
        table: A path, or a frame; its columns may be in any order, and further ones are left out.
        id_column: Column with the names of the rows; where there is none, a row is called by its number, from 1.
        header: Whether line 1 of a text table holds names, if that was said of the training samples; None finds it out.
        warn: Warn, at the end, of what no training sample had.

    Yields:
        The names of some rows and their inputs, float32 (row, input), in order.

    Raises:
        UsageError: There is no such file.
        DataError: A column is missing, or there twice, or a cell is of another kind.
    """
    kinds, formats = preparation.columns, preparation.date_formats
    reader = open_any(table, header=header, what="a table of new samples", wanted={*kinds, id_column})
    notes: Notes = {}
    named = id_column in reader.columns
    wanted = kinds | ({id_column: "category"} if named else {})
    for first, cells in cell_chunks(reader, wanted, formats=formats):
        inputs, found = preparation.apply(cells)
        notes = add_notes(notes, found)
        numbers = [str(first + row) for row in range(1, len(inputs) + 1)]
        given = cells[id_column].to_pylist() if named else numbers
        yield [name or number for name, number in zip(given, numbers, strict=True)], inputs
    if warn:
        warn_of(notes, what="rows")
