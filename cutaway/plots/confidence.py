"""Two models on the same samples: the probabilities that each gives the true classes, one against the other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cutaway.errors import DataError

from .theme import BLUE, GRAY, INK, LINE, MUTED, ORANGE, point_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CHANGES = (
    ("right in both", LINE, "o"),
    ("wrong in both", GRAY, "s"),
    ("fixed", BLUE, "^"),
    ("broken", ORANGE, "v"),
)
"""What became of a sample, its color and its marker, in the order in which points are drawn."""

_NUMBERS = {"right in both": 0, "fixed": 1, "broken": 2, "wrong in both": 3}


def confidence_scatter(first: ArrayLike, second: ArrayLike, changes: ArrayLike, *, runs: Sequence[str]) -> "Figure":
    """Draw the probabilities with matplotlib; on the diagonal both models are equally confident.

    Args:
        first: Probability of the true class by the first model, floats (sample,) in 0..1.
        second: By the second model.
        changes: What became of each sample, integers (sample,): 0 right in both, 1 fixed (right in the second only), 2
            broken (right in the first only), 3 wrong in both.
        runs: Names of both models.

    Raises:
        DataError: The arrays do not fit together.
    """
    from .notebook import NotebookFigure

    points, codes = _checked(first, second, changes)
    figure = NotebookFigure(figsize=(6.5, 6.8), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1, zorder=0)
    for name, color, marker in _CHANGES:
        chosen = codes == _NUMBERS[name]
        size = (0.75 * _size(name, len(points))) ** 2
        label = f"{name} ({int(chosen.sum()):,})"
        axes.scatter(*points[chosen].T, c=color, marker=marker, s=size, alpha=0.8, linewidths=0, label=label)
    for axis, run in zip((axes.xaxis, axes.yaxis), runs, strict=True):
        axis.set_label_text(f"probability of the true class, {run}", color=MUTED).set_parse_math(False)
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("Fixed above the diagonal, broken below it", loc="left", color=INK, fontsize="medium")
    figure.legend(loc="outside lower left", frameon=False, ncols=2, labelcolor=INK)
    return figure


def _size(name: str, count: int) -> float:
    """A point's diameter in pixels: those whose prediction changed are few, and must be seen among all others."""
    return point_size(count) if name.endswith("both") else max(point_size(count), 7.0)


def _checked(first: ArrayLike, second: ArrayLike, changes: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    codes = np.asarray(changes, np.int64)
    arrays = [np.asarray(values, np.float32) for values in (first, second)]
    if any(array.shape != codes.shape or array.ndim != 1 or not np.isfinite(array).all() for array in arrays):
        raise DataError(
            "two models are compared by one finite probability for each sample and model",
            got=f"the shapes {arrays[0].shape}, {arrays[1].shape} and {codes.shape}",
            hint="take all three from one comparison",
        )
    if codes.size and not 0 <= codes.min() <= codes.max() < len(_CHANGES):
        raise DataError("changes are integers from 0 to 3", got=f"{codes.min()} to {codes.max()}", hint="see the names")
    return np.stack(arrays, axis=1), codes
