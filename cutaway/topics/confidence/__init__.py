"""Confidence: calibration, coverage, thresholds and confused pairs of classes.

Whatever is chosen, a temperature or a threshold, is chosen on validation samples and checked on others.
"""

from .calibration import Calibration, calibration
from .confused_pairs import ConfusedPair, ConfusedPairs, confused_pairs
from .coverage import Coverage, WantedAccuracy, coverage
from .temperature import find_temperature, fitted_temperature
from .thresholds import Thresholds, thresholds

__all__ = [
    "Calibration",
    "ConfusedPair",
    "ConfusedPairs",
    "Coverage",
    "Thresholds",
    "WantedAccuracy",
    "calibration",
    "confused_pairs",
    "coverage",
    "find_temperature",
    "fitted_temperature",
    "thresholds",
]
