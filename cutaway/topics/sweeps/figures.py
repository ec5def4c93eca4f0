"""The figures of a sweep, as panels and axes that `plots` draws."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.errors import UsageError
from cutaway.execution import Choices, Range, Trial
from cutaway.plots import Axis, Bars, Panel, Series, bars, panels, parallel_coordinates

from .outcome import COSTS, SweepOutcome, check_cost, costed, written

if TYPE_CHECKING:
    from cutaway.plots import Figure

KINDS = ("trials", "importance", "parallel", "frontier")

SHOWN = 300
"""Trials that are drawn as lines at most: the best ones."""


def draw(sweep: SweepOutcome, kind: str, *, cost: str) -> "Figure":
    """Draw a sweep with matplotlib; see `Sweep.plot`.

    Raises:
        UsageError: There is no such kind, or too few trials ended.
    """
    if kind not in KINDS:
        raise UsageError(f"kind is one of {', '.join(KINDS)}", got=repr(kind), hint='pass kind="trials"')
    check_cost(cost)
    if kind == "importance":
        found = sweep.importance()
        if not found:
            raise UsageError("importance needs 8 trials that ended", got=repr(sweep), hint="continue the sweep")
        chances = sweep.importance_p_values()
        names = [f"{name} (p = {chances[name]:.2f})" for name in found]
        return bars([Bars("Importance of settings", names, [*found.values()], percent=True)])
    if kind == "parallel":
        axes, ranks, _ = parallel_axes(sweep)
        return parallel_coordinates(axes, ranks=ranks, title=f"{len(ranks)} trials, the best in dark blue")
    if kind == "frontier":
        return panels([frontier_panel(sweep, cost)])
    return panels([trials_panel(sweep)])


def with_loss(sweep: SweepOutcome) -> list[Trial]:
    """The trials with a validation loss.

    Raises:
        UsageError: There is none.
    """
    found = [t for t in sweep.trials if t.val_loss is not None and t.state in ("complete", "pruned")]
    if not found:
        raise UsageError("trials are drawn that have a validation loss", got="none", hint="continue the sweep")
    return found


def trials_panel(sweep: SweepOutcome) -> Panel:
    """The validation loss of each trial, and the best so far."""
    found = with_loss(sweep)
    series = list[Series]()
    for color, (state, name) in enumerate((("complete", "completed"), ("pruned", "stopped early"))):
        of_state = [trial for trial in found if trial.state == state]
        if of_state:
            x, y = np.array([trial.number for trial in of_state]), np.array([trial.val_loss for trial in of_state])
            series.append(Series(name, x, y, color=2 * color, points=True, line=False))
    complete = [trial for trial in found if trial.state == "complete"]
    if complete:
        lowest = np.minimum.accumulate([trial.val_loss or math.inf for trial in complete])
        series.append(Series("best so far", np.array([t.number for t in complete]), lowest, color=1))
    return Panel("Validation loss by trial", "trial", "validation loss", series)


def frontier_panel(sweep: SweepOutcome, cost: str) -> Panel:
    """Validation accuracy against a cost, and the trials that none surpasses in both.

    Raises:
        UsageError: No trial ended with both.
    """
    found, frontier = costed(sweep.trials, cost), sweep.frontier(cost)
    if not found:
        raise UsageError("the frontier is of trials that were not stopped early", got="none", hint="continue the sweep")
    label = {"parameters": "parameters", "seconds": "seconds of training"}[cost]
    series = [
        Series(name, *_points(trials, cost), color=color, points=True, line=line)
        for name, trials, color, line in (("trials", found, 2, False), ("frontier", frontier, 1, True))
    ]
    first = [trial for trial in found if trial.number == 0]
    if first:
        series.append(Series("default recipe", *_points(first, cost), color=0, points=True, line=False))
    ticks = _ticks(np.array([trial.result[cost] for trial in found], float))
    return Panel(
        f"By {cost}",
        label,
        "validation accuracy",
        series,
        y_percent=True,
        x_log=bool(ticks),
        x_ticks=ticks,
    )


def frontier_panels(sweep: SweepOutcome) -> list[Panel]:
    """A panel for each cost."""
    return [frontier_panel(sweep, cost) for cost in COSTS]


def parallel_axes(sweep: SweepOutcome) -> tuple[list[Axis], np.ndarray, list[str]]:
    """The axes of parallel coordinates, the rank of each trial in 0..1, and each trial in words.

    Raises:
        UsageError: No trial has a validation loss.
    """
    found = sorted(with_loss(sweep), key=lambda trial: (trial.state != "complete", trial.val_loss))[:SHOWN]
    axes = [_axis(name, values, found) for name, values in sweep.space.settings.items()]
    losses = np.array([trial.val_loss for trial in found], np.float64)
    low, high = float(losses.min()), float(losses.max())
    heights = (losses - low) / (high - low) if high > low else np.zeros(len(losses))
    axes.append(Axis("val_loss", heights, [(0.0, f"{low:.3g}"), (1.0, f"{high:.3g}")]))
    return axes, np.arange(len(found)) / max(len(found) - 1, 1), [in_words(trial) for trial in found]


def in_words(trial: Trial) -> str:
    """A trial in one line."""
    settings = ", ".join(f"{name} {written(value)}" for name, value in trial.settings.items())
    loss = "no val_loss" if trial.val_loss is None else f"val_loss {trial.val_loss:.4f}"
    accuracy: Any = trial.result.get("val_accuracy")
    right = f", val_accuracy {accuracy:.2%}" if isinstance(accuracy, float) else ""
    return f"trial {trial.number} ({trial.state}): {loss}{right}; {settings or 'the default recipe'}"


def _points(trials: Any, cost: str) -> tuple[np.ndarray, np.ndarray]:
    return np.array([t.result[cost] for t in trials], float), np.array(
        [t.result["val_accuracy"] for t in trials], float
    )


def _ticks(costs: np.ndarray) -> list[float]:
    """Where a logarithmic axis has ticks; none where costs are too much alike, or below 1, for one."""
    low, high = float(costs.min()), float(costs.max())
    if low < 0.5 or high < 4 * low:
        return []
    factors = (1, 2, 5) if high < 20 * low else (1, 3) if high < 200 * low else (1,)
    places = [factor * 10.0**power for power in range(10) for factor in factors]
    return [place for place in places if low / 1.1 <= place <= high * 1.1]


def _axis(name: str, values: Range | Choices, trials: list[Trial]) -> Axis:
    drawn = [trial.settings.get(name) for trial in trials]
    if isinstance(values, Choices):
        step = 1 / max(len(values.values) - 1, 1)
        places = {repr(value): number * step for number, value in enumerate(values.values)}
        heights = [math.nan if value is None else places.get(repr(value), math.nan) for value in drawn]
        return Axis(name, np.array(heights), [(number * step, written(v)) for number, v in enumerate(values.values)])

    def scaled(value: float) -> float:
        ends = [math.log(end) if values.log else end for end in (values.low, values.high, value)]
        return (ends[2] - ends[0]) / (ends[1] - ends[0])

    middle = math.sqrt(values.low * values.high) if values.log else (values.low + values.high) / 2
    ticks = [(scaled(v), f"{v:,.0f}" if v >= 1000 else f"{v:.3g}") for v in (values.low, middle, values.high)]
    return Axis(name, np.array([math.nan if value is None else scaled(value) for value in drawn]), ticks)
