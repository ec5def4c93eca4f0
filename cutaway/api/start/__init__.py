"""How every training begins, in one process or in several that were given the same, and how it is told how it ended."""

from .processes import Processes, check_shard_layers, facts_of, join_processes, reopen_run, together
from .starting import start_training, train_into, training_data, training_manifest

__all__ = [
    "Processes",
    "check_shard_layers",
    "facts_of",
    "join_processes",
    "reopen_run",
    "start_training",
    "together",
    "train_into",
    "training_data",
    "training_manifest",
]
