"""The preparation of a table: plain data, fitted on the training samples alone, applied to every sample."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cutaway.checks import warn_user, wrong_part
from cutaway.errors import DataError
from cutaway.words import shown

from .steps import AnyStep, Notes

if TYPE_CHECKING:
    import pyarrow as pa


class Preparation(BaseModel):
    """How the rows of a table become inputs of a model.

    Attributes:
        steps: One for each column that is used, in the order of the inputs.
        rows: Number of training samples that it was fitted on.
        left_out: Why each other column but the label and its like is not used, by its name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1, max_length=20_000)]
    rows: Annotated[int, Field(ge=1)]
    left_out: Annotated[dict[str, Annotated[str, Field(max_length=2_000)]], Field(max_length=1_000_000)] = {}

    @model_validator(mode="after")
    def _has_each_column_once(self) -> "Preparation":
        if len(self.columns) < len(self.steps):
            raise ValueError("must have one step for each column")
        return self

    @property
    def columns_of_features(self) -> tuple[str, ...]:
        """The column that each input is made from."""
        return tuple(step.column for step in self.steps for _ in step.features)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs, all different: a name that is a column's or was there before says its column too."""
        taken = {step.column for step in self.steps}
        named: list[str] = []
        for step in self.steps:
            for name in step.features:
                if name != step.column:
                    while name in taken:
                        name = f"{name} (of {step.column})"
                    taken.add(name)
                named.append(name)
        return tuple(named)

    @property
    def renamed(self) -> dict[str, str]:
        """Inputs that say their column because another input has their usual name -> that column."""
        usual = [(name, step.column) for step in self.steps for name in step.features]
        return {name: column for name, (before, column) in zip(self.features, usual, strict=True) if name != before}

    @property
    def columns(self) -> dict[str, Literal["number", "category", "date"]]:
        """What each column is read as, by name."""
        return {step.column: "category" if step.kind == "hash" else step.kind for step in self.steps}

    @property
    def date_formats(self) -> dict[str, str]:
        """How the dates of each column are written in text."""
        return {step.column: step.date_format for step in self.steps if step.kind == "date"}

    def apply(
        self, cells: "Mapping[str, pa.ChunkedArray]", *, out: np.ndarray | None = None
    ) -> tuple[np.ndarray, Notes]:
        """Prepare rows.

        Args:
            cells: The columns by name, read as `columns` says: see `cells.read_cells`.
            out: float32 (row, input) to write into, or None for a new array.

        Returns:
            float32 (row, input), and unusual cells, with their number and an example.
        """
        rows = row_count(cells)
        values = np.empty((rows, len(self.features)), np.float32) if out is None else out
        notes: Notes = {}
        at = 0
        for step in self.steps:
            width = len(step.features)
            notes |= step.apply(cells[step.column], values[:, at : at + width])
            at += width
        return values, notes

    def to_record(self) -> dict[str, Any]:
        """The preparation as data for JSON, sufficient to apply it again."""
        return self.model_dump(mode="json", exclude=None if self.left_out else {"left_out"})

    @classmethod
    def from_record(cls, record: Any) -> "Preparation":
        """Restore a preparation from `to_record`.

        Raises:
            DataError: The record is damaged.
        """
        try:
            return cls.model_validate(record)
        except ValidationError as error:
            raise DataError(
                f"the preparation of the table in run.json is damaged: {wrong_part(error.errors()[0])}",
                hint="restore run.json or train again",
            ) from None


def row_count(cells: Mapping[str, Any]) -> int:
    """The number of rows of some columns."""
    return len(next(iter(cells.values())))


def add_notes(notes: Notes, further: Notes) -> Notes:
    """Notes of several chunks: the counts are added, and the first example is kept."""
    added = dict(notes)
    for rule, (count, example) in further.items():
        before, first = added.get(rule, (0, example))
        added[rule] = (before + count, first)
    return added


def warn_of(notes: Notes, *, what: str) -> None:
    """Warn of each unusual value, a line each.

    Args:
        notes: See `Preparation.apply`.
        what: What the cells are counted in, such as "rows".
    """
    for rule, (count, example) in notes.items():
        warn_user(
            f"{rule}, in {count:,} {what if count != 1 else what.removesuffix('s')}"
            + (f", for example {shown(example)}" if example else "")
        )
