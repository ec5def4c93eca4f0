"""What choosing the best of many models was worth, and how optimistic the loss by which it was chosen is."""

from dataclasses import dataclass

import numpy as np

from cutaway.errors import DataError

from .intervals import CONFIDENCE, Interval

RESAMPLES = 1_000

PART = 50
"""Resamples that are computed together: 50 of 20,000 samples take 4 MB."""


@dataclass(frozen=True)
class SelectionGain:
    """One measure of the chosen model and of a fixed one, on the samples by which the choice was made.

    Attributes:
        chosen: The measure of the chosen model on those samples, which is optimistic.
        corrected: What it is on samples that had no part in the choice.
        optimism: How much too good `chosen` is; 0 if no sign of it was found.
        interval: 95% interval of `corrected`.
        fixed: The measure of the fixed model.
        gain: How much better than the fixed model the way of choosing is on samples that had no part in it.
        gain_interval: 95% interval of `gain`.
    """

    chosen: float
    corrected: float
    optimism: float
    interval: Interval
    fixed: float
    gain: float
    gain_interval: Interval


@dataclass(frozen=True)
class Selection:
    """How much was gained by choosing the model with the lowest mean loss.

    Attributes:
        candidates: Number of models that could be chosen.
        stopped: Number of further models that were given up because of the same samples.
        samples: Number of samples.
        best: Number of the chosen model.
        loss: In the unit of the loss.
        accuracy: In shares of the samples.
    """

    candidates: int
    stopped: int
    samples: int
    best: int
    loss: SelectionGain
    accuracy: SelectionGain


def selection_gain(
    losses: np.ndarray,
    correct: np.ndarray,
    *,
    fixed: int = 0,
    stopped: int = 0,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Selection:
    """Correct the measures of the best of many models for having been chosen by them.

    Samples are drawn with replacement, again and again; each time the model with the lowest mean loss on those drawn is
    chosen, and measured on those that were not drawn. The mean over all draws is what this way of choosing gives.

    Args:
        losses: float ``(sample, model)``, the loss of each model on each sample by which the choice was made.
        correct: bool ``(sample, model)``, whether it was right, or float, the probability that it would be.
        fixed: Number of the model that is compared with, such as one with default settings.
        stopped: How many models, the last ones, were given up early because of these samples. On other samples they
            might have been chosen, so that draws may choose them; they are not the best one.
        seed: Random seed of the draws.
        resamples: Number of draws.

    Raises:
        DataError: There are fewer than two samples, no model, or the shapes differ.

    Source:
        Tsamardinos, Greasidou, Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient and
        accurate cross-validation", Machine Learning 107 (BBC-CV, algorithm 5), here of one set of validation samples;
        Cawley and Talbot 2010, "On Over-fitting in Model Selection", JMLR 11.
    """
    losses = np.asarray(losses, np.float32)
    if losses.ndim != 2 or losses.shape != np.shape(correct) or losses.shape[0] < 2 or losses.shape[1] <= stopped:
        raise DataError(
            "losses and correct are (sample, model) of two samples or more",
            got=f"{losses.shape} and {np.shape(correct)}",
            hint="pass arrays of the same shape",
        )
    right = np.asarray(correct, np.float32)
    samples, models = losses.shape
    random = np.random.default_rng(seed)
    drawn: list[np.ndarray] = []
    for start in range(0, resamples, PART):
        many = min(PART, resamples - start)
        counts = random.multinomial(samples, np.full(samples, 1 / samples), size=many).astype(np.float32)
        chosen = (counts @ losses).argmin(axis=1)
        outside = (counts == 0).astype(np.float32)
        size, each = np.maximum(outside.sum(axis=1), 1), np.arange(many)
        loss, accuracy = ((outside @ values) / size[:, None] for values in (losses, right))
        pairs = (loss[each, chosen], loss[:, fixed], accuracy[each, chosen], accuracy[:, fixed])
        drawn.append(np.stack(pairs))
    loss, fixed_loss, accuracy, fixed_accuracy = np.concatenate(drawn, axis=1).astype(np.float64)
    best = int(losses[:, : models - stopped].mean(axis=0, dtype=np.float64).argmin())
    of_loss = losses[:, [best, fixed]].mean(axis=0, dtype=np.float64)
    of_accuracy = right[:, [best, fixed]].mean(axis=0, dtype=np.float64)
    return Selection(
        candidates=models - stopped,
        stopped=stopped,
        samples=samples,
        best=best,
        loss=_gain(of_loss, loss, fixed_loss - loss, lower=1),
        accuracy=_gain(of_accuracy, accuracy, accuracy - fixed_accuracy, lower=-1),
    )


def _gain(whole: np.ndarray, corrected: np.ndarray, gain: np.ndarray, *, lower: int) -> SelectionGain:
    """One measure of the draws; `lower` is 1 where lower is better, and otherwise -1."""
    return SelectionGain(
        chosen=float(whole[0]),
        corrected=float(corrected.mean()),
        optimism=max(lower * (float(corrected.mean()) - float(whole[0])), 0.0),
        interval=_interval(corrected),
        fixed=float(whole[1]),
        gain=float(gain.mean()),
        gain_interval=_interval(gain),
    )


def _interval(values: np.ndarray) -> Interval:
    ends = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [ends, 1 - ends])
    return float(low), float(high)


def smoothed_losses(probabilities: np.ndarray, labels: np.ndarray, *, label_smoothing: float = 0.0) -> np.ndarray:
    """Cross-entropy of each sample, as Keras computes it.

    Args:
        probabilities: float ``(sample, class)``.
        labels: int ``(sample,)``.
        label_smoothing: Share of a label that is spread over all classes, in [0, 1).

    Returns:
        float64 ``(sample,)``, in nats.
    """
    logs = -np.log(np.clip(np.asarray(probabilities, np.float64), 1e-7, 1 - 1e-7))
    own = logs[np.arange(len(labels)), labels]
    return (1 - label_smoothing) * own + label_smoothing * logs.mean(axis=1)
