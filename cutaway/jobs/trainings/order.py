"""In which order trainings that wait will start, and when: what starts them and what a page is told are the same."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cutaway.jobs.specifications import Continuation, Training, TrainingJob


class Waiting(NamedTuple):
    """A job that waits.

    Attributes:
        queue: Folder of its queue.
        job: Its id.
        created: When it was asked for, in seconds since 1970.
        seconds: How long it is expected to take; infinite if that is not known.
    """

    queue: Path
    job: str
    created: float
    seconds: float


class Turn(NamedTuple):
    """When a job will start.

    Attributes:
        job: The job.
        seconds: Until then; infinite if that is not known.
    """

    job: Waiting
    seconds: float


def starting_order(
    waiting: Sequence[Waiting],
    running: Sequence[tuple[Path, float]],
    *,
    parallel: int,
    begun: Mapping[Path, float],
) -> list[Turn]:
    """The order in which jobs will start, if no other one is asked for.

    The next one is from the queue with the fewest that run; of several, from the one that began a job longest ago; of
    several that never did, the job that was asked for first.

    Args:
        waiting: The jobs, those of one queue in their order.
        running: The queue of each job that runs, the first one that began first, and the seconds that it will still
            take; infinite if that is not known.
        parallel: How many run simultaneously.
        begun: When each queue began a job last, on any clock.
    """
    queues: dict[Path, list[Waiting]] = {}
    for job in waiting:
        queues.setdefault(job.queue, []).append(job)
    for jobs in queues.values():
        jobs.reverse()  # the next one is taken from the end
    active, last = Counter(queue for queue, _ in running), dict(begun)
    ends = [(seconds, number, queue) for number, (queue, seconds) in enumerate(running)]
    now, turns = 0.0, list[Turn]()
    latest = max(begun.values(), default=0.0)
    while queues:
        if len(ends) >= parallel:
            ended = min(ends)
            ends.remove(ended)
            now = max(now, ended[0])
            active[ended[2]] -= 1
        queue = min(queues, key=lambda queue: (active[queue], last.get(queue, -math.inf), queues[queue][-1].created))
        job = queues[queue].pop()
        if not queues[queue]:
            del queues[queue]
        turns.append(Turn(job, now))
        active[queue] += 1
        last[queue] = latest + len(turns)
        ends.append((now + job.seconds, len(running) + len(turns), queue))
    return turns


def comparable(task: TrainingJob) -> tuple[str, ...]:
    """What trainings have in common that take about as long, the closest first; nothing where that is not known."""
    if isinstance(task, Continuation):
        return ()
    alike = {"name": None, "settings": {name: value for name, value in task.settings.items() if name != "seed"}}
    same = task.model_copy(update=alike).model_dump_json()
    return (same, task.data) if isinstance(task, Training) else (same,)
