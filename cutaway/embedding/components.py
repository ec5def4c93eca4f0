"""Principal components."""

import numpy as np

from .check import check_matrix, check_whole

# Rows that are centred in float64 at a time: 32 MB at 512 columns, where all of 70,000 x 512 would take 287 MB.
BLOCK = 8192


def pca(h: np.ndarray, components: int) -> np.ndarray:
    """Scores of the principal components, the widest first.

    The sign is fixed: in each component the column of the largest weight counts positively.

    Args:
        h: float32 (sample, unit), finite.
        components: How many to return, from 1 to the number of columns.

    Returns:
        float32 (sample, components), centred on 0; a component beyond the rank of ``h`` is 0 up to rounding.

    Raises:
        DataError: ``h`` is no matrix of finite numbers.
        UsageError: ``components`` is outside its range.
    """
    h = check_matrix(h, name="activations")
    components = check_whole(components, name="components", least=1, most=h.shape[1])
    return principal_scores(h, components).astype(np.float32)


def principal_scores(h: np.ndarray, components: int) -> np.ndarray:
    """Do the work of `pca` on checked arguments and return float64, which keeps spreads that float32 would lose."""
    mean = h.mean(axis=0, dtype=np.float64)
    blocks = [slice(start, start + BLOCK) for start in range(0, len(h), BLOCK)]
    scatter = np.zeros((h.shape[1], h.shape[1]))
    for block in blocks:
        centred = h[block] - mean
        scatter += centred.T @ centred
    _, vectors = np.linalg.eigh(scatter)
    weights = vectors[:, ::-1][:, :components]
    leading = np.abs(weights).argmax(axis=0)
    weights = weights * np.where(weights[leading, np.arange(components)] < 0, -1.0, 1.0)
    return np.concatenate([(h[block] - mean) @ weights for block in blocks])
