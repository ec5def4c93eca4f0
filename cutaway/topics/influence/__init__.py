"""Influence: which training samples an answer is owed to."""

from .result import Answers, Influences, InfluentialSample, influence, self_influence

__all__ = ["Answers", "Influences", "InfluentialSample", "influence", "self_influence"]
