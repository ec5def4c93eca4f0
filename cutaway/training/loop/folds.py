"""Trainings of one model on many subsets of the same data, in memory, with programs that are compiled once.

What cross-validation needs: for each fold the model starts from new weights and ends in probabilities of the samples
that were left out. Nothing is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from cutaway.errors import TrainingError
from cutaway.metrics import best_epoch, is_finite
from cutaway.models import initialize, require_jax, reseed, set_weights
from cutaway.training.config import FINITE, TrainingConfig

from .checkpoint import Position
from .device_data import accelerator_memory
from .early_stopping import is_exhausted
from .epoch import EpochRunner
from .evaluation import Evaluation, TrainingData
from .optimizer import make_optimizer
from .step import State, copied
from .trainer import initial_state


@dataclass(frozen=True, eq=False)
class FoldResult:
    """One training of a fold.

    Attributes:
        probabilities: float32 ``(held-out sample, class)``, of samples that the model was not trained on, and of test
            samples, which follow them; or predicted numbers, ``(held-out sample, target)``.
        margins: float32 ``(training sample,)``, probability of the label minus the best other class, during
            training, averaged over the epochs; None of numbers, or if there are too many classes to keep predictions.
        accuracy: Accuracy on the held-out samples, 0..1; R2 of numbers, at most 1.
    """

    probabilities: np.ndarray = field(repr=False)
    margins: np.ndarray | None = field(repr=False)
    accuracy: float


class FoldTrainer:
    """Trains a model on fold after fold; the compiled programs and the memory of the first serve all others.

    Args:
        model: A checked and built model; its weights are overwritten.
        data: The first fold, no smaller in its held-out part than any later one.
        config: Every setting; `seed` is given with each fold, and there is no early stopping.
    """

    def __init__(self, model: keras.Model, data: TrainingData, *, config: TrainingConfig) -> None:
        require_jax()
        steps = config.epochs * -(-data.train // config.batch_size)
        self.model, self.config = model, config
        self.optimizer = make_optimizer(config, steps=steps)
        self.optimizer.build(model.trainable_variables)
        self.epochs = EpochRunner(model, self.optimizer, data=data, config=config, memory=accelerator_memory())
        self.evaluation = Evaluation(model, data, config=config, memory=accelerator_memory())
        self._optimizer_state = copied([variable.value for variable in self.optimizer.variables])

    def train(
        self,
        data: TrainingData,
        *,
        seed: int,
        epochs: int | None = None,
        weights: Mapping[str, np.ndarray] | None = None,
        on_samples: Callable[[int], Any] = lambda _: None,
    ) -> FoldResult:
        """Train on the training samples of a fold, and predict those that are held out, its validation samples.

        Args:
            data: The fold; test samples after those that are held out are predicted as well.
            seed: Random seed of first weights, order and dropout.
            epochs: Number of epochs, if fewer than in the config; a schedule still uses the config.
            weights: First weights by name; they are drawn from the seed if None.
            on_samples: Told after every compiled call how many samples it trained on; what it raises ends the work.

        Raises:
            TrainingError: The loss became NaN or infinite.
        """
        self.epochs.change(data, seed=seed)
        self.evaluation.change(data)
        state, margins, told = self._fresh(seed, weights), np.zeros(data.train, np.float64), 0
        epochs = self.config.epochs if epochs is None else epochs
        for epoch in range(1, epochs + 1):
            done = None
            for done in self.epochs.run(state, epoch, position=Position(), recorded=None):
                state = done.state
                on_samples((epoch - 1) * data.train + done.samples - told)
                told = (epoch - 1) * data.train + done.samples
            assert done is not None  # an epoch yields at least once
            if data.recorded and not data.is_numbers:
                margins += probability_margins(done.recorded, data.y[: data.train])
        probabilities, (held, _) = self.evaluation.measure(state, exact=True)
        if not is_finite(held["loss"]):
            raise TrainingError(
                FINITE["loss"],
                got=f"{held['loss']} on held-out samples",
                hint=f"try a learning_rate below {self.config.learning_rate:g}",
            )
        mean = (margins / epochs).astype(np.float32) if data.recorded and not data.is_numbers else None
        return FoldResult(probabilities, mean, held["r2" if data.is_numbers else "accuracy"])

    def best_epochs(self, data: TrainingData, *, seed: int, patience: int, on_samples: Callable[[int], Any]) -> int:
        """The number of epochs after which the loss of the held-out samples was lowest.

        Args:
            data: See `train`.
            seed: See `train`.
            on_samples: See `train`; it is called with 0.
            patience: Epochs without a lower loss after which the search ends.
        """
        self.epochs.change(data, seed=seed)
        self.evaluation.change(data)
        state, rows = self._fresh(seed), []
        for epoch in range(1, self.config.epochs + 1):
            for done in self.epochs.run(state, epoch, position=Position(), recorded=None):
                state = done.state
                on_samples(0)
            rows.append({"epoch": epoch, "val_loss": self.evaluation.measure(state)[1][0]["loss"]})
            if is_exhausted(rows, patience):
                break
        return best_epoch(rows) or self.config.epochs

    def _fresh(self, seed: int, weights: Mapping[str, np.ndarray] | None = None) -> State:
        if weights is None:
            initialize(self.model, seed)
        else:
            set_weights(self.model, dict(weights))
        reseed(self.model, seed)
        first = initial_state(self.model, self.optimizer)
        return State(first.trainable, first.non_trainable, copied(self._optimizer_state))


def probability_margins(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Probability of each label minus the highest other probability, float32 ``(sample,)`` in -1..1.

    Args:
        probabilities: ``(sample, class)``, float16 or wider.
        labels: int ``(sample,)``.
    """
    rest = probabilities.astype(np.float32)  # a copy
    rows = np.arange(len(labels))
    given = rest[rows, labels]
    rest[rows, labels] = -np.inf
    return given - rest.max(axis=1)
