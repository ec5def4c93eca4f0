"""Many tasks: in processes of this machine, or on a cluster through Dask, Ray or another backend of joblib; and sweeps.

In come a function of a small specification, the specifications, and the arrays that all of them read; out come the
results in order. Nothing here schedules: the engines do. For sweeps, a space of settings comes in, and the trials go
out as plain records. May call errors, progress, checks, parallel, data, runs, models and training. joblib, distributed,
ray and optuna are imported nowhere else, and only when they are used.
"""

from .engines import ENGINES, check_engine, is_elsewhere
from .sweeps import (
    PRESETS,
    Asked,
    Choices,
    Range,
    Space,
    SweepStudy,
    Trial,
    check_extra,
    close_storage,
    hide_password,
    importance_of_settings,
    open_storage,
    read_space,
    study_names,
)
from .tasks import run_tasks

__all__ = [
    "ENGINES",
    "PRESETS",
    "Asked",
    "Choices",
    "Range",
    "Space",
    "SweepStudy",
    "Trial",
    "check_engine",
    "check_extra",
    "close_storage",
    "hide_password",
    "importance_of_settings",
    "is_elsewhere",
    "open_storage",
    "read_space",
    "run_tasks",
    "study_names",
]
