"""Two coordinates for each sample, from a layer's activations.

In come arrays: activations, float32 (sample, unit), and class numbers to choose samples by. Out goes a `Layout`: the
coordinates, every setting as it was used, the seconds of each part and how far the picture can be trusted; a `Layout`
turns into the bytes of a cache file and back. New samples are placed in a layout that stays. The engine is our own:
its stages stand in `tsne.py` in the order of the paper, its compiled kernels are loaded when first needed. It may call
numpy, scipy, numba, scikit-learn, `cutaway.errors` and `cutaway.progress`; it knows no run, no model and no file.
"""

from typing import TYPE_CHECKING

from cutaway.doors import late

from .cache import layout_from_npz, layout_to_npz
from .choice import choose_samples
from .components import pca
from .layout import Layout, Trust
from .method import METHODS, TRUST_NEIGHBORS, embed
from .trust import inspect_trust, measure_trust

if TYPE_CHECKING:
    from .descent import Frame
    from .transform import Placement, place, placement
    from .warmup import warm_up

# These load Numba, SciPy or both.
_HOMES = {
    "Frame": "cutaway.embedding.descent",
    "Placement": "cutaway.embedding.transform",
    "place": "cutaway.embedding.transform",
    "placement": "cutaway.embedding.transform",
    "warm_up": "cutaway.embedding.warmup",
}

__all__ = [
    "METHODS",
    "TRUST_NEIGHBORS",
    "Frame",
    "Layout",
    "Placement",
    "Trust",
    "choose_samples",
    "embed",
    "inspect_trust",
    "layout_from_npz",
    "layout_to_npz",
    "measure_trust",
    "pca",
    "place",
    "placement",
    "warm_up",
]

__getattr__ = late(__name__, _HOMES)
