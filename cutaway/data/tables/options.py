"""What a user says about a table."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from cutaway.errors import UsageError

Numbers = Literal["standard", "robust", "quantile", "none"]
Missing = Literal["median", "refuse"]


@dataclass(frozen=True)
class TableOptions:
    """What a user says about a table; everything else is found in it.

    Attributes:
        label: Column of the classes.
        test: File with the test samples, or None.
        test_share: Share of the samples that become test samples where there is no such file, in (0, 1).
        group: Column whose values are never in two splits, or None.
        time: Column by which the samples are ordered before they are split, the latest last, or None.
        weight: Column with the weight of each sample in the loss, or None.
        id: Column with a name for each sample, or None.
        ignore: Columns that are left out.
        use: Columns that are used although they look like identifiers, or are constant or duplicates.
        category: Columns of numbers that stand for categories.
        numbers: How numbers are scaled: "standard", "robust", "quantile" or "none".
        missing: "median" fills unknown numbers in and adds an input that says so; "refuse" raises.
        header: Whether line 1 of a text table holds names; None finds it out.
        month_first: Whether 03/04/2020 is the 4th of March, where no date of the column tells.
        class_names: Names for the labels in their order, by value where they are numbers; none if they name themselves.
    """

    label: str
    test: str | None = None
    test_share: float = 0.2
    group: str | None = None
    time: str | None = None
    weight: str | None = None
    id: str | None = None
    ignore: tuple[str, ...] = ()
    use: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    numbers: Numbers = "standard"
    missing: Missing = "median"
    header: bool | None = None
    month_first: bool = False
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, allowed in (("numbers", get_args(Numbers)), ("missing", get_args(Missing))):
            if getattr(self, name) not in allowed:
                raise UsageError(
                    f"{name} is one of {', '.join(allowed)}",
                    got=repr(getattr(self, name)),
                    hint=f"pass for example {name}={allowed[0]!r}",
                )
        if not isinstance(self.test_share, float) or not 0 < self.test_share < 1:
            raise UsageError(
                "test_share is a share above 0 and below 1", got=repr(self.test_share), hint="pass test_share=0.2"
            )
        if self.group and self.time:
            raise UsageError(
                "samples are split by groups or by time", got="both group and time", hint="leave one of them out"
            )

    def to_json(self) -> str:
        """What the user said, as JSON: options that are not the default."""
        given = {name: value for name, value in asdict(self).items() if value != getattr(type(self), name, None)}
        return json.dumps(given, ensure_ascii=False)

    def named_columns(self) -> Iterator[tuple[str, str]]:
        """Every column that is named, with what it is named for."""
        for role in ("label", "group", "time", "weight", "id"):
            if name := getattr(self, role):
                yield role, name
        for role in ("ignore", "use", "category"):
            for name in getattr(self, role):
                yield role, name


def table_options(
    columns: Sequence[str], *, label: str | int | None, where: str, likely: str = "", **options: Any
) -> TableOptions:
    """Make options, with the label as a name or as the number of a column: from 1, or from -1 backwards.

    Args:
        columns: The names of all columns.
        label: The column of the classes.
        where: What the table is called in messages.
        likely: The column that is named as an example where there is no label; "" for the last one.
        options: As of `TableOptions`.

    Raises:
        UsageError: There is no label, or an option is unknown or outside its range.
    """
    if label is None:
        names = ", ".join(f'"{name}"' for name in columns[:12]) + (", ..." if len(columns) > 12 else "")
        raise UsageError(
            "a table needs its label, the column with the classes",
            got=f"{where} with the columns {names}",
            hint=f'pass for example label="{likely or columns[-1]}"',
        )
    if not isinstance(label, str | int) or isinstance(label, bool):
        raise UsageError("label is the name or the number of a column", got=repr(label), hint="pass a string")
    number = int(label) if isinstance(label, int) or label.removeprefix("-").isdecimal() else 0
    if label not in columns and 1 <= abs(number) <= len(columns):
        label = columns[number - 1 if number > 0 else number]
    for name in ("ignore", "use", "category", "class_names"):
        value = options.get(name, ())
        listed = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else (value,)
        if not all(isinstance(one, str) for one in listed):
            raise UsageError(f"{name} is a list of names", got=repr(value), hint=f'pass for example {name}=["a", "b"]')
        options[name] = listed
    for name in ("test", "group", "time", "weight", "id"):
        if not isinstance(options.get(name), str | None):
            raise UsageError(f"{name} is a name", got=repr(options[name]), hint="pass a string")
    known = [field.name for field in fields(TableOptions)]
    if unknown := [name for name in options if name not in known]:
        raise UsageError(f"options of a table are {', '.join(known)}", got=unknown[0], hint="check the spelling")
    return TableOptions(label=str(label), **options)
