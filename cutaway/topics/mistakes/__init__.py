"""Mistakes: the most confident wrong predictions."""

from .result import Mistakes, mistakes

__all__ = ["Mistakes", "mistakes"]
