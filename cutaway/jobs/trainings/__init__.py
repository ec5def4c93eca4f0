"""Trainings that are asked for in the studio: a queue on disk, processes that need nobody, and who starts them.

In comes a specification; `JobQueue` keeps it in the folder of runs, and `Scheduler` starts a process for it when the
machine has room. A process outlives the server that started it, and a new server finds everything in the folder.
"""

from .queue import JobQueue
from .records import QueuedTraining
from .scheduler import Scheduler
from .stopping import stop_process

__all__ = ["JobQueue", "QueuedTraining", "Scheduler", "stop_process"]
