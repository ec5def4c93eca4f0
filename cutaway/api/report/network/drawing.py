"""How a drawing becomes a sample of a run on pictures."""

from typing import Any

import numpy as np

from cutaway.api.context import RunContext
from cutaway.api.prediction import pixel_scale, shows_digits
from cutaway.errors import CutawayError

SAMPLES = 200
"""Training samples whose border tells the gray level of the background."""


def drawing_form(context: RunContext) -> dict[str, Any] | None:
    """What the page needs to make a sample from a drawing; None where the data are no pictures.

    Args:
        context: The run. Where its data cannot be loaded, the background is taken as black.
    """
    shape = context.manifest.dataset.shape
    is_picture = len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
    if not is_picture or context.preparation is not None:
        return None
    scale = pixel_scale(context)
    try:
        x = context.data.x(context.ids("train", samples=SAMPLES))
        paper = _border_level(x, scale)
    except CutawayError:
        paper = 0
    return {"shape": list(shape), "scale": scale, "digit": shows_digits(context), "paper": paper}


def _border_level(x: np.ndarray, scale: float) -> int:
    """The median gray level of the outermost pixels of pictures ``(sample, row, column[, 3])``, 0 to 255."""
    edges = (x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1])
    pixels = np.concatenate([edge.reshape(-1) for edge in edges])
    return int(np.clip(round(float(np.median(pixels)) * 255 / scale), 0, 255))
