"""All corruptions, in the order in which they are measured. A new one is a function and a line here.

The kinds and the use of several severities are those of Hendrycks and Dietterich 2019, "Benchmarking neural network
robustness to common corruptions and perturbations", for small images, with severities in their own units.
"""

from . import columns, pictures
from .corruption import Corruption

_SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
_NEAR = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
_DEGREES = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0)
_CELLS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
_SPREADS = (0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0)

CORRUPTIONS = (
    Corruption("noise", pictures.noise, "pictures", "standard deviation / range", _SHARES),
    Corruption("shift", pictures.shift, "pictures", "distance / shorter side", _NEAR),
    Corruption("rotation", pictures.rotation, "pictures", "angle in degrees", _DEGREES),
    Corruption("occlusion", pictures.occlusion, "pictures", "share of the area", _SHARES),
    Corruption("missing", columns.missing, "columns", "share of the cells", _CELLS, columns.no_preparation),
    Corruption(
        "column_noise", columns.column_noise, "columns", "standard deviation / column's", _SPREADS, columns.no_numbers
    ),
)
