"""How similar layers, or epochs of a layer, are: a pandas DataFrame that draws itself."""

from typing import TYPE_CHECKING, Any

import pandas

from cutaway.results.notebook import declared_html, figure_html, joined_html
from cutaway.results.plain import plain
from cutaway.results.table import Column, Table
from cutaway.results.units import NAME, decimals
from cutaway.words import evenly_spaced

if TYPE_CHECKING:
    from cutaway.plots import Figure


SHOWN = 8
"""Maximum number of columns in a table for people."""


class Similarity(pandas.DataFrame):
    """Linear CKA in [0, 1] of every two layers or epochs; NaN if one is constant or has diverged.

    It is a pandas DataFrame, and results of computing with it are plain ones; ``plot()`` draws a heat map.

    Attributes:
        title: What was compared.
        entries: What its rows and columns are: "epoch" or "layer".
    """

    _metadata = ["title", "entries"]  # noqa: RUF012  what pandas keeps when it copies and pickles
    title: str
    entries: str

    @classmethod
    def of(cls, table: pandas.DataFrame, *, title: str, entries: str) -> "Similarity":
        """The same table with what it shows."""
        made = cls(table)
        made.title, made.entries = title, entries
        return made

    @property
    def _constructor(self) -> type[pandas.DataFrame]:
        return pandas.DataFrame

    def to_pandas(self) -> pandas.DataFrame:
        """The same as a plain pandas DataFrame."""
        return pandas.DataFrame(self)

    def tables(self) -> tuple[Table, ...]:
        """The table shown in a terminal, with at most `SHOWN` columns, evenly spaced."""
        names: list[str] = [str(name) for name in self.columns]
        cells = self.to_numpy()
        values: dict[str, list[Any]] = {"": [str(name) for name in self.index]}
        shown = [Column(("",), "CKA", NAME, "")]
        places: list[int] = evenly_spaced(range(len(names)), SHOWN)
        for place in places:
            values[names[place]] = cells[:, place].tolist()
            shown.append(Column((names[place],), names[place], decimals(3), ""))
        return (Table(tuple(shown), values, title=self.title),)

    def record(self) -> dict[str, Any]:
        """JSON-able: the layers or epochs, and the similarities, None if one is not defined."""
        return {f"{self.entries}s": self.index.tolist(), "cka": plain(self.to_numpy())}

    def plot(self) -> "Figure":  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]
        """Draw it as a heat map, a matplotlib Figure."""
        from cutaway.plots import heat_map

        return heat_map(
            self.to_numpy(),
            rows=[str(name) for name in self.index],
            columns=[str(name) for name in self.columns],
            title=self.title,
            x_label=self.entries,
            y_label=self.entries,
        )

    def _repr_html_(self) -> str:
        if self.empty:
            return joined_html(*map(declared_html, self.tables()))
        return joined_html(figure_html(self.plot(), alt=self.title))
