"""Samples as pictures for the eye."""

import numpy as np

from cutaway.data import Dataset, SampleIds


def pictures_of(data: Dataset, ids: SampleIds) -> np.ndarray | None:
    """Samples as pictures, float32 ``(sample, height, width)`` in 0..1; None where they are no pictures.

    Data whose values leave 0..1 are stretched to it by their smallest and largest value; colors become gray.
    """
    if not data.is_image:
        return None
    pictures = data.inputs(ids, flat=False)
    if pictures.ndim == 4:
        pictures = pictures.mean(axis=-1)
    low, high = float(pictures.min(initial=0.0)), float(pictures.max(initial=1.0))
    return (pictures - low) / (high - low) if low < 0 or high > 1 else pictures
