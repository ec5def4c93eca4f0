"""Sweeps: Optuna behind a space of settings, a study that any number of workers share, and plain records of trials."""

from .importance import Importance, importance_of_settings
from .presets import PRESETS
from .records import Trial
from .space import Choices, Range, Space, read_space
from .storage import close_storage, hide_password, open_storage, require_optuna, study_names
from .study import Asked, SweepStudy

__all__ = [
    "PRESETS",
    "Asked",
    "Choices",
    "Importance",
    "Range",
    "Space",
    "SweepStudy",
    "Trial",
    "close_storage",
    "hide_password",
    "importance_of_settings",
    "open_storage",
    "read_space",
    "require_optuna",
    "study_names",
]
