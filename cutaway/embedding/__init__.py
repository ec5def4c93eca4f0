"""Two coordinates for each sample, from a layer's activations.

In come arrays: activations, float32 (sample, unit), and class numbers to choose samples by. Out goes a `Layout`: the
coordinates, every setting as it was used, the seconds of each part and how far the picture can be trusted; a `Layout`
turns into the bytes of a cache file and back. New samples are placed in a layout that stays. The engine is our own:
its stages stand in `tsne.py` in the order of the paper, its compiled kernels are loaded when first needed. It may call
numpy, scipy, numba, scikit-learn, `cutaway.errors` and `cutaway.progress`; it knows no run, no model and no file.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr
from cutaway.neighbors import pca

from .layout import Layout, Quality
from .layout_file import layout_from_npz, layout_to_npz
from .method import METHODS, QUALITY_NEIGHBORS, embed
from .quality import inspect_quality, measure_quality

if TYPE_CHECKING:
    from .new_samples import Placement, place, placement
    from .tsne.descent import Frame
    from .warmup import warm_up

# These load Numba, SciPy or both.
_MODULES = {
    "Frame": "cutaway.embedding.tsne.descent",
    "Placement": "cutaway.embedding.new_samples",
    "place": "cutaway.embedding.new_samples",
    "placement": "cutaway.embedding.new_samples",
    "warm_up": "cutaway.embedding.warmup",
}

__all__ = [
    "METHODS",
    "QUALITY_NEIGHBORS",
    "Frame",
    "Layout",
    "Placement",
    "Quality",
    "embed",
    "inspect_quality",
    "layout_from_npz",
    "layout_to_npz",
    "measure_quality",
    "pca",
    "place",
    "placement",
    "warm_up",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
