"""Legends: which classes have a look of their own."""

import numpy as np

from .theme import LOOKS, ClassStyle, class_style


def class_styles(classes: np.ndarray, *, count: int) -> tuple[dict[int, ClassStyle], int]:
    """The look of each class in the legend.

    Args:
        classes: int (point,), class of each point.
        count: Number of classes, with points or without.

    Returns:
        Class -> its look, ascending: all classes with points, or above `LOOKS` classes those with the most points; and
        the number of classes with points that have no look of their own.
    """
    present, points = np.unique(classes, return_counts=True)
    shown = present
    if len(present) > LOOKS:
        shown = np.sort(present[np.argsort(-points, kind="stable")[: LOOKS - 1]])
    # a class has the same look in every figure, unless looks must be shared
    looks = shown if count <= LOOKS else range(len(shown))
    styles = {int(k): class_style(int(look)) for k, look in zip(shown, looks, strict=True)}
    return styles, len(present) - len(shown)
