"""Many tasks: in processes of this machine by joblib, or on a cluster by Dask; and sweeps.

In come a function of a small specification, the specifications, and the arrays that all of them read; out come the
results in order. Nothing here schedules: the engines do. For sweeps, a space of settings comes in, and the trials go
out as plain records. May call errors, progress, checks, parallel, models, runs, augmentation and training. joblib,
distributed and optuna are imported nowhere else, and only when they are used. Names of sweeps are imported when they
are first used: every command checks the name of an engine, and the space of a sweep needs pydantic and the settings of
training.
"""

from typing import TYPE_CHECKING

from cutaway._lazy import lazy_getattr

from .engines import ENGINES, check_engine

if TYPE_CHECKING:
    from .sweeps import (
        PRESETS,
        Choices,
        Range,
        Space,
        Trial,
        ask_trial,
        give_back,
        give_back_lost,
        importance_of_settings,
        open_study,
        read_space,
        require_optuna,
        run_of,
        tell_trial,
        trials_of,
    )
    from .tasks import run_tasks

_SWEEPS = (
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
)
_MODULES = dict.fromkeys(_SWEEPS, f"{__name__}.sweeps") | {"run_tasks": f"{__name__}.tasks"}

__all__ = [
    "ENGINES",
    "PRESETS",
    "Choices",
    "Range",
    "Space",
    "Trial",
    "ask_trial",
    "check_engine",
    "give_back",
    "give_back_lost",
    "importance_of_settings",
    "open_study",
    "read_space",
    "require_optuna",
    "run_of",
    "run_tasks",
    "tell_trial",
    "trials_of",
]

__getattr__ = lazy_getattr(__name__, _MODULES)
