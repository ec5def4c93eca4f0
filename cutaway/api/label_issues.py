"""The verb that finds label issues in data that have no run yet."""

from pathlib import Path
from typing import Any

from cutaway._lazy import public
from cutaway.data import Dataset, Table
from cutaway.execution import check_engine
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.topics.label_issues.cross_validation import of_data
from cutaway.topics.label_issues.options import LabelIssuesOptions
from cutaway.topics.label_issues.result import LabelIssues
from cutaway.topics.label_issues.search import find_label_issues

from .given_data import as_dataset


@public
def label_issues(
    data: Dataset | Table | str | Path | Any,
    y: Any = None,
    *,
    folds: int = 5,
    seeds: int = 3,
    epochs: int | None = None,
    engine: str | None = None,
    progress: ProgressOption = True,
    **options: Any,
) -> LabelIssues:
    """Find labels that are probably wrong, using models of the default recipe that were not trained on them.

    The result of each fold is kept in the user's cache: canceled work continues where it stopped.

    Args:
        data: See `train`.
        y: Labels ``(sample,)``, if `data` are inputs.
        folds: Number of parts; each is judged by models trained on the other parts.
        seeds: How many times all parts are judged, each time divided differently; fewer is faster and less sure.
        epochs: Epochs of each training; the recipe's if None. For a table, the first fold finds the best number.
        engine: Where folds are trained: "local" (processes of this machine), "local:4", "dask://HOST:PORT" or
            "tls://HOST:PORT"; this process if None.
        progress: True draws a bar, False draws nothing, a callable gets `Progress` records.
        options: Options for data by name or path, as `load_dataset` takes them.

    Raises:
        UsageError, DataError: The data cannot be loaded, there are too few samples, or a number is outside its range.
        TrainingError: A training diverged.
        ExecutionError: The engine cannot be reached, has other versions, or lost its workers.
        Canceled: It was canceled; the same call continues from there.
    """
    sizes = LabelIssuesOptions(folds=folds, seeds=seeds, epochs=epochs)
    check_engine(engine)
    with show_progress(progress) as on_progress:
        given = as_dataset(data, y, verb="label_issues", on_progress=on_progress, **options)
        setup = of_data(given, sizes, on_progress=on_progress)
        return find_label_issues(setup, engine=engine, on_progress=on_progress)
