"""Jobs: long work is described by a specification, waits in a queue, and runs in its own process.

In comes a specification; out come progress, parts, and a result. One `JobManager` has two kinds of queues. What pages
ask for waits in memory and may be canceled: what several ask for is done once. Trainings outlive the studio: a
`TrainingQueue` keeps them in the user's state folder, and `Trainings` starts them. `runner` is the process.
What was made is in the user's cache (`read_part`). May call `cutaway.api` and every package below it.
"""

from .manager import JobManager, JobState
from .queues import QUEUES
from .specifications import (
    KINDS,
    MANAGED_JOB,
    Continuation,
    Form,
    LiveMap,
    ManagedJob,
    Options,
    Repeat,
    SectionJob,
    Settings,
    Survey,
    Training,
    TrainingJob,
    writes,
)
from .store import read_array, read_part
from .training_queue import QueuedTraining, TrainingQueue, stop_process
from .trainings import Trainings
