"""Units of a hidden layer: what each responds to, and what the model loses without it."""

from .measuring import SORTS, Units, check_sort, cost_in_digits, units
from .unit import Unit

__all__ = ["SORTS", "Unit", "Units", "check_sort", "cost_in_digits", "units"]
