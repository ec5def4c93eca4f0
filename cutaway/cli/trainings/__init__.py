"""Commands that train: demo, train, resume and sweep."""

from .distributed import JOINED
from .sweeps import report_sweep, sweep, sweep_at
from .training import demo, print_history, resume, train

__all__ = ["JOINED", "demo", "print_history", "report_sweep", "resume", "sweep", "sweep_at", "train"]
