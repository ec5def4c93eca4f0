"""A person's decisions on labels: a sample is kept as it is, gets another label, or is dropped.

They are rows of a table that any spreadsheet edits, with the columns sample, decision, label, by and when; other
columns, as in a list of label issues, and rows without a decision are left alone.
"""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from cutaway._lazy import public
from cutaway.checks import LARGEST, is_whole
from cutaway.data.tables import FORMATS, open_any, row_words
from cutaway.errors import DataError, Hint, UsageError
from cutaway.words import shown

Action = Literal["keep", "relabel", "drop"]
ACTIONS: tuple[str, ...] = get_args(Action)

COLUMNS = ("sample", "decision", "label", "by", "when")

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins like this for a formula, and would run it."""

QUOTE = '"'
SPECIAL = frozenset(',;|"\r\n\t')
"""A cell with one of these is written in quotes, whatever the delimiter of the file is taken for."""

MOST = 1_000_000
"""Maximum number of decisions in a file."""

LONGEST_LINE = 1 << 20
"""Characters of a line of a list as JSON lines at most: one takes 300."""


@public
@dataclass(frozen=True)
class Decision:
    """What a person decided about the label of one sample.

    Attributes:
        sample: Its name, such as "test[947]", or the name of its row in a table with a column of names.
        action: "keep" it as it is, "relabel" it, or "drop" it.
        label: Name of the class that it gets, where an integer stands for the name of its digits; None unless it is
            relabeled.
        by: Who decided, or "".
        when: When, ISO 8601, or "".
    """

    sample: str
    action: Action
    label: str | None = None
    by: str = ""
    when: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.sample, str) or not self.sample:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                f"a decision needs the name of its sample, not {shown(self.sample)}",
                hint='pass its name, for example "test[947]"',
            )
        if not isinstance(self.action, str) or self.action not in ACTIONS:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                f"no such decision for {self.sample}: {shown(self.action)}; decisions: {', '.join(ACTIONS)}"
            )
        if self.label is not None:
            object.__setattr__(self, "label", _class_name(self.label, self.sample))
        for name in ("by", "when"):
            if not isinstance(getattr(self, name), str):
                raise UsageError(
                    f"{name}={shown(getattr(self, name))} for {self.sample} is not text",
                    hint='pass for example when="2026-01-31"',
                )
        if (self.action == "relabel") != (self.label is not None):
            raise UsageError(
                "relabel needs a new label, and other decisions take none",
                got=f"{self.action} and the label {shown(self.label)} for {self.sample}",
                hint="name the class, or leave the label out",
            )


def _class_name(label: Any, sample: str) -> str:
    """A class by its name, or by an integer that is its name."""
    if isinstance(label, str):
        if label:
            return label
        raise UsageError(
            f'the new label for {sample} is "", which a file cannot tell from no label',
            hint=Hint(
                "give that class a name, with {} where the data are arrays; or drop the sample", class_names=None
            ),
        )
    if is_whole(label) and abs(label) <= LARGEST:
        return str(int(label))
    raise UsageError(
        f"the new label for {sample} must be the name of a class, not {shown(label)}",
        hint='pass the name, for example "4"',
    )


def check_decisions(decisions: Any) -> tuple[Decision, ...]:
    """Decisions as a tuple, of one or of several.

    Raises:
        UsageError: They are something else.
    """
    if isinstance(decisions, Decision):
        return (decisions,)
    iterable = isinstance(decisions, Iterable) and not isinstance(decisions, str | bytes)
    found: tuple[Any, ...] = tuple(decisions) if iterable else (decisions,)
    for each in found:
        if not isinstance(each, Decision):
            raise UsageError(
                f"a decision on a label must be a Decision, not {shown(each)} of the type {type(each).__name__}",
                hint='pass for example [cutaway.Decision("test[947]", "relabel", "4")]',
            )
    return found


def read_decisions(path: str | Path) -> tuple[Decision, ...]:
    """Read the decisions in a CSV, TSV or Parquet file, in the order of its rows.

    Raises:
        UsageError: There is no such file, or a decision is unknown or lacks its label.
        DataError: The file is damaged, lacks the columns sample and decision, or has too many rows.
    """
    file = Path(path).expanduser()
    if file.is_dir() or not file.exists():
        raise UsageError(
            f"{path} is a folder, not a file with decisions on labels" if file.is_dir() else f"no such file: {path}",
            hint="check the path; the decisions of a run are in its labels.csv",
        )
    reader = open_any(path, {"header": True}, what="decisions on labels")
    text = _value if file.suffix.lower() in FORMATS else _text
    known = {name.strip().lower(): name for name in reader.columns}
    if lacking := [name for name in ("sample", "decision") if name not in known]:
        raise DataError(
            f"the decisions on labels in {path} have no column {' and no '.join(lacking)}",
            hint="start from the file that cutaway label-issues -o label-issues.csv writes",
        )
    wanted = {name: known[name] for name in COLUMNS if name in known}
    found: list[Decision] = []
    number = 0
    for chunk in reader.chunks(list(wanted.values())):
        cells = {name: [text(cell) for cell in chunk[column].to_pylist()] for name, column in wanted.items()}
        for row in zip(*cells.values(), strict=True):
            values, number = dict(zip(cells, row, strict=True)), number + 1
            if values["decision"].strip():
                found.append(_decision(values, where=row_words(number - 1, path)))
        if len(found) > MOST:
            raise DataError(f"{path} has more than {MOST:,} decisions", hint="divide the file")
    return tuple(found)


def count_decisions(path: Path) -> int:
    """The number of decisions in a file that `read_decisions` reads, or in a list as JSON lines; 0 if there is no file.

    Raises:
        UsageError, DataError: See `read_decisions`; or a line is not from a list of label issues.
    """
    if not path.is_file():
        return 0
    if path.suffix.lower() != ".jsonl":
        return len(read_decisions(path))
    with open(path, encoding="utf-8", errors="replace") as file:
        # a longer line is cut, so it is no JSON
        lines = enumerate(iter(partial(file.readline, LONGEST_LINE), ""), start=1)
        return sum(bool(_json_row(line, number, path).get("decision")) for number, line in lines if line.strip())


def _json_row(line: str, number: int, path: Path) -> dict[str, Any]:
    row: Any = None
    with suppress(ValueError, RecursionError):  # refused below, with the number of the line
        row = json.loads(line)
    if isinstance(row, dict) and isinstance(row.get("sample"), str) and ("given" in row or "decision" in row):
        return row
    raise DataError(
        f"{path} is not replaced: line {number:,} is not from a list of label issues",
        hint="write the list to another file, such as label-issues.jsonl",
    )


def write_decisions(decisions: Iterable[Decision]) -> str:
    """Decisions as CSV, with a line of names; `quoted_cell` makes each cell."""
    rows = ((each.sample, each.action, each.label or "", each.by, each.when) for each in decisions)
    return "".join(csv_row(row) for row in (COLUMNS, *rows))


def csv_row(cells: Iterable[str], delimiter: str = ",") -> str:
    """A row of a CSV file of decisions, of cells that `quoted_cell` makes."""
    return csv_line(map(quoted_cell, cells), delimiter)


def csv_line(cells: Iterable[str], delimiter: str = ",") -> str:
    """A row of a CSV file; unlike by Python's csv, a carriage return is in quotes, since it ends a row for readers."""
    safe = (f'"{cell.replace(QUOTE, 2 * QUOTE)}"' if set(cell) & SPECIAL else cell for cell in cells)
    return delimiter.join(safe) + "\n"


