"""What the commands train and demo do: a model and its settings from a recipe."""

import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from cutaway.results.progress import ProgressOption, show_progress
from cutaway.runs import RUNS
from cutaway.topics.embedding.result import Embedding

from .given_data import as_dataset
from .run import Run
from .train import mlp, train


class Demo(NamedTuple):
    """What `demo` made.

    Attributes:
        run: The training.
        embedding: Its last hidden layer.
        report: The report.
    """

    run: Run
    embedding: Embedding
    report: Path


def train_recipe(
    data: str,
    *,
    options: Mapping[str, Any] | None = None,
    recipe: str = "default",
    form: Mapping[str, Any] | None = None,
    seed: int = 0,
    runs: str | Path = RUNS,
    name: str | None = None,
    labels: str | None = None,
    progress: ProgressOption = True,
    **settings: Any,
) -> Run:
    """Train the model of a recipe on a dataset, in a process that is ours alone.

    Args:
        data: What `load_dataset` takes.
        options: Options for the data, as `load_dataset` takes them.
        recipe: Where the model and the settings come from that are not given.
        form: Settings of the model, as `cutaway.mlp` takes them; those of the recipe that are not in it.
        seed: Random seed.
        runs: Folder in which the run folder is made.
        name: Your name for the run, part of the folder name; the dataset's name if None.
        labels: File of decisions on labels.
        progress: See `cutaway.train`.
        settings: See `cutaway.train`.

    Raises:
        UsageError, DataError, RunError, TrainingError, BackendError, Canceled: See `cutaway.train`.
    """
    from cutaway.models import import_lean_keras
    from cutaway.training import find_recipe, make_config, recipe_for

    base = find_recipe(recipe)
    # a wrong setting is refused before Keras is loaded, which takes a second
    checked = {key: value for key, value in settings.items() if key not in ("class_weight", "sample_weight")}
    make_config(base.settings, **checked, seed=seed)
    with show_progress(progress) as on_progress:
        dataset = as_dataset(data, None, verb="train", on_progress=on_progress, **(options or {}))
    recipe = recipe_for(recipe, dataset, {**settings, **(form or {})})
    base = find_recipe(recipe)
    import_lean_keras()
    model = mlp(**{**asdict(base.form), **(form or {})})
    return train(
        *(model, dataset),
        recipe=recipe,
        seed=seed,
        runs=runs,
        name=name,
        labels=labels,
        progress=progress,
        **settings,
    )


def demo(*, seed: int = 0, runs: str | Path = RUNS) -> Demo:
    """Show everything on the bundled MNIST: train, embed the last hidden layer, write a report."""
    from cutaway.embedding import warm_up
    from cutaway.models import import_lean_keras

    import_lean_keras()
    # where they are not in the cache yet, the kernels of t-SNE compile while the model trains
    warming = threading.Thread(target=warm_up, daemon=True)
    warming.start()
    run = train_recipe("mnist", seed=seed, runs=runs)
    run.layers(progress=True)
    warming.join()
    return Demo(run, run.embed(), run.report())
