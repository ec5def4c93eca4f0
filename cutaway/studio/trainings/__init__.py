"""Trainings that are asked for in the studio: a queue on disk, processes that need nobody, and who starts them.

In comes a `Task`; `JobQueue` keeps it in the folder of runs, and `Scheduler` starts a process for it when the machine
has room. A process outlives the server that started it, and a server that starts finds everything in the folder.
"""

from .checking import check_training, form_fields
from .job import Continuation, Form, Job, Options, Repeat, Settings, Task, Training
from .queue import JobQueue
from .scheduler import Scheduler
from .stopping import stop_process

__all__ = [
    "Continuation",
    "Form",
    "Job",
    "JobQueue",
    "Options",
    "Repeat",
    "Scheduler",
    "Settings",
    "Task",
    "Training",
    "check_training",
    "form_fields",
    "stop_process",
]
