"""What the process of a training does: train, train again as a run was trained, or resume a run."""

import importlib
from typing import TYPE_CHECKING, Any

from cutaway.runs import labels_path

from .job_context import JobContext
from .specifications import Continuation, Repeat, TrainingJob

if TYPE_CHECKING:
    from cutaway.api.run import Run

LOADED = ("cutaway.api.recipe", "cutaway.api.again", "cutaway.training", "sklearn.datasets")
"""What is loaded before there is a job: 1.8 s of CPU time on the machine of the benchmarks, and 240 MB."""


def load() -> None:
    """Load what trainings need."""
    from cutaway.models import import_lean_keras, lean_keras

    lean_keras()
    import_lean_keras()
    for name in LOADED:
        importlib.import_module(name)


def run(task: TrainingJob, context: JobContext) -> str:
    """Train, and return the name of the run.

    Raises:
        CutawayError: It cannot be trained.
        Canceled: It was stopped.
    """
    return _train(task, context).path.name


def _train(task: TrainingJob, context: JobContext) -> "Run":
    from cutaway.api.again import resume, train_like
    from cutaway.api.recipe import train_recipe
    from cutaway.models import import_lean_keras, lean_keras
    from cutaway.topics.labels.deciding import read_all

    lean_keras()
    import_lean_keras()
    runs = context.folder
    if isinstance(task, Continuation):
        return resume(str(runs / task.run), runs=runs, progress=context.on_progress)
    if isinstance(task, Repeat):
        before = runs / task.run  # without any decision, reading the file says so
        labels = {"labels": read_all(before) or labels_path(before)} if task.labels else {}
        settings: dict[str, Any] = {**task.settings, **labels, "progress": context.on_progress}
        given = {"from_epoch": task.from_epoch, "ignore": task.ignore, "name": task.name}
        return train_like(str(before), runs=runs, **given, **settings)
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in task.options.items()}
    chosen: dict[str, Any] = dict(task.settings)
    return train_recipe(
        task.data,
        options=options,
        recipe=task.form.recipe,
        form=task.form.model_dump(exclude={"recipe"}, exclude_none=True),
        runs=runs,
        name=task.name,
        progress=context.on_progress,
        **chosen,
    )
