"""Leaving columns out of a table that is loaded already, to see what they are worth."""

from collections.abc import Sequence
from dataclasses import replace

from cutaway.checks import meant
from cutaway.errors import DataError, UnknownNameError
from cutaway.words import listed

from .column import REQUESTED
from .table import Table


def leave_out(table: Table, columns: Sequence[str]) -> Table:
    """The same rows with further columns left out, as the option `ignore` does.

    Raises:
        UnknownNameError: A name is not that of a column that a model learns from.
        DataError: No column would be left.
    """
    used = [column.name for column in table.columns if column.use == "feature"]
    for name in columns:
        if name not in used:
            raise UnknownNameError(
                "a column that is left out is one that the model learns from",
                got=f"{name!r}, {_what_it_is(table, name)}",
                hint=meant(name, used, f"{table.name} has {listed(used, 12)}"),
            )
    if set(used) <= set(columns):
        raise DataError(
            "a table has at least one column to learn from", got=f"none left in {table.name}", hint="leave fewer out"
        )
    options = replace(table.options, ignore=(*table.options.ignore, *columns))
    return replace(
        table,
        options=options,
        columns=tuple(each.ignored(REQUESTED) if each.name in columns else each for each in table.columns),
        origin={**table.origin, **({"options": options.to_json()} if "options" in table.origin else {})},
    )


def _what_it_is(table: Table, name: str) -> str:
    """What a name stands for that is not one of the columns that a model learns from."""
    column = next((each for each in table.columns if each.name == name), None)
    if column is None:
        return f"which is no column of {table.name}"
    return f"which is left out already ({column.treatment})" if column.use == "ignored" else f"its {column.use}"
