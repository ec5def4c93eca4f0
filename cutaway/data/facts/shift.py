"""Whether two sets of samples look alike: how well a classifier tells which set a sample is from."""

from dataclasses import dataclass

import numpy as np

from cutaway.parallel import single_threaded_openmp

ROWS = 2000
"""Samples of each set at most."""

LEAST = 50
"""Samples of each set at least."""

COMPONENTS = 30
"""Principal components that the classifier sees at most."""


@dataclass(frozen=True)
class Shift:
    """How well two sets are told apart.

    Attributes:
        auc: Area under the ROC curve, out of sample: 0.5 where they are alike, 1 where they are told apart always.
        error: Its standard error.
        samples: Samples of both sets.
    """

    auc: float
    error: float
    samples: int


def tell_apart(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> Shift | None:
    """Train a classifier to tell two sets of samples apart, and judge it on samples that it was not trained on.

    Args:
        first: float32 ``(sample, input)``.
        second: float32 ``(sample, input)``.
        seed: Random seed of the samples that are taken and of the folds.

    Returns:
        None where one of them has fewer than `LEAST` samples.

    Source:
        Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests"; Hanley and McNeil 1982, "The meaning and use
        of the area under a ROC curve", for the standard error.
    """
    from sklearn.decomposition import PCA
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    if min(len(first), len(second)) < LEAST:
        return None
    random = np.random.default_rng(seed)
    parts = [part[random.permutation(len(part))[:ROWS]] for part in (first, second)]
    x = np.concatenate(parts).astype(np.float32)  # a copy, and no wider: samples may be large
    y = np.repeat([0, 1], [len(part) for part in parts])
    x -= x.mean(axis=0, dtype=np.float64).astype(np.float32)
    x /= np.maximum(np.sqrt(np.square(x).mean(axis=0)), 1e-9)
    if x.shape[1] > COMPONENTS:
        x = PCA(COMPONENTS, random_state=0).fit_transform(x)
    model = HistGradientBoostingClassifier(max_iter=50, random_state=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    with single_threaded_openmp():  # at most 4,000 rows of 30 columns
        found = np.asarray(cross_val_predict(model, x, y, cv=folds, method="predict_proba"))[:, 1]
    auc = float(roc_auc_score(y, found))
    return Shift(auc, _standard_error(auc, *np.bincount(y)), len(y))


def _standard_error(auc: float, negatives: int, positives: int) -> float:
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return float(np.sqrt(max(variance, 0) / (negatives * positives)))
