"""Corruptions: small pure functions that make samples worse by degrees, to see how its accuracy falls.

In come raw samples, before they are divided by their scale, and what `traits_of` has found out about them; out come
samples of the same shape, dtype and range. A corruption is one function and one line in the registry. May call
`cutaway.errors` and the preparation of tables only; SciPy and pyarrow are imported inside the functions that need them.
"""

from .corruption import Corruption, corrupt, corruption_generator
from .registry import CORRUPTIONS
from .traits import ColumnTraits, PictureTraits, SampleTraits, traits_of

__all__ = [
    "CORRUPTIONS",
    "ColumnTraits",
    "Corruption",
    "PictureTraits",
    "SampleTraits",
    "corrupt",
    "corruption_generator",
    "traits_of",
]
