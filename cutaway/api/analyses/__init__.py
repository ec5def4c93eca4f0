"""Old import paths, which scripts and pickles of version 0.1 name: see `cutaway.topics`."""

from cutaway.topics.classes import Confusion
from cutaway.topics.confidence import ConfusedPair, WantedAccuracy
from cutaway.topics.embedding import Film
from cutaway.topics.findings import Findings
from cutaway.topics.layers import Layers
from cutaway.topics.layers.similarity_matrix import Similarity
from cutaway.topics.learning_curve import CurvePoint, EarlyStopping, Memorization
from cutaway.topics.mistakes import Mistakes
from cutaway.topics.units import Unit

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
