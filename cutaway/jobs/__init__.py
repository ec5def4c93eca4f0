"""Jobs: whatever takes long is asked for by a specification, waits in a queue, and runs in a process of its own.

In comes a `Specification`; out come progress, parts, and a result. `JobManager` queues what pages ask for: what several
ask for is done once, and what nobody waits for any more is canceled. `runner` is the process, `cutaway.parallel` has it
as whoever started it sees it, and `PartStore` holds what came out. Trainings outlive the studio: `JobQueue` keeps them
in the folder of runs, and `Scheduler` starts them. May call `cutaway.api` and every package below it.
"""

from .frames import Frame, FrameStore
from .job import JobState
from .manager import JobManager
from .queues import QUEUES, Queue, QueueName
from .specification import Options, Settings, Specification
from .specifications import (
    MANAGED_JOB,
    Continuation,
    Form,
    LiveMap,
    ManagedJob,
    Repeat,
    SheetJob,
    Survey,
    Training,
    TrainingJob,
    writes,
)
from .store import PartFile, PartStore
from .trainings import JobQueue, QueuedTraining, Scheduler, stop_process

__all__ = [
    "MANAGED_JOB",
    "QUEUES",
    "Continuation",
    "Form",
    "Frame",
    "FrameStore",
    "JobManager",
    "JobQueue",
    "JobState",
    "LiveMap",
    "ManagedJob",
    "Options",
    "PartFile",
    "PartStore",
    "Queue",
    "QueueName",
    "QueuedTraining",
    "Repeat",
    "Scheduler",
    "Settings",
    "SheetJob",
    "Specification",
    "Survey",
    "Training",
    "TrainingJob",
    "stop_process",
    "writes",
]
