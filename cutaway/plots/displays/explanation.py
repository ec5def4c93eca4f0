"""Why a model answered as it did: the sample, its probabilities, and the evidence for the answer and against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cutaway.plots.theme import BLUE, MUTED, ORANGE, shortened

from .bars import BAR, Bars, draw_bars
from .signed import draw_image, draw_signed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 10
"""Maximum number of bars in a panel."""


@dataclass(frozen=True, eq=False, repr=False)
class ExplainedAnswer:
    """What is drawn of an explanation.

    Attributes:
        sentence: The answer in words, set above; "" for none.
        image: ``(row, column[, 3])`` in 0..1, the sample; None if it is not an image.
        inputs: What each value of the input contributes, ``(row, column)`` of an image, otherwise ``(value,)``.
        input_names: Name of each value; none for images.
        probabilities: float ``(class,)``.
        class_names: Name of each class.
        winner: Number of the class that was predicted.
        runner_up: Number of the class after it.
        units: Layer -> what each of its units contributes, float ``(unit,)``.
    """

    sentence: str
    image: NDArray[np.floating] | None
    inputs: NDArray[np.floating]
    input_names: Sequence[str]
    probabilities: NDArray[np.floating]
    class_names: Sequence[str]
    winner: int
    runner_up: int
    units: dict[str, NDArray[np.floating]]


def explained_answer(answer: ExplainedAnswer) -> "Figure":
    """Draw an explanation with matplotlib.

    An image is drawn next to the contributions of its pixels; for other samples, the inputs that contributed most are
    bars. Then come the highest probabilities, and for each layer the units that contributed most. Orange supports the
    predicted class, blue the runner-up.
    """
    from cutaway.plots.notebook import NotebookFigure, finished, set_title

    panels = [_probabilities(answer)]
    for layer, values in answer.units.items():
        panels.append(_contributions(f"units of {shortened(layer, 18)}", values, [*map(str, range(len(values)))]))
    if answer.image is None:
        panels.insert(0, _contributions("inputs", answer.inputs, answer.input_names))
    images = 0 if answer.image is None else 2
    widths = [2.4] * images + [3.2] * len(panels)
    most = max(len(panel.names) for panel in panels)
    figure = NotebookFigure(figsize=(sum(widths), max(3.0, 1.3 + BAR * most)), layout="constrained")
    every = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)[0]
    if answer.image is not None:
        draw_image(every[0], answer.image, "the sample", size=10)
        draw_signed(every[1], answer.inputs, "evidence for it (orange)", size=10)
    for axes, panel in zip(every[images:], panels, strict=True):
        draw_bars(axes, panel, rows=most)
    set_title(figure, answer.sentence)
    return finished(figure)


def _probabilities(answer: ExplainedAnswer) -> Bars:
    order = np.argsort(-answer.probabilities, kind="stable")[:MOST]
    colors = [ORANGE if k == answer.winner else BLUE if k == answer.runner_up else MUTED for k in order.tolist()]
    return Bars(
        "probability",
        [str(answer.class_names[k]) for k in order.tolist()],
        answer.probabilities[order],
        percent=True,
        limits=(0, 1),
        colors=colors,
    )


def _contributions(title: str, values: NDArray[np.floating], names: Sequence[str]) -> Bars:
    """The largest absolute values, in descending order of the values."""
    most = np.argsort(-np.abs(values), kind="stable")[:MOST]
    order: list[int] = most[np.argsort(-values[most], kind="stable")].tolist()
    return Bars(title, [names[k] for k in order], values[order], x_label="contribution, logits", signed=True)
