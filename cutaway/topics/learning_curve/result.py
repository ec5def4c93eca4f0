"""The learning curve of a run: what it would be worth with less data and, by a power law, with more."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cutaway._lazy import public
from cutaway.checks import check_whole
from cutaway.context import RunContext
from cutaway.errors import UsageError
from cutaway.metrics import LEAST_SIZES, Forecast, forecast
from cutaway.progress import ProgressCallback
from cutaway.results.notebook import NotebookDisplay
from cutaway.topics.common.scoring import scored_samples, split_in_words

from .trainings import HeldOutLosses, ShareTrainings

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import BokehLayout, Figure, Panel, Series

FACTORS = (1.0, 2.0, 4.0)
"""Amounts of data for which a forecast is told, in those of the run."""

LEAST_SAMPLES = 2

LEAST_MEASURED, FEW_MEASURED = 2, 30
"""Samples without which nothing can be forecast, and samples below which no forecast is judged."""

WIDE = 0.2
"""Width of a prediction interval of the accuracy from which on it says nothing."""

MATTERS = 0.05
"""Share of the error by which twice the data must lower it to be worth a word."""


@dataclass(frozen=True)
class CurvePoint:
    """One training of a learning curve.

    Attributes:
        samples: Number of training samples.
        share: Their share of all training samples, 0..1.
        seed: Random seed of share, first weights and order; None for the run itself.
        val_accuracy: Accuracy on the validation samples, 0..1.
        val_loss: Their mean of minus the logarithm of the probability of the true class, in nats.
        test_accuracy: Accuracy on the test samples; None where there are none.
        test_loss: As `val_loss`.
    """

    samples: int
    share: float
    seed: int | None
    val_accuracy: float
    val_loss: float
    test_accuracy: float | None
    test_loss: float | None


@public
@dataclass(frozen=True, eq=False)
class LearningCurve(NotebookDisplay):
    """Accuracy and loss by the number of training samples, made by `Run.learning_curve`.

    Attributes:
        split: "test", or "val" where there are no test samples: what forecasts are of.
        samples: Number of its samples.
        train_samples: Number of training samples of the run.
        epochs: Epochs of each training: as many as the run kept.
        points: Each training, the smallest share first; the run itself is the last.
        error: Forecast of the error rate (1 - accuracy), from all points, by amounts of data in those of the run.
        loss: Forecast of the loss.
        check: Forecast of the error rate at the amount of the run, from the shares alone, without the run itself.
    """

    split: str
    samples: int
    train_samples: int
    epochs: int
    points: tuple[CurvePoint, ...] = field(repr=False)
    error: Forecast = field(repr=False)
    loss: Forecast = field(repr=False)
    check: Forecast = field(repr=False)

    def __repr__(self) -> str:
        return (
            f"<LearningCurve on {split_in_words(self.split, self.samples)}: accuracy {self.accuracy:.2%} with "
            f"{self.train_samples:,} training samples; {self.verdict}>"
        )

    @property
    def accuracy(self) -> float:
        """Accuracy of the run itself on the split, 0..1."""
        own = self.points[-1]
        return own.val_accuracy if self.split == "val" or own.test_accuracy is None else own.test_accuracy

    @property
    def agrees(self) -> bool | None:
        """Whether the run itself is where the shares alone predict it: what they say of more data is then credible.

        None where that cannot be judged: of fewer than 30 samples, or where the interval is wider than 20 points.
        """
        if self.samples < FEW_MEASURED or self.check.high[0] - self.check.low[0] > WIDE:
            return None
        return bool(self.check.low[0] <= 1 - self.accuracy <= self.check.high[0])

    @property
    def verdict(self) -> str:
        """Whether more data of the same kind would help, in a few words with numbers."""
        twice = self.summaries()[1]
        said = f"twice the data is expected to give {twice['accuracy']:.2%} ({twice['low']:.2%} to {twice['high']:.2%})"
        if self.samples < FEW_MEASURED:
            few = split_in_words(self.split, self.samples)
            return f"whether more data would help cannot be judged on {few}"
        if twice["high"] - twice["low"] > WIDE:
            return f"whether more data would help cannot be judged: {said}, which is too wide an interval"
        error, least = 1 - self.summaries()[0]["accuracy"], MATTERS * (1 - self.summaries()[0]["accuracy"])
        if error > 0 and twice["gain_low"] > least:
            return f"more data would help: {said}"
        if twice["gain_high"] < least or error == 0:
            return f"more data would hardly help: {said}"
        return f"more data may help: {said}"

    def summaries(self) -> list[dict[str, Any]]:
        """One mapping for the data of the run, twice and four times as many, JSON-able.

        Its keys: times, samples; accuracy, low and high, the 95% prediction interval of one training; gain, the rise of
        the accuracy over that expected with the data of the run, gain_low and gain_high; loss, loss_low and loss_high.
        """
        found: list[dict[str, Any]] = []
        for times in FACTORS:
            i, j = (int(np.flatnonzero(each.at == times)[0]) for each in (self.error, self.loss))
            e, loss = self.error, self.loss
            row = {"times": times, "samples": round(times * self.train_samples), "accuracy": 1 - float(e.error[i])}
            row |= {"low": max(1 - float(e.high[i]), 0.0), "high": 1 - float(e.low[i]), "gain": float(e.gain[i])}
            row |= {"gain_low": float(e.gain_low[i]), "gain_high": float(e.gain_high[i])}
            row |= {"loss": float(loss.error[j]), "loss_low": float(loss.low[j]), "loss_high": float(loss.high[j])}
            found.append(row)
        return found

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row a training, the run itself last.

        Returns:
            Columns samples, share, seed, val_accuracy, val_loss, test_accuracy and test_loss; seed is missing for the
            run itself.
        """
        import pandas

        table: Any = pandas.DataFrame([vars(point) for point in self.points])
        kinds: dict[str, Any] = {"seed": "Int64"} | dict.fromkeys(("test_accuracy", "test_loss"), float)
        return table.astype(kinds)

    def plot(self) -> "Figure":
        """Draw error rate and loss by the number of training samples, with the forecast, as a matplotlib Figure."""
        from cutaway.plots import panels

        return panels(self._panels())

    def bokeh(self) -> "BokehLayout":
        """Draw the same with Bokeh; hovering shows the numbers."""
        from cutaway.plots import panels_bokeh

        return panels_bokeh(self._panels())

    def _panels(self) -> "list[Panel]":
        from cutaway.plots import Panel

        ticks = [t for t in (self.train_samples * 4.0**k for k in range(-3, 2)) if t >= 0.9 * self.points[0].samples]
        name = f"on {split_in_words(self.split, self.samples)}"
        drawn = [(f"Error rate {name}", "error rate", self.error), (f"Loss {name}", "loss in nats", self.loss)]
        return [
            Panel(
                title,
                "training samples",
                label,
                self._series(law),
                x_log=True,
                x_ticks=ticks,
                y_percent=law is self.error,
            )
            for title, label, law in drawn
        ]

    def _series(self, law: Forecast) -> "list[Series]":
        from cutaway.plots import Series

        def values(points: Sequence[CurvePoint]) -> tuple[np.ndarray, np.ndarray]:
            of_val = self.split == "val"
            accuracy = [p.val_accuracy if of_val else p.test_accuracy for p in points]
            loss = [p.val_loss if of_val else p.test_loss for p in points]
            y = np.array(loss, np.float64) if law is self.loss else 1 - np.array(accuracy, np.float64)
            return np.array([p.samples for p in points]), y

        return [
            Series("power law", law.at * self.train_samples, law.error, law.low, law.high, color=2),
            Series("shares", *values(self.points[:-1]), points=True, line=False),
            Series("this run", *values(self.points[-1:]), points=True, line=False, color=1),
        ]


