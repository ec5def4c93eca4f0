"""Two coordinates for each sample, from a layer's activations.

In come arrays: activations, float32 (sample, unit), and class numbers to choose samples by. Out goes a `Layout`: the
coordinates, every setting as it was used, the seconds of each part and how far the picture can be trusted; a `Layout`
turns into the bytes of a cache file and back. The room may call numpy, scikit-learn, `cutaway.errors` and
`cutaway.progress`; it knows no run, no model and no file.
"""

from .cache import layout_from_npz, layout_to_npz
from .choice import choose_samples
from .components import pca
from .layout import Layout, Trust
from .method import METHODS, embed
from .trust import measure_trust

__all__ = [
    "METHODS",
    "Layout",
    "Trust",
    "choose_samples",
    "embed",
    "layout_from_npz",
    "layout_to_npz",
    "measure_trust",
    "pca",
]
