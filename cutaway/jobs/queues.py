"""In which queue a job waits: how many processes work for it, what they have loaded, and how they give way."""

from dataclasses import dataclass
from typing import Literal

QueueName = Literal["look", "view", "long", "data", "live", "training"]


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What is common to all jobs that wait in one queue.

    Attributes:
        nice: Priority of its processes, from 0 to 19, the lowest.
        idle: Seconds without a job after which a process ends: each holds the data of runs.
        lease: Seconds after which a page that has not asked again does not wait any more.
        processes: Processes at most.
        patience: Seconds that a job takes after which the next one waits no longer for its process.
        at_once: Jobs that one process runs at the same time.
        stop_seconds: Seconds in which a canceled job must stop; after that its process is ended.
        waits_for_looks: Whether jobs begin after the first looks that were asked for at the same moment.
        detached: Whether it needs nobody once it has its job, in whose folder it says how that stands.
    """

    nice: int = 0
    idle: float = 60.0
    lease: float = 100.0
    processes: int = 1
    patience: float = 5.0
    at_once: int = 1
    stop_seconds: float = 20.0
    waits_for_looks: bool = False
    detached: bool = False


QUEUES: dict[QueueName, Queue] = {
    "look": Queue(idle=3600.0),
    "view": Queue(nice=5, idle=600.0, waits_for_looks=True),
    "long": Queue(nice=10, waits_for_looks=True),
    "data": Queue(processes=2, stop_seconds=0.0),
    # at 10, its process is ready after 30 s beside a training that takes all CPUs; once it is, it goes down to 19
    "live": Queue(nice=5, idle=0.0, lease=30.0, at_once=16),
    "training": Queue(detached=True),
}
"""A first look is slowed by nothing that another page has asked for, and a training by little.

"look" is for first looks, which take a second; "view" for whatever else pages show; "long" for trainings of minutes
whose results pages show; "data" for surveys, whose process takes 260 MB; "live" for maps of runs. Pages ask
again every 20 seconds, and hidden ones, whose clocks browsers slow down, every minute. Jobs of "training"
are not in the job manager: they outlive the studio.
"""
