"""What simpler models than a network say of samples: a linear model and boosted trees."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from cutaway.parallel import single_threaded_blas, single_threaded_openmp
from cutaway.task import Task

SIMPLE_MODELS = ("a linear model", "boosted trees")
"""What they are called, with their article."""

STEPS = 100

PENALTIES = np.logspace(-3, 4, 8)
"""Penalties of the weights of a linear model of numbers, of which cross-validation takes one."""

IN_LEAF = 20
"""Samples in a leaf of trees that predict numbers at least, or a tenth of few samples."""


def simple_predictions(
    x: np.ndarray, y: np.ndarray, others: np.ndarray, *, task: Task
) -> Iterator[tuple[str, np.ndarray]]:
    """Train each simple model, and ask it about other samples.

    Args:
        x: float32 ``(sample, input)``.
        y: int ``(sample,)``, at least two classes; or float ``(sample, target)``, the numbers to predict.
        others: float32 ``(other sample, input)``.
        task: What is predicted. Some classes may have no sample. If the logarithm of numbers is learned, no prediction
            is beyond the numbers of the samples.

    Yields:
        Its name, one of `SIMPLE_MODELS`, and its probabilities, float64 ``(other sample, class)``; or the numbers that
        it predicts, float64 ``(other sample, target)``.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    options: dict[str, Any] = {"max_iter": STEPS, "early_stopping": False, "random_state": 0}
    if task.is_numbers:
        y, options["min_samples_leaf"] = np.log(y) if task.is_log else y, max(1, min(IN_LEAF, len(y) // 10))
        linear, trees = RidgeCV(PENALTIES), MultiOutputRegressor(HistGradientBoostingRegressor(**options))
    else:
        linear, trees = LogisticRegression(max_iter=1000), HistGradientBoostingClassifier(**options)
    for name, model in zip(SIMPLE_MODELS, (make_pipeline(StandardScaler(), linear), trees), strict=True):
        with single_threaded_blas(), single_threaded_openmp(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a linear model is judged as far as it came
            fitted: Any = model.fit(x, y)
            if task.is_numbers:
                found = fitted.predict(others).reshape(len(others), -1)  # ridge leaves out the axis of one target
                found = np.exp(found.clip(y.min(axis=0), y.max(axis=0))) if task.is_log else found
            else:
                found = np.zeros((len(others), len(task.class_names)))
                found[:, fitted.classes_] = fitted.predict_proba(others)
        yield name, found
