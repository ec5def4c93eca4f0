"""Jobs: whatever takes long is asked for by a specification, waits in a queue, and runs in a process of its own.

In comes a `Specification`; out come progress, parts, and a result. `JobManager` queues what pages ask for: what several
ask for is done once, and what nobody waits for any more is canceled. `runner` is the process, `cutaway.parallel` has it
as whoever started it sees it, and `PartStore` holds what came out. May call `cutaway.api` and every package below it.
"""

from .frames import Frame, FrameStore
from .manager import JobManager, JobState
from .queues import QUEUES, Queue, QueueName
from .specifications import (
    SPECIFICATION,
    JobSpecification,
    LiveMap,
    Options,
    SheetJob,
    Specification,
    Survey,
    writes,
)
from .store import PartFile, PartStore

__all__ = [
    "QUEUES",
    "SPECIFICATION",
    "Frame",
    "FrameStore",
    "JobManager",
    "JobSpecification",
    "JobState",
    "LiveMap",
    "Options",
    "PartFile",
    "PartStore",
    "Queue",
    "QueueName",
    "SheetJob",
    "Specification",
    "Survey",
    "writes",
]
