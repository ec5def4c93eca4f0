"""Whether the model overfits, whether it memorized suspect labels, and whether more data would help."""

from .generalization import EarlyStopping, Generalization, generalization
from .memorization import Memorization, memorization
from .result import CurvePoint, LearningCurve, learning_curve

__all__ = [
    "CurvePoint",
    "EarlyStopping",
    "Generalization",
    "LearningCurve",
    "Memorization",
    "generalization",
    "learning_curve",
    "memorization",
]
