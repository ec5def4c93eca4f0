"""The records of sections that are matrices: classes against classes, layers against layers."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cutaway.errors import UsageError
from cutaway.words import UNDEFINED, percent

from .sections import Section


@dataclass(frozen=True, kw_only=True, eq=False)
class Matrix(Section):
    """A confusion matrix; a click on a cell selects its samples in the explorer of the page, if there is one.

    Attributes:
        names: Names of the classes that are shown.
        classes: The number of each, as the explorer knows it.
        counts: Integers (true, predicted), of the classes shown.
        samples: All samples of each class, also those predicted as a class that is not shown.
        click: What a click does, shown above if there is a map.

    Raises:
        UsageError: The sizes do not fit.
    """

    template: ClassVar[str] = "matrix.html"

    names: tuple[str, ...]
    classes: tuple[int, ...]
    counts: NDArray[np.integer[Any]]
    samples: NDArray[np.integer[Any]]
    click: str = ""

    def __post_init__(self) -> None:
        size = len(self.names)
        if self.counts.shape != (size, size) or len(self.samples) != size or len(self.classes) != size:
            raise UsageError(
                f"the parts of a confusion matrix do not fit: {size} names, {len(self.classes)} classes, "
                f"{len(self.samples)} totals and counts of the shape {self.counts.shape}",
                hint="pass counts (true, predicted), with a row and a column for each class",
            )

    @property
    def cells(self) -> list[list[tuple[int, float, str]]]:
        """For each row: of each cell its count, its share of the samples of its class, and both in words."""
        return [
            [self._cell(true, predicted) for predicted in range(len(self.names))] for true in range(len(self.names))
        ]

    def _cell(self, true: int, predicted: int) -> tuple[int, float, str]:
        count, total = int(self.counts[true, predicted]), int(self.samples[true])
        share = count / max(total, 1)
        words = f"{self.names[true]} predicted as {self.names[predicted]}: {count:,} of {total:,} ({percent(share)})"
        return count, share, words

    @property
    def totals(self) -> list[int]:
        """Samples of each class."""
        return [int(total) for total in self.samples]

    @property
    def recalls(self) -> list[str]:
        """The share of each class that is predicted right, in words; a dash for a class without samples."""
        right = self.counts.diagonal()
        return [percent(r / n, 1) if n else UNDEFINED for r, n in zip(right, self.samples, strict=True)]


@dataclass(frozen=True, kw_only=True, eq=False)
class HeatMap(Section):
    """A matrix of numbers from 0 to 1, the larger the darker.

    Attributes:
        rows: Name of each row.
        columns: Name of each column.
        across: What the columns are, in a word or two.
        down: What the rows are.
        values: float (row, column), 0 to 1, NaN if there is none.

    Raises:
        UsageError: The sizes do not fit, or a value is outside of its range.
    """

    template: ClassVar[str] = "heat_map.html"

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    across: str
    down: str
    values: NDArray[np.floating[Any]]

    def __post_init__(self) -> None:
        known = self.values[~np.isnan(self.values)]
        if self.values.shape != (len(self.rows), len(self.columns)) or ((known < 0) | (known > 1)).any():
            raise UsageError(
                f"the parts of a heat map do not fit: {len(self.rows)} rows, {len(self.columns)} columns and values of "
                f"the shape {self.values.shape}",
                hint="pass values (row, column) from 0 to 1",
            )

    @property
    def cells(self) -> list[list[float | None]]:
        """The values row by row, None if there is none."""
        return [[None if np.isnan(value) else float(value) for value in row] for row in self.values]
