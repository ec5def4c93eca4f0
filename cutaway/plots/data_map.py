"""Data maps: how sure a model was of each sample's label, against how much that varied over the epochs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.errors import DataError

from .theme import CLASS_COLORS, INK, LINE, MUTED, point_alpha, point_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

X_LABEL = "variability: standard deviation of the label's probability"
Y_LABEL = "confidence: mean probability of the label"

LIMITS = (-0.02, 0.52), (-0.03, 1.03)
"""The ranges of both axes: all that a mean and a standard deviation of probabilities can be."""

COLORS = (CLASS_COLORS[0], CLASS_COLORS[1], CLASS_COLORS[5])
"""Of the kinds in order: indigo, amber and brick for easy, ambiguous and hard."""

MARKERS = ("o", "^", "s")
"""The marker of each kind."""


def data_map(
    variability: ArrayLike, confidence: ArrayLike, kinds: ArrayLike, kind_names: Sequence[str], *, title: str = ""
) -> "Figure":
    """Draw a data map with matplotlib.

    Args:
        variability: Standard deviations (sample,), 0..0.5.
        confidence: Means (sample,), 0..1.
        kinds: Kind of each sample, integers (sample,) in 0..len(kind_names)-1.
        kind_names: One name per kind, at most three; those without a sample are not in the legend.
        title: Set above the points.

    Raises:
        DataError: The arrays are of different lengths, empty, or not finite.

    Source:
        Swayamdipta et al. 2020, "Dataset cartography", figure 1.
    """
    from .notebook import NotebookFigure

    x, y, kind = _checked(variability, confidence, kinds)
    figure = NotebookFigure(figsize=(7, 5.5), layout="constrained")
    axes = figure.subplots()
    for number, name in enumerate(kind_names):
        here = kind == number
        if here.any():
            axes.scatter(
                x[here],
                y[here],
                c=COLORS[number],
                marker=MARKERS[number],
                s=(0.75 * point_size(len(x))) ** 2,
                alpha=point_alpha(len(x)),
                linewidths=0,
                rasterized=True,
                label=f"{name} ({here.sum():,})",
            )
    axes.set_xlim(LIMITS[0])
    axes.set_ylim(LIMITS[1])
    axes.set_xlabel(X_LABEL, color=MUTED)
    axes.set_ylabel(Y_LABEL, color=MUTED)
    axes.set_title(title, loc="left", color=INK).set_parse_math(False)
    axes.grid(color=LINE, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, labelcolor=INK)
    return figure


def _checked(*arrays: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
    x, y, kind = (np.asarray(array) for array in arrays)
    if x.ndim != 1 or x.shape != y.shape or x.shape != kind.shape or not len(x):
        raise _mismatch(f"the shapes {x.shape}, {y.shape} and {kind.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise _mismatch("NaN or infinity")
    return x.astype(np.float32), y.astype(np.float32), kind.astype(np.intp)


def _mismatch(got: str) -> DataError:
    return DataError(
        "a data map has a finite confidence and variability, and a kind, for each of its samples, at least one",
        got=got,
        hint="pass one entry per sample",
    )
