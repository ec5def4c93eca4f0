"""Commands that train one model: demo, train and resume."""

from .training import GivenModel, GivenSettings, demo, print_history, resume, train

__all__ = ["GivenModel", "GivenSettings", "demo", "print_history", "resume", "train"]
