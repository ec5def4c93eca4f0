"""What a user asks of a run, one package or module for each question.

A topic holds its options, its result, its computation from a `cutaway.context.RunContext` and its section of the
report: a change to calibration is a change in `cutaway.topics.confidence`. Algorithms live in the packages below,
which know arrays only. Topics do not know each other, but for those that gather: findings, comparison, doctor, sweeps.
In comes a `RunContext`; out come results. May call `cutaway.context`, `cutaway.results` and the packages below; doctor
and sweeps, which train again, may call `cutaway.api`.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import (
        classes,
        comparison,
        confidence,
        embedding,
        explanation,
        findings,
        history,
        importance,
        influence,
        labels,
        layers,
        learning_curve,
        mistakes,
        prediction,
        robustness,
        samples,
        units,
    )

__all__ = [
    "classes",
    "comparison",
    "confidence",
    "embedding",
    "explanation",
    "findings",
    "history",
    "importance",
    "influence",
    "labels",
    "layers",
    "learning_curve",
    "mistakes",
    "prediction",
    "robustness",
    "samples",
    "units",
]


def __getattr__(name: str) -> Any:
    """Import a topic when it is first used, since each needs other packages."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
