"""Samples: when each was learned, how often it was forgotten, and how a card shows it."""

from .dynamics import SampleDynamics, sample_dynamics

__all__ = ["SampleDynamics", "sample_dynamics"]
