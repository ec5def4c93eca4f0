"""Loss and accuracy of a classifier, from its probabilities."""

import numpy as np

# Keras clips at the same value: a sample whose class got probability 0 costs 16.1 nats, not infinity.
LEAST_PROBABILITY = 1e-7


def classification_metrics(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float] | None:
    """Measure the cross-entropy and the accuracy of probabilities against the true classes.

    Args:
        probabilities: float (sample, class), 0..1.
        labels: int (sample,), the true classes.

    Returns:
        "loss" in nats and "accuracy" 0..1; None if a probability is not finite, as after a training that diverged.
    """
    if not np.isfinite(probabilities).all():
        return None
    of_truth = np.take_along_axis(probabilities, labels[:, None], axis=1).astype(np.float64)
    loss = -np.log(np.clip(of_truth, LEAST_PROBABILITY, 1)).mean()
    return {"loss": float(loss), "accuracy": float((probabilities.argmax(axis=1) == labels).mean())}
