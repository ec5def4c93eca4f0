"""Work in many processes or on many machines: sweeps over settings.

In come small specifications, such as a space of settings; out come the trials of a sweep as plain records. May call
`cutaway.training`, `cutaway.models`, `cutaway.runs`, `cutaway.progress`, `cutaway.checks` and `cutaway.errors`; optuna
is imported here only, and when a sweep begins.
"""

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

__all__ = [
    "PRESETS",
    "Asked",
    "Choices",
    "Range",
    "Space",
    "SweepStudy",
    "Trial",
    "check_extra",
    "close_storage",
    "hide_password",
    "importance_of_settings",
    "open_storage",
    "read_space",
    "study_names",
]
