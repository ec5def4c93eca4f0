"""Accuracy of one or two runs under increasing perturbations of the samples or the weights."""

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import meant
from cutaway.errors import UnknownNameError
from cutaway.metrics import paired_difference_interval, wilson_interval
from cutaway.results.result import Result
from cutaway.results.table import Table, column
from cutaway.results.units import GENERAL, POINTS_WITH_LIMITS, SHARE_WITH_LIMITS, TEXT, percent

if TYPE_CHECKING:
    from cutaway.plots import Panel

_ACCURACY = "Share of the samples that is predicted correctly, with its 95% interval (Wilson)."

CURVES = (
    column("perturbation", "Perturbation", TEXT, "What is done to the samples, or to the weights."),
    column("parameter", "Parameter", TEXT, "What the severity is, with its unit."),
    column("severity", "Severity", GENERAL, "How much of it is done; at the first severity, nothing is changed."),
    column("run", "Run", TEXT, "The name of the run folder."),
    column("accuracy low high", "Accuracy", SHARE_WITH_LIMITS, _ACCURACY),
)
"""Accuracy by perturbation and severity, a row for each run."""

DIFFERENCES = (
    column(
        "difference difference_low difference_high",
        "B - A",
        POINTS_WITH_LIMITS,
        "Accuracy of the second run minus that of the first, in percentage points, with its 95% interval (Tango).",
    ),
)
"""What a table of two runs has as well, in the rows of the second."""

SIDE_BY_SIDE = (
    CURVES[2],
    column("accuracy_a low_a high_a", "A", SHARE_WITH_LIMITS, f"Of the first run: {_ACCURACY}"),
    column("accuracy_b low_b high_b", "B", SHARE_WITH_LIMITS, f"Of the second run: {_ACCURACY}"),
    *DIFFERENCES,
)
"""Shown in a terminal for two runs: a row for each severity."""


@dataclass(frozen=True, eq=False)
class RobustnessCurve:
    """How many samples are predicted correctly at each severity of one perturbation.

    Attributes:
        perturbation: Its name, such as "noise".
        parameter: What the severity is, with its unit.
        severities: Those that were measured; at the first, nothing is changed.
        samples: Number of samples.
        correct: int64 ``(run, severity)``, how many of them are predicted correctly.
        gained: int64 ``(severity,)``, how many of them only the second run predicts correctly; None of a single run.
        lost: int64 ``(severity,)``, how many only the first does; None of a single run.
    """

    perturbation: str
    parameter: str
    severities: tuple[float, ...]
    samples: int
    correct: np.ndarray = field(repr=False)
    gained: np.ndarray | None = field(default=None, repr=False)
    lost: np.ndarray | None = field(default=None, repr=False)

    @property
    def accuracy(self) -> np.ndarray:
        """float64 ``(run, severity)``, the share of the samples that is predicted correctly."""
        return self.correct / self.samples

    @property
    def intervals(self) -> np.ndarray:
        """float64 ``(run, severity, 2)``, Wilson's 95% interval of each accuracy."""
        return np.array([[wilson_interval(k, self.samples) for k in of_run] for of_run in self.correct.tolist()])

    @property
    def differences(self) -> np.ndarray | None:
        """float64 ``(severity, 3)``: accuracy of the second run minus the first, and Tango's 95% interval of it.

        None of a single run.
        """
        if self.gained is None or self.lost is None:
            return None
        pairs = list(zip(self.gained.tolist(), self.lost.tolist(), strict=True))
        return np.array(
            [((b - c) / self.samples, *paired_difference_interval(b, c, self.samples)) for b, c in pairs], np.float64
        )

    @property
    def positions(self) -> tuple[float, ...]:
        """Where the severities are on an axis: at their values if these ascend, otherwise at equal distances."""
        ascend = all(a < b for a, b in itertools.pairwise(self.severities))
        return self.severities if ascend else tuple(map(float, range(len(self.severities))))


