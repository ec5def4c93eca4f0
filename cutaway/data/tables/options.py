"""What a user says about a table, checked against its columns."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from cutaway.checks import whole_number
from cutaway.errors import Hint, UsageError
from cutaway.options import LISTS, TableOptions
from cutaway.words import listed, shown

__all__ = ["LISTS", "TableOptions", "table_options"]


def table_options(
    columns: Sequence[str], *, label: str | int | None, where: str, likely: str = "", **options: Any
) -> TableOptions:
    """Make options, with label and targets as names or as numbers of columns: from 1, or from -1 backwards.

    Args:
        columns: The names of all columns.
        label: The column of the classes, or None if ``target`` names columns of numbers.
        where: What the table is called in messages.
        likely: The column that is named as an example if there is no label; "" for the last one.
        options: See `TableOptions`.

    Raises:
        UsageError: There is neither a label nor a target, or an option is unknown or outside its range.
    """
    if label is None and not options.get("target"):
        names = [f'"{name}"' for name in columns]
        raise UsageError(
            f"{where} needs a label (a column of classes) or a target (a column of numbers); "
            f"its columns are {listed(names, 12)}",
            hint=Hint("pass for example {} or {}", label=likely or columns[-1], target=likely or columns[-1]),
        )
    for name in (*LISTS, "class_names"):
        value = options.get(name, ())
        given = tuple(value) if isinstance(value, list | tuple) else (value,)
        if name == "target":
            given = tuple(_column(each, columns, name) for each in given)
        if not all(isinstance(one, str) for one in given):
            raise UsageError(
                f"{name} must be a list of names, not {shown(value)}",
                hint=Hint("pass for example {}", **{name: ["a", "b"]}),
            )
        options[name] = given
    for name in ("test", "group", "time", "weight", "id", "sheet"):
        if not isinstance(options.get(name), str | None):
            raise UsageError(f"{name} must be a name, not {shown(options[name])}", hint="pass a string")
    known = [field.name for field in fields(TableOptions)]
    if unknown := [name for name in options if name not in known]:
        raise UsageError(f"a table has no option {unknown[0]}; options: {', '.join(known)}", hint="check the spelling")
    return TableOptions(label="" if label is None else _column(label, columns, "label"), **options)


def _column(given: Any, columns: Sequence[str], role: str) -> str:
    """The name of a column that is given by its name or its number."""
    if not isinstance(given, str | int) or isinstance(given, bool):
        raise UsageError(f"{role} must be the name or the number of a column, not {shown(given)}", hint="pass a name")
    number = given if isinstance(given, int) else whole_number(given) or 0
    if given not in columns and 1 <= abs(number) <= len(columns):
        return columns[number - 1 if number > 0 else number]
    return given if isinstance(given, str) else shown(given)
