"""How similar layers are: linear CKA, and units matched one to one; `comparison` does it for epochs and for models."""

from .alignment import CenteredActivations, center_all, cka, linear_cka
from .matching import MATCHED_UNITS, UnitMatching, match_units

__all__ = [
    "MATCHED_UNITS",
    "CenteredActivations",
    "UnitMatching",
    "center_all",
    "cka",
    "linear_cka",
    "match_units",
]
