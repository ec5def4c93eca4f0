"""The command sweep, and what report does with a sweep."""

from .command import report_sweep, sweep, sweep_at

__all__ = ["report_sweep", "sweep", "sweep_at"]
