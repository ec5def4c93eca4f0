"""The learning curve of a run: what it would be worth with less data and, by a power law, with more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.cache import CachedResult, cached
from cutaway.context import RunContext
from cutaway.data import Table as DataTable
from cutaway.data import stratified_sample
from cutaway.errors import Hint, UsageError
from cutaway.metrics import LEAST_SIZES, Forecast, ScoredSamples, forecast
from cutaway.progress import Progress, ProgressCallback
from cutaway.results.plain import plain
from cutaway.results.result import Result
from cutaway.results.table import Interval, Table, value
from cutaway.results.units import COUNT, POINTS_WITH_LIMITS, Unit, decimals, interval, share
from cutaway.topics.common.scoring import scored_samples, split_in_words
from cutaway.training import GIVEN, fold_trainer, recorded_config, sample_weights
from cutaway.words import counted, percent

from .options import LearningCurveOptions

if TYPE_CHECKING:
    import pandas

    from cutaway.plots import Panel, Series
    from cutaway.training import FoldTrainer, TrainingConfig, TrainingData

FACTORS = (1.0, 2.0, 4.0)
"""Amounts of data to give a forecast for, as multiples of the run's."""

LEAST_SAMPLES = 2

LEAST_MEASURED, FEW_MEASURED = 2, 30
"""Samples without which nothing can be forecast, and samples below which no forecast is judged."""

WIDE = 0.2
"""Width of a prediction interval of the accuracy that makes it useless."""

MATTERS = 0.05
"""Relative drop of the error with twice the data that is worth mentioning."""

_LOSS = "Mean of minus the logarithm of the probability of the true class, in nats."


def _seed(seed: int | None) -> str:
    return "this run" if seed is None else str(seed)


def _times(times: float) -> str:
    return f"{times:g}x"


_SHARE = share()
_SEED = Unit("whole number, or none for the run itself", _seed)
_TIMES = Unit("number", _times)


@dataclass(frozen=True)
class CurvePoint:
    """One training of a learning curve.

    Attributes:
        samples: Number of training samples.
        share: Their share of all training samples, 0..1.
        seed: Random seed of share, first weights and order; None for the run itself.
        val_accuracy: Accuracy on the validation samples, 0..1.
        val_loss: Their mean of minus the logarithm of the probability of the true class, in nats.
        test_accuracy: Accuracy on the test samples; None if there are none.
        test_loss: See `val_loss`.
    """

    samples: int = value("Samples", COUNT, "Training samples.")
    share: float = value("Share", _SHARE, "Their share of all training samples.", shown=False)
    seed: int | None = value("Seed", _SEED, "Random seed of share, first weights and order.")
    val_accuracy: float = value("Val acc.", _SHARE, "Share of the validation samples that is predicted correctly.")
    val_loss: float = value("Val loss", decimals(4), _LOSS)
    test_accuracy: float | None = value("Test acc.", _SHARE, "Share of the test samples that is predicted correctly.")
    test_loss: float | None = value("Test loss", decimals(4), _LOSS)


@dataclass(frozen=True)
class ForecastRow:
    """What is expected of some amount of data."""

    times: float = value("Data", _TIMES, "Amount of data, as a multiple of the run's.")
    samples: int = value("Samples", COUNT, "Training samples.")
    accuracy: Interval = value(
        "Accuracy",
        _SHARE,
        "Expected share of samples that is predicted correctly.",
        limits=("95% interval", "The 95% prediction interval of one training."),
        digits=2,
        names=("accuracy", "low", "high"),
    )
    gain: Interval = value(
        "Gain",
        POINTS_WITH_LIMITS,
        "Expected rise over the accuracy with the data of the run, in points, with its 95% interval.",
    )
    loss: float = value("Loss", decimals(4), f"Expected. {_LOSS}")
    loss_low: float = value("Loss from", decimals(4), "Lower end of its 95% prediction interval.", shown=False)
    loss_high: float = value("Loss to", decimals(4), "Upper end.", shown=False)


