"""What an explorer shows of samples and embeddings, for a notebook and for a report."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.image_shape import smaller
from cutaway.page import SampleColumn
from cutaway.progress import ProgressCallback, ignore_progress
from cutaway.task import Task
from cutaway.topics.common.predictions import probabilities

LARGEST_SIDE = 64
"""Pixels of the longer side of an image in the page; larger ones lose rows and columns."""

MOST_VALUES = 64_000_000
"""Gray values of all images in the page, 70,000 of MNIST being 55 million; more of them lose rows and columns.
Colored images, which are mostly photographs and hardly get smaller when they are packed, have a third of it."""


def class_columns(
    labels: np.ndarray, names: tuple[str, ...], predicted: Sequence[np.ndarray], confidence: Sequence[np.ndarray]
) -> list[SampleColumn]:
    """Labels, and predictions after each epoch.

    Args:
        labels: Integers (sample,).
        names: Names of the classes.
        predicted: Integers (sample,), for each epoch.
        confidence: Probability of the predicted class (sample,), for each epoch.
    """
    wrong = tuple((each != labels).astype(np.int64) for each in predicted)
    classes: dict[str, Any] = {"kind": "category", "names": names, "palette": "classes"}
    return [
        SampleColumn(key="label", title="Label", values=(labels,), **classes),
        SampleColumn(key="predicted", title="Prediction", values=tuple(predicted), **classes),
        SampleColumn(
            key="right",
            title="Right or wrong",
            kind="category",
            values=wrong,
            names=("right", "wrong"),
            palette="right",
        ),
        SampleColumn(key="confidence", title="Confidence", kind="number", values=tuple(confidence)),
    ]


def number_columns(task: Task, y: np.ndarray, predicted: Sequence[np.ndarray], *, kept: int = 0) -> list[SampleColumn]:
    """The first target, and its predictions and their errors after each epoch, in its unit.

    Colors mean the same in all epochs, and the same of targets and predictions.

    Args:
        task: What is predicted.
        y: float (sample, target).
        predicted: float (sample, target), for each epoch.
        kept: Place of the epoch whose errors decide the colors of errors.
    """
    from cutaway.plots import ramp_range

    name, true = task.targets[0], y[:, 0]
    numbers = tuple(each[:, 0].astype(np.float64) for each in predicted)
    errors = tuple(each - true for each in numbers)
    ends, (_, most) = ramp_range(true), ramp_range(np.abs(errors[kept]))
    told: dict[str, Any] = {"kind": "number", "range": ends}
    return [
        SampleColumn(key="target", title=name, values=(true,), own=True, **told),
        SampleColumn(key="predicted", title=f"Predicted {name}", values=numbers, **told),
        SampleColumn(
            key="error",
            title="Error (predicted minus true)",
            kind="number",
            values=errors,
            palette="signed",
            range=(-most, most),
        ),
    ]


def answer_columns(
    context: RunContext, ids: SampleIds, *, epoch: int, on_progress: ProgressCallback = ignore_progress
) -> list[SampleColumn]:
    """What samples are labeled, and what is predicted for them after an epoch."""
    y, found = context.data.y(ids), probabilities(context, ids, epoch=epoch, on_progress=on_progress)
    if context.task.is_numbers:
        return number_columns(context.task, y, [found])
    return class_columns(y, context.class_names, [found.argmax(axis=1)], [found.max(axis=1)])


def misplaced_column(misplaced: np.ndarray) -> SampleColumn:
    """How far samples are misplaced on the map, 0..1 (sample,)."""
    return SampleColumn(key="misplaced", title="Misplaced on the map", kind="number", values=(misplaced,))


def page_images(context: RunContext, ids: SampleIds) -> np.ndarray | None:
    """Samples as the page shows them, uint8 (sample, height, width[, 3]); None if they are not images."""
    images = context.data.images(ids)
    if images is None:
        return None
    most = min(LARGEST_SIDE, math.isqrt(MOST_VALUES // (max(len(ids), 1) * math.prod(images.shape[3:]) ** 2)))
    return np.rint(255 * smaller(images, most)).astype(np.uint8)


def explorer_colors() -> dict[str, Any]:
    """The colors of a page, of classes one for a light and one for a dark page."""
    from cutaway.plots import (
        COMPARED_COLORS,
        DIVERGING_COLORS,
        MISSING_COLOR,
        PAGE_COLORS,
        RIGHT_COLOR,
        SEQUENTIAL_COLORS,
        WRONG_COLOR,
    )

    return {
        "classes": PAGE_COLORS,
        "sequential": SEQUENTIAL_COLORS,
        "diverging": DIVERGING_COLORS,
        "compared": COMPARED_COLORS,
        "right": RIGHT_COLOR,
        "wrong": WRONG_COLOR,
        "missing": MISSING_COLOR,
    }
