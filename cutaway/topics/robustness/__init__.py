"""How long a model stays right while its samples, or its weights, get worse."""

from .measuring import measure_robustness
from .result import Robustness, RobustnessCurve

__all__ = ["Robustness", "RobustnessCurve", "measure_robustness"]
