"""The queues of jobs: how many processes work for each, how these give way, and how long they may take."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

QueueName = Literal["look", "view", "long", "data", "live", "training"]

CANCEL_SECONDS = 20.0
"""Seconds that a canceled job may take to end; then its process is killed.

A process that is still loading Keras and the like gets the `LOADING_SECONDS` of `cutaway.parallel.runner_process` more,
and a survey ("data") is killed immediately. A training is not canceled but stopped, after the step that it is
computing.
"""

MOST_NICE = "CUTAWAY_MOST_NICE"
"""Environment variable with the lowest priority that is taken: on a busy machine, tests would wait for hours."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The common settings of all jobs in one queue.

    Attributes:
        module: Name of the module that does its jobs: ``load()`` loads what they need, while there is one thread, and
            ``run(specification, context)`` does one and returns its result, JSON-able, or None.
        nice: Priority of its processes, from 0 to 19, the lowest.
        idle: Seconds without a job after which a process ends: each holds the data of runs.
        lease: Seconds without a new request after which a page no longer counts as waiting.
        processes: Maximum number of processes.
        patience: Seconds after which the next job no longer waits for the process of a running one.
        at_once: Jobs that one process runs at the same time.
        cancel_seconds: Seconds for a canceled job to end; 0 kills its process immediately.
        waits_for_looks: Whether jobs begin after the first looks that were requested at the same moment.
    """

    module: str = "cutaway.jobs.page_work"
    nice: int = 0
    idle: float = 60.0
    lease: float = 100.0
    processes: int = 1
    patience: float = 5.0
    at_once: int = 1
    cancel_seconds: float = CANCEL_SECONDS
    waits_for_looks: bool = False


QUEUES: dict[QueueName, Queue] = {
    "look": Queue(idle=3600.0),
    "view": Queue(nice=5, idle=600.0, waits_for_looks=True),
    "long": Queue(nice=10, waits_for_looks=True),
    "data": Queue(module="cutaway.jobs.survey_work", processes=2, cancel_seconds=0.0),
    # at 10, its process is ready after 30 s while a training takes all CPUs; once it is, it goes down to 19
    "live": Queue(module="cutaway.jobs.live_work", nice=5, idle=0.0, lease=30.0, at_once=16),
}
"""The queues of work that may be canceled: a first look is slowed by nothing else, and a training by little.

"look" is for first looks, which take a second; "view" for whatever else pages show; "long" for trainings of minutes
whose results pages show; "data" for surveys, whose process takes 260 MB; "live" for maps of runs. Pages ask
again every 20 seconds, and hidden ones, whose clocks browsers slow down, every minute. "training" is not here: its jobs
outlive the studio, in a `cutaway.jobs.TrainingQueue`.
"""


def lower_priority(nice: int) -> None:
    """Give way to everything else, also where the system shares CPUs among sessions before it looks at processes.

    Args:
        nice: 0 (as any other) to 19 (the lowest); a priority that is lower already stays.
    """
    nice = min(nice, int(os.environ.get(MOST_NICE, "19")))
    with contextlib.suppress(OSError, AttributeError):  # Windows has no such call
        os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))
    with contextlib.suppress(OSError):  # not Linux, or without groups
        Path("/proc/self/autogroup").write_text(str(nice))
