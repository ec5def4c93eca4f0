"""Sweeps: a space of settings, Optuna's study of them, and plain records of trials."""

from .presets import PRESETS
from .space import Choices, Range, Space, read_space
from .study import (
    Trial,
    ask_trial,
    give_back,
    give_back_lost,
    importance_of_settings,
    open_study,
    require_optuna,
    run_of,
    tell_trial,
    trials_of,
)

__all__ = [
    "PRESETS",
    "Choices",
    "Range",
    "Space",
    "Trial",
    "ask_trial",
    "give_back",
    "give_back_lost",
    "importance_of_settings",
    "open_study",
    "read_space",
    "require_optuna",
    "run_of",
    "tell_trial",
    "trials_of",
]
