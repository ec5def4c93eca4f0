"""Embeddings: two coordinates for each sample, computed from a layer's activations.

In come arrays: activations, float32 (sample, unit), and the classes of samples. Out come a `Layout` (coordinates, the
settings as they were used, the seconds of each stage, and its quality), further layouts that start from a previous one
(`embed_next`), and the places of new samples in a layout that stays (`place`). A `Layout` can be converted to the bytes
of a cache file and back. t-SNE is our own, see `cutaway.embedding.tsne`; its compiled kernels are loaded when they are
first needed. May call numpy, scipy, numba, scikit-learn, umap-learn, `cutaway.neighbors`, `cutaway.parallel`,
`cutaway.checks`, `cutaway.progress` and `cutaway.errors`; it knows no run and no model.
"""

from cutaway.neighbors import pca

from .alignment import PRESERVED, aligned_rows, drift, procrustes, shared_neighbors
from .layout import Layout, Quality, caution_count
from .method import (
    QUALITY_NEIGHBORS,
    check_activations,
    check_callback,
    embed,
    inspected_neighbors,
    resolve_settings,
    warm_up,
)
from .new_samples import Placement, place, placement
from .quality import inspect_quality, measure_quality
from .tsne.fit import limited_threads, tsne_of_neighbors
from .tsne.fit import tsne as fit_tsne  # the package of this name is next to it
from .tsne.layout_step import Callback, LayoutStep
from .tsne.schedule import EXACT
from .tsne.settings import PCA_COMPONENTS, PLACES, TSNESettings
from .warm_start import PreviousEmbedding, embed_next, layer_neighbors
