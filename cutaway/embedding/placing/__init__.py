"""Placing many samples in a layout of some.

In come a `Placement` and activations batch by batch; out come coordinates, float32 (sample, 2). What is exact for a few
samples would take hours for ten million: neighbors are searched in cells of nearby samples, and
repulsive forces are read from a grid. May call numpy, scipy, numba, `cutaway.neighbors`, `cutaway.parallel` and what
`cutaway.embedding` says of layouts, of t-SNE and of its quality.
"""

from .layout import embed_some
from .many import ManyPlacement, place_many

__all__ = ["ManyPlacement", "embed_some", "place_many"]
