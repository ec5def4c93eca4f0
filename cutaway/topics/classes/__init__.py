"""Classes: which are mistaken for which, and how well each is recognized."""

from .confusion_matrix import Confusion, confusion, confusion_counts
from .measures import ClassMeasures, class_measures

__all__ = ["ClassMeasures", "Confusion", "class_measures", "confusion", "confusion_counts"]