def learning_curve(context: RunContext, *, shares: Any, seeds: int, on_progress: ProgressCallback) -> LearningCurve:
    """Train on shares of the data and look ahead; see `cutaway.Run.learning_curve`."""
    split, total = context.split, len(context.split.train)
    counts = _check_shares(shares, total)
    measured = "test" if len(split.test) else "val"
    if len(split.part(measured)) < LEAST_MEASURED:
        raise UsageError(
            f"a learning curve needs at least {LEAST_MEASURED} test samples, or validation samples without any",
            got=split_in_words(measured, len(split.part(measured))),
            hint="give the data more test samples",
        )
    trainings = ShareTrainings(
        context, counts=counts, seeds=check_whole(seeds, name="seeds", least=1, most=100), on_progress=on_progress
    )
    # what the run itself gives is measured first: it may have diverged
    held = split.part("all").take(slice(total, None))
    (scored,) = scored_samples(context, held, epoch=None)
    own = HeldOutLosses.of(scored, samples=total, seed=None)
    found = [*trainings.run(), own]
    part = slice(len(split.val), None) if len(split.test) else slice(0, len(split.val))
    amounts = np.array([each.samples / total for each in found])
    wrong = np.stack([~each.correct[part] for each in found]).astype(np.float64)
    losses = np.stack([each.log_loss[part] for each in found])
    least, steps = float(amounts.min()), 30
    at = tuple(sorted({least * (FACTORS[-1] / least) ** (step / steps) for step in range(steps)} | {*FACTORS}))
    return LearningCurve(
        split=measured,
        samples=wrong.shape[1],
        train_samples=total,
        epochs=trainings.epochs,
        points=tuple(_point(each, total, val=len(split.val)) for each in found),
        error=forecast(amounts, wrong, at=at),
        loss=forecast(amounts, losses, at=at),
        check=forecast(amounts[:-1], wrong[:-1], at=(1.0,)),
    )


def _point(found: HeldOutLosses, total: int, *, val: int) -> CurvePoint:
    has_test = len(found.correct) > val
    return CurvePoint(
        samples=found.samples,
        share=found.samples / total,
        seed=found.seed,
        val_accuracy=float(found.correct[:val].mean()),
        val_loss=float(found.log_loss[:val].mean(dtype=np.float64)),
        test_accuracy=float(found.correct[val:].mean()) if has_test else None,
        test_loss=float(found.log_loss[val:].mean(dtype=np.float64)) if has_test else None,
    )


def _check_shares(shares: Any, total: int) -> list[int]:
    """The numbers of training samples that shares stand for, ascending.

    Raises:
        UsageError: They are not at least three different shares above 0 and below 1 of enough samples.
    """
    is_list = isinstance(shares, Sequence | np.ndarray) and not isinstance(shares, str)
    given: list[Any] = list(cast("Sequence[Any]", shares)) if is_list else [shares]
    rule = f"shares are at least {LEAST_SIZES} different numbers above 0 and below 1"
    hint = "pass for example shares=(0.1, 0.2, 0.4, 0.8)"
    wrong = [s for s in given if isinstance(s, bool) or not isinstance(s, Real) or not 0 < float(s) < 1]
    if wrong:
        raise UsageError(rule, got=repr(wrong[0]), hint=hint)
    counts = sorted({round(float(share) * total) for share in given} - {total})
    if len(counts) < LEAST_SIZES:
        got = f"{len(counts)} different numbers of {total:,} training samples"
        raise UsageError(rule, got=got, hint=hint)
    if counts[0] < LEAST_SAMPLES:
        raise UsageError(
            f"a share holds at least {LEAST_SAMPLES} training samples", got=f"{counts[0]} of {total:,}", hint=hint
        )
    return counts
