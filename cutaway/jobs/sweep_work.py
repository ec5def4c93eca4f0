"""A local worker of a sweep: it does trials until all are done, by whoever."""

import os

from .job_context import JobContext
from .specifications import SweepWorker


def run(worker: SweepWorker, context: JobContext) -> None:
    """Do trials.

    Raises:
        Canceled: Whoever started the worker is gone, or has stopped it; the trial under way is kept.
        CutawayError: No trial can be trained.
    """
    from cutaway.topics.sweeps.sweeping import join_sweep

    if worker.cpus:
        for thread in os.listdir("/proc/self/task"):  # threads that these start later follow them
            os.sched_setaffinity(int(thread), worker.cpus)
    join_sweep(str(context.folder), storage=worker.storage, name=worker.study, progress=False)
