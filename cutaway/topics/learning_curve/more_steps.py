"""What more steps do without more data: larger shares also take more steps, and the two must not be confused."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cutaway.metrics import Interval, mean_interval

from .trainings import HeldOutLosses

TWICE = (1.5, 3.0)
"""How many times as many samples one share may hold as another for both to tell what more steps do."""

STEPS_MATTER = 0.5
"""Part of what more data gave from which on, if more steps alone give it, more data is not advised."""


@dataclass(frozen=True)
class MoreSteps:
    """What more steps do without more data: a share that was trained for more epochs, against one with more data.

    Both take the same number of steps.

    Attributes:
        samples: Training samples of the share.
        more_samples: Training samples of the larger share.
        epochs: Epochs of the longer training.
        gain: Fall of the loss by more epochs, in nats.
        interval: Its 95% interval, of the samples that are measured.
        data_gain: Fall of the loss by more data.
    """

    samples: int
    more_samples: int
    epochs: int
    gain: float
    interval: Interval
    data_gain: float

    @property
    def explain(self) -> bool:
        """Whether more steps alone give half of what more data gives, or more, and not by chance."""
        return self.interval[0] > 0 and self.gain >= STEPS_MATTER * self.data_gain

    def sentence(self) -> str:
        """What more steps gave, and what more data."""
        share = f"{self.samples:,} training samples"
        return (
            f"More data also means more steps: from {share} to {self.more_samples:,} the loss changes by "
            f"{-self.data_gain:+.4f}, and with {share} for {self.epochs:,} epochs instead by {-self.gain:+.4f} "
            f"(95% interval {-self.interval[1]:+.4f} to {-self.interval[0]:+.4f})."
        )


def about_twice(counts: Sequence[int]) -> tuple[int, int] | None:
    """The largest number of samples of which there is about twice as many, and that number."""
    pairs = [(few, many) for few in counts for many in counts if TWICE[0] <= many / few <= TWICE[1]]
    return max(pairs, default=None)


def more_steps(trained: Sequence[HeldOutLosses], few: int, many: int, *, epochs: int, part: slice) -> MoreSteps:
    """Compare a share with more steps and a share with more data.

    Args:
        trained: All trainings.
        few: Training samples of the share that was trained for more epochs as well.
        many: Training samples of the larger share.
        epochs: Epochs of the run, for which the larger share was trained.
        part: The samples that are measured.
    """

    def mean_losses(samples: int, *, is_longer: bool) -> np.ndarray:
        """Loss of each sample in the mean of the seeds."""
        chosen = [e for e in trained if e.samples == samples and (e.epochs != epochs) == is_longer]
        return np.stack([each.log_loss[part] for each in chosen]).mean(axis=0, dtype=np.float64)

    before, longer = mean_losses(few, is_longer=False), mean_losses(few, is_longer=True)
    data_gain = float((before - mean_losses(many, is_longer=False)).mean())
    gain, interval = float((before - longer).mean()), mean_interval(before - longer)
    return MoreSteps(few, many, round(epochs * many / few), gain, interval, data_gain)
