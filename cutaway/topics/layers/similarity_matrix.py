"""A matrix of similarities as the user holds it: a pandas DataFrame that draws itself."""

from typing import TYPE_CHECKING

import pandas

from cutaway.results.notebook import figure_html, joined_html, table_html

if TYPE_CHECKING:
    from cutaway.plots import Figure


class Similarity(pandas.DataFrame):
    """Linear CKA in [0, 1] of every two layers or epochs; NaN where one is constant or has diverged.

    It is a pandas DataFrame, and what is computed from it is a plain one; ``plot()`` draws a heat map.

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
            return joined_html(table_html(self))
        return joined_html(figure_html(self.plot(), alt=self.title))
