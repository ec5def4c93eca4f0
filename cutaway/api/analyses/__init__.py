"""Old import paths, which scripts and pickles of version 0.1 name: see `cutaway.topics`."""

from cutaway.topics.classes.confusion_matrix import Confusion
from cutaway.topics.confidence.confused_pairs import ConfusedPair
from cutaway.topics.confidence.coverage import WantedAccuracy
from cutaway.topics.embedding.film import Film
from cutaway.topics.findings.result import Findings
from cutaway.topics.layers.result import Layers
from cutaway.topics.layers.similarity_matrix import Similarity
from cutaway.topics.learning_curve.generalization import EarlyStopping
from cutaway.topics.learning_curve.memorization import Memorization
from cutaway.topics.learning_curve.result import CurvePoint
from cutaway.topics.mistakes.result import Mistakes
from cutaway.topics.units.unit import Unit

__all__ = [
    "ConfusedPair",
    "Confusion",
    "CurvePoint",
    "EarlyStopping",
    "Film",
    "Findings",
    "Layers",
    "Memorization",
    "Mistakes",
    "Similarity",
    "Unit",
    "WantedAccuracy",
]
