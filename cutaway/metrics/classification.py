"""Loss and accuracy of a classifier, from its probabilities."""

from collections.abc import Iterable

import numpy as np

from .probabilities import LEAST

KERAS_LEAST = 1e-7
"""The probability at which losses of Keras are cut off: a sample whose class got less costs 16.1 nats."""


def cross_entropies(of_truth: np.ndarray, *, least: float = KERAS_LEAST) -> np.ndarray:
    """The cross-entropy of each sample without label smoothing, float64 in nats.

    Args:
        of_truth: float, the probability of the true class of each sample, 0..1; the result has its shape.
        least: Probability below which a sample costs no more: with Keras' limit at most 16.1 nats, with `LEAST`, the
            smallest normal number of float32, at most 87.3. A probability of 0 would otherwise cost infinity.
    """
    return -np.log(np.clip(of_truth.astype(np.float64), least, 1))


def largest_share(labels: np.ndarray) -> float | None:
    """The accuracy of always predicting the largest class, 0..1; None without samples, or of numbers.

    Args:
        labels: int (sample,), the true classes; of numbers float (sample, target).
    """
    return float(np.bincount(labels).max() / len(labels)) if len(labels) and labels.ndim == 1 else None


def classification_metrics(parts: Iterable[np.ndarray], labels: np.ndarray) -> dict[str, float] | None:
    """Measure the loss, the cross-entropy and the accuracy of probabilities against the true classes.

    Args:
        parts: Probabilities, float (sample, class), 0..1, of one part of the samples after another: only one part is in
            memory at a time.
        labels: int (sample,), the true classes of all samples.

    Returns:
        "loss" in nats, cut off as in Keras; "accuracy" 0..1; and "cross_entropy" in nats, of the probabilities as they
        are. None if a probability is not finite, as after a training that diverged.
    """
    of_truth, correct, start = [], [], 0
    for probabilities in parts:
        if not np.isfinite(probabilities).all():
            return None
        own = labels[start : start + len(probabilities)]
        of_truth.append(np.take_along_axis(probabilities, own[:, None], axis=1))
        correct.append(probabilities.argmax(axis=1) == own)
        start += len(probabilities)
    given = np.concatenate(of_truth)
    return {
        "loss": float(cross_entropies(given).mean()),
        "accuracy": float(np.concatenate(correct).mean()),
        "cross_entropy": float(cross_entropies(given, least=LEAST).mean()),
    }
