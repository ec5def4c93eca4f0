"""What a user says about a table, checked against its columns."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from cutaway.checks import whole_number
from cutaway.errors import Hint, UsageError
from cutaway.options import TableOptions
from cutaway.words import listed, shown

__all__ = ["TableOptions", "table_options"]


def table_options(
    columns: Sequence[str], *, label: str | int | None, where: str, likely: str = "", **options: Any
) -> TableOptions:
    """Make options, with the label as a name or as the number of a column: from 1, or from -1 backwards.

    Args:
        columns: The names of all columns.
        label: The column of the classes.
        where: What the table is called in messages.
        likely: The column that is named as an example if there is no label; "" for the last one.
        options: See `TableOptions`.

    Raises:
        UsageError: There is no label, or an option is unknown or outside its range.
    """
    if label is None:
        names = [f'"{name}"' for name in columns]
        raise UsageError(
            f"{where} needs a label, the column with the classes; its columns are {listed(names, 12)}",
            hint=Hint("pass for example {}", label=likely or columns[-1]),
        )
    if not isinstance(label, str | int) or isinstance(label, bool):
        raise UsageError(f"label must be the name or the number of a column, not {shown(label)}")
    number = label if isinstance(label, int) else whole_number(label) or 0
    if label not in columns and 1 <= abs(number) <= len(columns):
        label = columns[number - 1 if number > 0 else number]
    for name in ("ignore", "use", "category", "class_names"):
        value = options.get(name, ())
        given = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else (value,)
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
    return TableOptions(label=label if isinstance(label, str) else shown(label), **options)
