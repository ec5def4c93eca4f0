"""Trainings of a run's model on shares of its training samples, each kept as soon as it is there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.cache import cached
from cutaway.context import RunContext
from cutaway.data import Table, stratified_sample
from cutaway.errors import UsageError
from cutaway.metrics import ScoredSamples
from cutaway.progress import Progress, ProgressCallback
from cutaway.training import GIVEN, fold_trainer, recorded_config, sample_weights

if TYPE_CHECKING:
    from cutaway.training import FoldTrainer, TrainingConfig, TrainingData


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
    log_loss: np.ndarray = field(repr=False)
    correct: np.ndarray = field(repr=False)

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
        on_progress: Told of the samples that were trained on; what it raises ends the work, and what was trained is
            kept.

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
                "a learning curve trains a run's model again with its settings, which are known of runs that cutaway "
                "trained",
                got=f"{context.path.name}, which was recorded",
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
        """Train what is not kept yet, the smallest share first.

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
        given = context.loaded.weights if isinstance(context.loaded, Table) else None
        if context.manifest.sample_weight and given is None:
            raise UsageError(
                "a run with sample weights is trained again with them, and a run folder does not keep them",
                got=context.path.name,
                hint="put them into a weight column of a table",
            )
        return sample_weights(given, data=context.data, split=context.split, per_class=self.config.class_weight)

    def _report(self, samples: int, count: int) -> None:
        """Report that N more samples were trained on; cancels the work where that is asked for."""
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
