"""What simpler models than a network say of samples: a linear model and boosted trees."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from cutaway.parallel import single_threaded_blas, single_threaded_openmp

SIMPLE_MODELS = ("a linear model", "boosted trees")
"""What they are called, with their article."""

STEPS = 100


def simple_predictions(
    x: np.ndarray, y: np.ndarray, others: np.ndarray, *, classes: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Train each simple model, and ask it about other samples.

    Args:
        x: float32 ``(sample, input)``.
        y: int ``(sample,)``, at least two classes.
        others: float32 ``(other sample, input)``.
        classes: Number of classes; some may have no sample.

    Yields:
        Its name, one of `SIMPLE_MODELS`, and its probabilities, float64 ``(other sample, class)``.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    options: dict[str, Any] = {"max_iter": STEPS, "early_stopping": False, "random_state": 0}
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    for name, model in zip(SIMPLE_MODELS, (linear, HistGradientBoostingClassifier(**options)), strict=True):
        with single_threaded_blas(), single_threaded_openmp(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a linear model is judged as far as it came
            fitted: Any = model.fit(x, y)
            p = np.zeros((len(others), classes))
            p[:, fitted.classes_] = fitted.predict_proba(others)
        yield name, p
