"""The run as the user holds it."""

from .run import Run

__all__ = ["Run"]
