"""How a drawing becomes a sample of a run on images."""

from typing import Any

import numpy as np

from cutaway.context import RunContext
from cutaway.data import paper_level
from cutaway.errors import CutawayError
from cutaway.log import survive
from cutaway.topics.prediction.samples import centering_of, pixel_scale

SAMPLES = 200
"""Training samples whose border tells the gray level of the background."""


def drawing_form(context: RunContext) -> dict[str, Any] | None:
    """What the page needs to make a sample from a drawing; None where the data are no images.

    Args:
        context: The run. If its data cannot be loaded, the usual background of its kind is assumed, mostly black.
    """
    record = context.manifest.dataset
    if record.image is None:
        return None
    scale, centering = pixel_scale(context), centering_of(context)
    paper = 255 if centering is not None and centering.dark_ink else 0
    with survive(__name__, "loading samples for the background of a drawing", CutawayError):
        x = context.data.x(context.ids("train", samples=SAMPLES))
        paper = int(np.clip(round(paper_level(x) * 255 / scale), 0, 255))
    rule = None if centering is None else centering.rule
    return {"shape": list(record.shape), "scale": scale, "centering": rule, "paper": paper}