@public
@dataclass(frozen=True, eq=False, repr=False)
class LearningCurve(Result):
    """Accuracy and loss by the number of training samples, made by `Run.learning_curve`.

    Attributes:
        split: The split that forecasts are about: "test", or "val" if there are no test samples.
        samples: Number of its samples.
        train_samples: Number of training samples of the run.
        epochs: Epochs of each training: as many as the run kept.
        points: Each training, the smallest share first; the run itself is the last.
        error: Forecast of the error rate (1 - accuracy), from all points, for multiples of the run's data.
        loss: Forecast of the loss.
        check: Forecast of the error rate with the data of the run, from the shares alone, without the run itself.
    """

    split: str
    samples: int
    train_samples: int
    epochs: int
    points: tuple[CurvePoint, ...]
    error: Forecast
    loss: Forecast
    check: Forecast

    def line(self) -> str:
        """A one-line summary."""
        return (
            f"LearningCurve on {split_in_words(self.split, self.samples)}: accuracy {percent(self.accuracy)} with "
            f"{self.train_samples:,} training samples; {self.verdict}"
        )

    @property
    def accuracy(self) -> float:
        """Accuracy of the run itself on the split, 0..1."""
        own = self.points[-1]
        return own.val_accuracy if self.split == "val" or own.test_accuracy is None else own.test_accuracy

    @property
    def agrees(self) -> bool | None:
        """Whether the shares alone predict the run correctly: what they say about more data is then credible.

        None if that cannot be judged: with fewer than 30 samples, or an interval wider than 20 points.
        """
        if self.samples < FEW_MEASURED or self.check.high[0] - self.check.low[0] > WIDE:
            return None
        return bool(self.check.low[0] <= 1 - self.accuracy <= self.check.high[0])

    @property
    def verdict(self) -> str:
        """Whether more data of the same kind would help, in a few words with numbers."""
        same, twice, _ = self._expected()
        accuracy, low, high = twice.accuracy
        said = f"twice the data is expected to give {percent(accuracy)} ({interval(2).text(low, high)})"
        if self.samples < FEW_MEASURED:
            few = split_in_words(self.split, self.samples)
            return f"whether more data would help cannot be judged on {few}"
        if high - low > WIDE:
            return f"whether more data would help cannot be judged: {said}, which is too wide an interval"
        error = 1 - same.accuracy.value
        if error > 0 and twice.gain.low > MATTERS * error:
            return f"more data would help: {said}"
        if twice.gain.high < MATTERS * error or error == 0:
            return f"more data would hardly help: {said}"
        return f"it is unclear whether more data would help: {said}"

    def summaries(self) -> list[dict[str, Any]]:
        """JSON-able mappings for one, two and four times the data of the run.

        Its keys: times, samples; accuracy, low and high, the 95% prediction interval of one training; gain, the rise of
        the accuracy over that expected with the data of the run, gain_low and gain_high; loss, loss_low and loss_high.
        """
        return Table.of(ForecastRow, self._expected()).records()

    def _expected(self) -> list[ForecastRow]:
        found: list[ForecastRow] = []
        for times in FACTORS:
            i, j = (int(np.flatnonzero(each.at == times)[0]) for each in (self.error, self.loss))
            e, loss = self.error, self.loss
            accuracy = Interval(1 - float(e.error[i]), max(1 - float(e.high[i]), 0.0), 1 - float(e.low[i]))
            gain = Interval(float(e.gain[i]), float(e.gain_low[i]), float(e.gain_high[i]))
            losses = float(loss.error[j]), float(loss.low[j]), float(loss.high[j])
            found.append(ForecastRow(times, round(times * self.train_samples), accuracy, gain, *losses))
        return found

    def to_json(self) -> dict[str, Any]:
        """The trainings, and the forecast for more data."""
        given = ("split", "samples", "train_samples", "epochs", "points", "verdict")
        return self._plain(*given) | {
            "forecast": self.summaries(),
            "check": {**plain(self.check), "accuracy": self.accuracy, "agrees": self.agrees},
        }

    def table(self) -> Table:
        """One row for each training, the run itself last."""
        epochs = counted(self.epochs, "epoch")
        title = f"Trained on shares of the training samples, {epochs} each"
        return Table.of(CurvePoint, self.points, title=title)

    def tables(self) -> tuple[Table, ...]:
        """The tables shown in a terminal."""
        more = self._expected()[1:]  # the run's own accuracy was measured
        title = f"Expected of more data on {self.split} samples, by a power law"
        verdict = f"{self.verdict[0].upper()}{self.verdict[1:]}."
        notes = (f"{self._checked()}.", verdict)
        return self.table(), Table.of(ForecastRow, more, title=title, notes=notes)

    def _checked(self) -> str:
        """Whether the shares alone forecast what the run itself has."""
        expected, low, high = (1 - float(end[0]) for end in (self.check.error, self.check.high, self.check.low))
        agrees = {
            True: "so the forecast can be used for this number of epochs",
            False: "so the forecast cannot be relied on",
            None: "but the samples are too few to check the forecast"
            if self.samples < FEW_MEASURED
            else "but this interval is too wide to check the forecast",
        }[self.agrees]
        span = f"{percent(expected)} ({interval(2).text(max(low, 0), high)})"
        return f"Check: the smaller trainings predict {span} for this run; it has {percent(self.accuracy)}, {agrees}"

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row per training, the run itself last; its seed is missing."""
        kinds: dict[str, Any] = {"seed": "Int64", "test_accuracy": float, "test_loss": float}
        return super().to_pandas().astype(kinds)

    def panels(self) -> "list[Panel]":
        """Error rate and loss by the number of training samples, with the forecast."""
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


@dataclass(frozen=True, eq=False)
class HeldOutLosses:
    """What a training gives on the validation samples, which come first, and the test samples.

    Attributes:
        samples: Number of training samples.
        seed: Random seed of the share, first weights and order; None for the run itself.
        log_loss: float32 ``(sample,)``, minus the logarithm of the probability of the true class.
        correct: bool ``(sample,)``, whether it is predicted.
    """

    samples: int
    seed: int | None
    log_loss: np.ndarray
    correct: np.ndarray

    @classmethod
    def of(cls, scored: ScoredSamples, *, samples: int, seed: int | None) -> "HeldOutLosses":
        """What scored samples say."""
        return cls(samples, seed, scored.log_loss.astype(np.float32), scored.correct)


class ShareTrainings:
    """Trains a run's model on shares of its training samples.

    Everything is as in the run: settings, number of epochs (as many as it kept), validation and test samples, weights
    of samples. A schedule of the learning rate has the length that it has for this many samples. First weights are
    drawn from the seed, or are those that were given with the run's model.

    Args:
        context: The run.
        counts: Numbers of training samples, ascending.
        seeds: Number of trainings of each.
        on_progress: Called with the number of samples that were trained on; an exception from it ends the work, and
            finished trainings are kept.

    Raises:
        UsageError: The run was not trained by cutaway, or had sample weights, which a run folder does not keep.
        RunError: Its settings are damaged.
    """

    def __init__(
        self,
        context: RunContext,
        *,
        counts: Sequence[int],
        seeds: int,
        on_progress: ProgressCallback,
    ) -> None:
        manifest = context.manifest
        if manifest.origin != "training" or not context.opens:
            raise UsageError(
                f"{context.path.name} was recorded from another training, so it cannot be trained again here",
                hint="in Python, train its model with cutaway.train(run.model(), run.data), and ask that run"
                if context.opens
                else "train a model that opens with cutaway.train",
            )
        self.context, self.counts, self.seeds, self.on_progress = context, counts, seeds, on_progress
        self.config: TrainingConfig = recorded_config(manifest.config)
        self.epochs = manifest.kept_epoch or self.config.epochs
        self.labels = context.data.y(context.split.train)
        self.weight = self._weight()
        self._first = context.snapshot(0) if manifest.first_weights == GIVEN else None
        self._whole = context.split.part("all")
        self._done = self._trained = 0  # samples of finished trainings, and of the one under way
        self._ended = False

    def run(self) -> list[HeldOutLosses]:
        """Train the missing shares, the smallest first.

        Raises:
            TrainingError: A training diverged.
            Canceled: `on_progress` raised it.
        """
        found, decides = list[HeldOutLosses](), self._decides()
        for count in self.counts:
            trainer: FoldTrainer | None = None
            for seed in range(self.seeds):
                place = cached("learning", decides, count, seed, method=1)
                self._report(0, count)
                kept = place.read()
                if kept is None:
                    drawn = stratified_sample(self.labels, count, seed=seed)
                    data = self._data(drawn)
                    trainer = trainer or fold_trainer(self.context.spec, data, config=self.config)
                    kept = self._train(trainer, data, seed=seed)
                    place.write(kept)
                found.append(kept)
                self._done, self._trained = self._done + count * self.epochs, 0
                self._report(0, count)
        return found

    def _train(self, trainer: "FoldTrainer", data: "TrainingData", *, seed: int) -> HeldOutLosses:
        def on_samples(samples: int) -> None:
            self._report(samples, data.train)

        found = trainer.train(data, seed=seed, epochs=self.epochs, weights=self._first, on_samples=on_samples)
        scored = ScoredSamples.of(found.probabilities, data.y[data.train :])
        return HeldOutLosses.of(scored, samples=data.train, seed=seed)

    def _data(self, drawn: np.ndarray) -> "TrainingData":
        from cutaway.training import TrainingData

        context = self.context
        held = np.arange(len(self.labels), len(self._whole))  # train, val and test are in this order
        ids = self._whole.take(np.concatenate([drawn, held]))
        return TrainingData(
            x=context.data.x(ids) if context.data.in_memory else context.data.rows(ids),
            y=context.data.y(ids),
            train=len(drawn),
            val=len(context.split.val),
            scale=context.data.scale,
            classes=context.data.classes,
            weight=None if self.weight is None else self.weight[drawn],
        )

    def _weight(self) -> np.ndarray | None:
        """What each training sample weighs, float32 ``(training sample,)``, or None."""
        context = self.context
        given = context.loaded.weights if isinstance(context.loaded, DataTable) else None
        if context.manifest.sample_weight and given is None:
            raise UsageError(
                f"{context.path.name} cannot be trained again: a run folder does not keep its sample weights",
                hint="put them into a weight column of a table",
            )
        return sample_weights(given, data=context.data, split=context.split, per_class=self.config.class_weight)

    def _report(self, samples: int, count: int) -> None:
        """Report that N more samples were trained on; cancels the work on request."""
        self._trained += samples
        total = self.seeds * self.epochs * sum(self.counts)
        done = min(self._done + self._trained, total)
        if self._ended:
            return
        self._ended = done == total  # said once
        note = f"{count:,} of {len(self.labels):,} training samples"
        self.on_progress(Progress("learning curve", done, total, "samples", note))

    def _decides(self) -> list[Any]:
        """All that decides the result of a training, but its number of samples and its seed."""
        manifest, data = self.context.manifest, self.context.data
        recorded = [data.sha256, data.scale, self.context.spec, manifest.split, self.epochs, self.config.model_dump()]
        return [*recorded, self.weight, self._first]


def learning_curve(
    context: RunContext, options: LearningCurveOptions, *, on_progress: ProgressCallback
) -> LearningCurve:
    """Train on shares of the data and look ahead; see `cutaway.Run.learning_curve`."""
    split, total = context.split, len(context.split.train)
    counts = _check_shares(options.shares, total)
    measured = split.held_out
    if len(split.part(measured)) < LEAST_MEASURED:
        raise UsageError(
            f"a learning curve needs at least {LEAST_MEASURED} test samples, or as many validation samples",
            got=split_in_words(measured, len(split.part(measured))),
            hint="give the data more test samples",
        )
    trainings = ShareTrainings(context, counts=counts, seeds=options.seeds, on_progress=on_progress)
    # the run itself is measured first: it may have diverged
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
    curve = LearningCurve(
        split=measured,
        samples=wrong.shape[1],
        train_samples=total,
        epochs=trainings.epochs,
        points=tuple(_point(each, total, val=len(split.val)) for each in found),
        error=forecast(amounts, wrong, at=at),
        loss=forecast(amounts, losses, at=at),
        check=forecast(amounts[:-1], wrong[:-1], at=(1.0,)),
    )
    said_of_more_data(context).write(curve.verdict)
    return curve


def said_of_more_data(context: RunContext) -> CachedResult:
    """What the last learning curve of a run said of more data, in the cache.

    Raises:
        CutawayError: The run has no weights.
    """
    return cached("more-data", context.folder.identity(context.epoch()), method=1)


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


def _check_shares(shares: Sequence[float], total: int) -> list[int]:
    """The numbers of training samples that shares stand for, ascending.

    Raises:
        UsageError: They are not at least three different shares of enough samples.
    """
    counts = sorted({round(share * total) for share in shares} - {total})
    hint = Hint("pass for example {}", shares=(0.1, 0.2, 0.4, 0.8))
    if len(counts) < LEAST_SIZES:
        raise UsageError(
            f"a learning curve needs at least {LEAST_SIZES} different shares",
            got=f"{len(counts)} different numbers of {total:,} training samples",
            hint=hint,
        )
    if counts[0] < LEAST_SAMPLES:
        raise UsageError(
            f"the smallest share must hold at least {LEAST_SAMPLES} training samples",
            got=f"{counts[0]} of {total:,}",
            hint=hint,
        )
    return counts
