"""Learning curves: loss and accuracy by epoch, training against validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cutaway.errors import DataError, UsageError

from .displays.bokeh_display import shown_in_notebooks
from .legend import legend_below
from .theme import INK, LINE, MUTED, TRAINING_COLOR, VALIDATION_COLOR, whole_ticks, whole_ticks_bokeh

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource, LayoutDOM
    from bokeh.plotting import figure as BokehFigure
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

History = Sequence[Mapping[str, Any]]
Curves = dict[str, NDArray[np.float64]]

_METRICS = ("loss", "accuracy")
_SERIES = (("training", "", TRAINING_COLOR), ("validation", "val_", VALIDATION_COLOR))


def learning_curves(
    history: History, *, turned: int | None = None, kept: int | None = None, title: str = ""
) -> "Figure":
    """Draw loss and accuracy by epoch with matplotlib.

    Args:
        history: One row per epoch with Keras' names: epoch, loss and, where measured, accuracy, val_loss and
            val_accuracy. A missing value, None or NaN leaves a gap.
        turned: The epoch of the lowest validation loss, if the loss has risen since; it is marked.
        kept: The epoch whose weights are kept, if it is to be marked.
        title: Set above both panels.

    Raises:
        DataError: The history is empty or has no epoch or loss.
        UsageError: ``turned`` or ``kept`` is not an epoch of the history.
    """
    from .notebook import NotebookFigure

    panels, marks = _panels(history), _marks(history, turned, kept)
    figure = NotebookFigure(figsize=(4.8 * len(panels), 3.8), layout="constrained")
    if title:
        figure.suptitle(title, color=INK).set_parse_math(False)
    for axes, (metric, curves) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        _draw_panel(axes, metric, curves, marks=marks)
    return figure


@shown_in_notebooks
def learning_curves_bokeh(history: History, *, turned: int | None = None, kept: int | None = None) -> "LayoutDOM":
    """Draw loss and accuracy by epoch with Bokeh: two linked panels, one below the other where space is narrow.

    Args:
        history: As for `learning_curves`.
        turned: As for `learning_curves`.
        kept: As for `learning_curves`.

    Raises:
        DataError: The history is empty or has no epoch or loss.
        UsageError: ``turned`` or ``kept`` is not an epoch of the history.
    """
    from bokeh.layouts import row
    from bokeh.models import DataRange1d

    epochs = DataRange1d(range_padding=0.5, range_padding_units="absolute")
    marks = _marks(history, turned, kept)
    panels = [_bokeh_panel(metric, curves, marks=marks, epochs=epochs) for metric, curves in _panels(history).items()]
    # A row does not wrap by itself. Each panel takes at least 280 px, so a phone shows one below the other.
    return row(*panels, sizing_mode="stretch_width", spacing=16, styles={"flex-wrap": "wrap"})


def _panels(history: History) -> dict[str, Curves]:
    """Check the history and return the epochs and series of each metric that was measured."""
    if not history or any(key not in record for record in history for key in ("epoch", "loss")):
        raise DataError(
            "a history has at least one row, and each row has an epoch and a loss",
            got="no rows" if not history else str(dict(history[0])),
            hint="train for at least one epoch",
        )
    epochs = np.array([record["epoch"] for record in history], np.float64)
    panels: dict[str, Curves] = {}
    for metric in _METRICS:
        curves = {
            name: np.array([record.get(prefix + metric) for record in history], np.float64)  # None leaves a gap
            for name, prefix, _ in _SERIES
            if any(prefix + metric in record for record in history)
        }
        if curves:
            panels[metric] = {"epoch": epochs} | curves
    return panels


@dataclass(frozen=True)
class _Mark:
    """An epoch that is marked: what it is, and how its line is drawn in both libraries."""

    epoch: int
    words: str
    dash: Literal["dashed", "dotted"]

    def label(self, metric: str) -> str:
        """What is written above a panel; the first one says what the mark is."""
        return f"{self.words}: epoch {self.epoch} ({self.dash})" if metric == "loss" else self.short

    @property
    def short(self) -> str:
        return f"epoch {self.epoch} ({self.dash})"


def _marks(history: History, turned: int | None, kept: int | None) -> tuple[_Mark, ...]:
    """The epochs that are marked: one where the kept epoch is the one of the lowest validation loss."""
    epochs = [record["epoch"] for record in history]
    for name, epoch in (("turned", turned), ("kept", kept)):
        if epoch is not None and epoch not in epochs:
            raise UsageError(f"{name} is an epoch of the history", got=str(epoch), hint=f"pass {name}=None")
    lowest = "lowest validation loss"
    marks: list[_Mark] = []
    if turned is not None:
        marks.append(_Mark(turned, f"{lowest}, kept" if kept == turned else lowest, "dashed"))
    if kept is not None and kept != turned:
        marks.append(_Mark(kept, "kept", "dotted"))
    return tuple(marks)


def _draw_panel(axes: "Axes", metric: str, curves: Curves, *, marks: tuple[_Mark, ...]) -> None:
    for name, _, color in _SERIES:
        if name in curves:
            axes.plot(curves["epoch"], curves[name], color=color, marker="o", markersize=4, label=name)
    axes.set_title(metric.capitalize(), loc="left", color=INK, fontweight="bold")
    for mark in marks:
        axes.axvline(mark.epoch, color=MUTED, linestyle=mark.dash, linewidth=1, zorder=0)
    if marks:
        words = "\n".join(mark.label(metric) for mark in marks)
        axes.set_title(words, loc="right", color=MUTED, fontsize="small")
    axes.set_xlabel("epoch", color=MUTED)
    axes.set_xlim(curves["epoch"].min() - 0.5, curves["epoch"].max() + 0.5)
    axes.xaxis.set_major_locator(whole_ticks())
    axes.grid(color=LINE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, labelcolor=INK)


def _bokeh_panel(metric: str, curves: Curves, *, marks: tuple[_Mark, ...], epochs: Any) -> "BokehFigure":
    from bokeh.models import ColumnDataSource, Span, Title
    from bokeh.plotting import figure

    panel = figure(
        height=300,
        min_width=280,
        sizing_mode="stretch_width",
        styles={"flex": "1 1 280px"},
        x_range=epochs,
        tools="",
        toolbar_location=None,
        x_axis_label="epoch",
    )
    source = ColumnDataSource(dict(curves))
    for name, _, color in _SERIES:
        if name in curves:
            panel.line("epoch", name, source=source, color=color, line_width=2, legend_label=name)
            panel.scatter("epoch", name, source=source, color=color, size=6, legend_label=name)
    _add_hover(panel, source, metric=metric)
    _simplify(panel)
    legend_below(panel, columns=len(_SERIES))
    for mark in reversed(marks):  # what is added last is on top
        panel.add_layout(Span(location=mark.epoch, dimension="height", line_color=MUTED, line_dash=mark.dash))
        panel.add_layout(Title(text=mark.label(metric), text_font_style="normal", text_color=MUTED), "above")
    panel.add_layout(Title(text=metric.capitalize(), text_font_size="15px", text_color=INK), "above")
    return panel


def _add_hover(panel: "BokehFigure", source: "ColumnDataSource", *, metric: str) -> None:
    from bokeh.models import HoverTool

    names = [name for name in source.column_names if name != "epoch"]
    rows = "".join(f"<div>{name} {metric} @{{{name}}}{{0.0000}}</div>" for name in names)
    # One invisible point per epoch has the tooltip: one for both series, also when one of them is hidden.
    target = panel.scatter("epoch", names[0], source=source, alpha=0)
    panel.add_tools(HoverTool(tooltips=f"<div><b>epoch @epoch</b></div>{rows}", mode="vline", renderers=[target]))


def _simplify(panel: "BokehFigure") -> None:
    panel.outline_line_color = None
    panel.xaxis.ticker = whole_ticks_bokeh()
    panel.yaxis.minor_tick_line_color = None
    panel.axis.axis_label_text_font_style = "normal"
    panel.xgrid.grid_line_color = None
    panel.ygrid.grid_line_alpha = 0.6