@public
@dataclass(frozen=True, eq=False, repr=False)
class Robustness(Result):
    """Accuracy of one or two runs under increasing perturbations, made by `Run.robustness`.

    Attributes:
        runs: Name of the run folder, or of both.
        epochs: Number of the epoch of each.
        split: The split whose samples were predicted.
        samples: Number of samples.
        seed: Random seed of the sample and of everything random in the perturbations.
        curves: One for each perturbation.
        left_out: Name of each perturbation that does not apply -> why.
    """

    runs: tuple[str, ...]
    epochs: tuple[int, ...]
    split: str
    samples: int
    seed: int
    curves: tuple[RobustnessCurve, ...] = field(repr=False)
    left_out: dict[str, str] = field(repr=False)

    def line(self) -> str:
        """A one-line summary."""
        head = f"Robustness of {' and '.join(self.runs)} on {self.samples:,} {self.split} samples"
        if not self.curves:
            return f"{head}: no perturbation applies"
        lowest = min(self.curves, key=lambda curve: int(curve.correct[0].min()))
        at = int(lowest.correct[0].argmin())
        before, after = (
            " and ".join(percent(share) for share in accuracy[:, severity].tolist())
            for accuracy, severity in ((self.curves[0].accuracy, 0), (lowest.accuracy, at))
        )
        return f"{head}: accuracy {before}, lowest at {lowest.perturbation} {lowest.severities[at]:g}: {after}"

    def curve(self, perturbation: str) -> RobustnessCurve:
        """The curve of one perturbation.

        Raises:
            UnknownNameError: It was not measured; the reason is named, if it does not apply.
        """
        for curve in self.curves:
            if curve.perturbation == perturbation:
                return curve
        why, known = self.left_out.get(perturbation), [curve.perturbation for curve in self.curves]
        raise UnknownNameError(
            f"measured perturbations are {', '.join(known)}",
            got=f'"{perturbation}"' + (f" ({why})" if why else ""),
            hint="choose one of these" if why else meant(perturbation, known),
        )

    def summaries(self) -> list[dict[str, Any]]:
        """One mapping for each perturbation, severity and run, JSON-able.

        Its keys: perturbation, parameter, severity, run, accuracy, low and high, the limits of the 95% interval. The
        second run has difference, difference_low and difference_high as well: its accuracy minus that of the first.
        """
        return [row for curve in self.curves for row in _rows(curve, self.runs)]

    def summary(self) -> dict[str, Any]:
        """Everything as one JSON-able mapping."""
        return {
            "runs": list(self.runs),
            "epochs": list(self.epochs),
            "split": self.split,
            "samples": self.samples,
            "seed": self.seed,
            "curves": self.summaries(),
            "left_out": dict(self.left_out),
        }

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway robustness --json`` answers."""
        return self.summary()

    def table(self) -> Table:
        """One row for each perturbation, severity and run; for two runs with their difference."""
        return Table.of(CURVES if len(self.runs) == 1 else (*CURVES, *DIFFERENCES), self.summaries())

    def tables(self) -> tuple[Table, ...]:
        """A table for each perturbation; two runs stand side by side."""
        return tuple(self._table_of(curve) for curve in self.curves)

    def notes(self) -> tuple[str, ...]:
        """Why some perturbations do not apply, and what the numbers mean."""
        left_out = (f"{name} does not apply: {why}." for name, why in self.left_out.items())
        return (*left_out, f"Accuracy of {self.samples:,} {self.split} samples, with 95% intervals, in percent.")

    def panels(self) -> "list[Panel]":
        """Accuracy by severity, a panel for each perturbation."""
        return [self._panel(curve) for curve in self.curves]

    def _table_of(self, curve: RobustnessCurve) -> Table:
        rows, title = _rows(curve, self.runs), f"{curve.perturbation}: {curve.parameter}"
        if len(self.runs) == 1:
            return Table.of(CURVES, rows, title=title).only("Severity", "Accuracy")
        beside = [
            {f"{name}_a": value for name, value in a.items()} | {f"{name}_b": value for name, value in b.items()} | b
            for a, b in zip(rows[::2], rows[1::2], strict=True)
        ]
        return Table.of(SIDE_BY_SIDE, beside, title=title)

    def _panel(self, curve: RobustnessCurve) -> "Panel":
        from cutaway.plots import Panel, Series

        x = np.asarray(curve.positions, np.float64)
        series = [
            Series(run, x, accuracy, intervals[:, 0], intervals[:, 1], color=color)
            for color, (run, accuracy, intervals) in enumerate(
                zip(self.runs, curve.accuracy, curve.intervals, strict=True)
            )
        ]
        return Panel(
            curve.perturbation.replace("_", " ").capitalize(),
            curve.parameter,
            "accuracy",
            series,
            y_percent=True,
            y_limits=(0, 1.02),
            x_ticks=x.tolist(),
            tick_names=[f"{severity:g}" for severity in curve.severities],
        )


def _rows(curve: RobustnessCurve, runs: tuple[str, ...]) -> list[dict[str, Any]]:
    """The rows of one curve; see `Robustness.summaries`."""
    accuracy, intervals, differences = curve.accuracy.tolist(), curve.intervals.tolist(), curve.differences
    rows: list[dict[str, Any]] = []
    for at, severity in enumerate(curve.severities):
        about = {"perturbation": curve.perturbation, "parameter": curve.parameter, "severity": float(severity)}
        for number, run in enumerate(runs):
            low, high = intervals[number][at]
            rows.append({**about, "run": run, "accuracy": accuracy[number][at], "low": low, "high": high})
        if differences is not None:
            names = ("difference", "difference_low", "difference_high")
            rows[-1] |= dict(zip(names, differences[at].tolist(), strict=True))
    return rows
