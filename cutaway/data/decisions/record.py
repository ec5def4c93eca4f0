"""A person's decisions on labels: a sample is kept as it is, gets another label, or is dropped.

They are rows of a table that any spreadsheet edits, with the columns sample, decision, label, by and when; other
columns, such as those of a list of suspect labels, and rows without a decision are left alone.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from cutaway._lazy import public
from cutaway.data.tables import open_any
from cutaway.errors import DataError, UsageError

Action = Literal["keep", "relabel", "drop"]
ACTIONS: tuple[str, ...] = get_args(Action)

COLUMNS = ("sample", "decision", "label", "by", "when")

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins like this for a formula, and would run it."""

MOST = 1_000_000
"""Decisions of a file at most."""


@public
@dataclass(frozen=True)
class Decision:
    """What a person decided about the label of one sample.

    Attributes:
        sample: Its name, such as "test[947]", or that of its row in a table with a column of names.
        action: "keep" it as it is, "relabel" it, or "drop" it.
        label: Name of the class that it gets; None unless it is relabeled.
        by: Who decided, or "".
        when: When, ISO 8601, or "".
    """

    sample: str
    action: Action
    label: str | None = None
    by: str = ""
    when: str = ""

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise UsageError(
                f"a decision is one of {', '.join(ACTIONS)}",
                got=f'"{self.action}" for {self.sample}',
                hint="choose one of these",
            )
        if (self.action == "relabel") != (self.label is not None):
            raise UsageError(
                "a sample that is relabeled, and no other, has a new label",
                got=f"{self.action} and the label {self.label!r} for {self.sample}",
                hint="name the class, or leave the label out",
            )


def read_decisions(path: str | Path) -> tuple[Decision, ...]:
    """Read the decisions in a CSV, TSV or Parquet file, in the order of its rows.

    Raises:
        UsageError: There is no such file, or a decision is unknown or lacks its label.
        DataError: The file is damaged, lacks the columns sample and decision, or has too many rows.
    """
    reader = open_any(path, header=True, what="decisions on labels")
    known = {name.strip().lower(): name for name in reader.columns}
    if lacking := [name for name in ("sample", "decision") if name not in known]:
        raise DataError(
            "decisions on labels have the columns sample and decision, and label for new ones",
            got=f"no {' and no '.join(lacking)} in {path}",
            hint="start from the file that cutaway labels -o suspects.csv writes",
        )
    wanted = {name: known[name] for name in COLUMNS if name in known}
    found: list[Decision] = []
    for chunk in reader.chunks(list(wanted.values())):
        cells = {name: [_text(cell) for cell in chunk[column].to_pylist()] for name, column in wanted.items()}
        for row in zip(*cells.values(), strict=True):
            values = dict(zip(cells, row, strict=True))
            if values["decision"]:
                found.append(_decision(values, path))
        if len(found) > MOST:
            raise DataError(f"a file holds at most {MOST:,} decisions", got=f"more in {path}", hint="divide it")
    return tuple(found)


def write_decisions(decisions: Iterable[Decision]) -> str:
    """Decisions as CSV, with a line of names; what a spreadsheet would run is quoted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in decisions:
        writer.writerow([safe_cell(cell) for cell in (each.sample, each.action, each.label or "", each.by, each.when)])
    return text.getvalue()


def _decision(values: Mapping[str, str], path: str | Path) -> Decision:
    action: Any = values["decision"].lower()
    if not values["sample"]:
        raise DataError("a decision names its sample", got=f"a row without one in {path}", hint="mend that row")
    label = values.get("label") or None
    return Decision(
        values["sample"],
        action,
        label if action == "relabel" else None,
        values.get("by", ""),
        values.get("when", ""),
    )


def _text(cell: Any) -> str:
    """A cell as text without the quote that `safe_cell` puts before what a spreadsheet would run."""
    text = "" if cell is None else str(cell).strip()
    return text[1:] if text.startswith(tuple(f"'{sign}" for sign in FORMULA)) else text


def safe_cell(cell: str) -> str:
    """A cell that no spreadsheet runs: a quote before what would be a formula, as OWASP advises; numbers are none."""
    return f"'{cell}" if cell.startswith(FORMULA) and not NUMBER.fullmatch(cell) else cell