def _decision(values: Mapping[str, str], *, where: str) -> Decision:
    action: Any = values["decision"].strip().lower()
    if not values["sample"]:
        raise DataError(f"the decision in {where} names no sample", hint="fix that row")
    label = values.get("label") or None
    try:
        return Decision(
            values["sample"],
            action,
            label if action == "relabel" else None,
            values.get("by", ""),
            values.get("when", ""),
        )
    except UsageError as error:
        raise UsageError(f"{error.fault}, in {where}", hint=error.hint) from None


def _text(cell: Any) -> str:
    """A cell of a text file as `quoted_cell` was given it, without spaces around it if a person typed it."""
    text = _value(cell)
    for each in (text, text.strip()):
        if each.startswith("'") and quoted_cell(each[1:]) == each:
            return each[1:]
    return text.strip()


def _value(cell: Any) -> str:
    return "" if cell is None else str(cell)


def quoted_cell(cell: str) -> str:
    """A cell that no spreadsheet runs, and that `read_decisions` reads as it is.

    Before what `safe_cell` quotes, before a quote, and before text with spaces around it there is one quote.
    """
    as_it_is = not cell.startswith("'") and cell == cell.strip() and cell == safe_cell(cell)
    return cell if as_it_is else f"'{cell}"


def safe_cell(cell: str) -> str:
    """A cell that no spreadsheet runs: a quote before what would be a formula, as OWASP advises; numbers are none."""
    return f"'{cell}" if cell.startswith(FORMULA) and not NUMBER.fullmatch(cell) else cell
