"""The leading eigenvectors of a large symmetric matrix that is only known by its products."""

from collections.abc import Callable

import numpy as np

SPARE = 14
"""Vectors of a block beyond those that are wanted."""
BLOCKS = 12
"""Products at most, which bounds time and memory; without any decay they find 99.9% of each variance."""
TOLERANCE = 0.01
"""How far an eigenvalue may be off, relative to itself."""
ROUNDING = 1e-6
"""How far it may be off relative to the largest one: products are in float32."""
SEED = 0


def leading_eigenvectors(multiply: Callable[[np.ndarray], np.ndarray], size: int, count: int) -> np.ndarray:
    """Find orthonormal eigenvectors of the largest eigenvalues by block Lanczos iteration from a random block.

    It ends once every eigenvalue is known within 1% of itself or 1e-6 of the largest, by its residual, and after
    12 products at the latest.

    Args:
        multiply: Multiplies the matrix, which has no negative eigenvalues, by float64 (size, some).
        size: Rows of the matrix, at least ``12 * (count + 14)``.
        count: How many eigenvectors are wanted.

    Returns:
        float64 (size, count), of the largest eigenvalue first.

    Source: Golub and Underwood 1977; Musco and Musco 2015 for how fast it ends, whatever the eigenvalues.
    """
    width = count + SPARE
    basis = np.empty((size, BLOCKS * width), order="F")
    projected = np.zeros((BLOCKS * width, BLOCKS * width))
    block = np.linalg.qr(np.random.default_rng(SEED).standard_normal((size, width)))[0]
    start = 0
    while True:
        stop = start + width
        basis[:, start:stop] = block
        known = basis[:, :stop]
        product = multiply(block)
        column = known.T @ product
        projected[:stop, start:stop], projected[start:stop, :stop] = column, column.T
        values, vectors = np.linalg.eigh(projected[:stop, :stop])
        values, leading = values[::-1][:count], vectors[:, ::-1][:, :count]
        block, rest = np.linalg.qr(product - known @ column)
        residuals = np.linalg.norm(rest @ leading[start:], axis=0)
        if stop == basis.shape[1] or (residuals <= np.maximum(TOLERANCE * values, ROUNDING * values[0])).all():
            return known @ leading
        # where little was left, rounding decides about directions: they are made orthogonal once more
        block = np.linalg.qr(block - known @ (known.T @ block))[0]
        start = stop
