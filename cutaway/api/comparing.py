"""The verb that compares two runs: `compare`."""

import contextlib
from dataclasses import replace
from pathlib import Path

from cutaway._lazy import public
from cutaway.errors import Canceled, CutawayError, UsageError
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.topics.common.pairing import pair_samples
from cutaway.topics.comparison.measures import compare_layers, compare_predictions
from cutaway.topics.comparison.options import SAMPLES, ComparisonOptions
from cutaway.topics.comparison.result import Comparison

from .opening import open_run
from .run import Run


def comparing_options(first: Run, second: Run) -> str | None:
    """What ``cutaway compare`` needs for these runs: nothing or " --shared"; None where they share no test sample.

    Raises:
        DataError: The data of one cannot be loaded again.
    """
    for shared, option in ((False, ""), (True, " --shared")):
        with contextlib.suppress(UsageError):  # the next form, or none, is the answer
            pair_samples(first.context, second.context, shared=shared)
            return option
    return None


@public
def compare(
    run_a: Run | str | Path,
    run_b: Run | str | Path,
    *,
    split: str = "test",
    epochs: tuple[int | None, int | None] = (None, None),
    shared: bool = False,
    samples: int = SAMPLES,
    seed: int = 0,
    progress: ProgressOption = True,
) -> Comparison:
    """Compare two runs: their settings, their results on the same samples, what changed, and their layers.

    Args:
        run_a: A run, or where `open_run` finds one.
        run_b: Another one, or the same at another epoch.
        split: "test" or "val".
        epochs: Numbers of the epochs of both; the kept ones if None.
        shared: Whether runs on different data, or with different samples in this split, are compared on the samples
            that both have in it. Samples are matched by source and row if the data are from the same place, and
            otherwise by their content; those that one of the runs was trained on are left out and counted.
        samples: Maximum number of samples to compare layers on, a stratified sample by class; fewer where
            layers are very wide.
        seed: Random seed of that sample.
        progress: See `Run`.

    Returns:
        A `Comparison`. If a model does not open, what needs its layers is None, and ``missing`` says why.

    Raises:
        UnknownNameError: There is no such run, epoch or split.
        UsageError: The runs are on different data, classes or samples, and `shared` is False; or they share none.
        DataError: The data cannot be loaded again, or a prediction is not a number.

    Source:
        McNemar 1947; Tango 1998 (interval of the difference of accuracies); Dietterich 1998, "Approximate statistical
        tests for comparing supervised classification learning algorithms": McNemar's test is about these two trained
        models, not about the way they were trained.
    """
    options = ComparisonOptions(split=split, epochs=epochs, shared=shared, samples=samples)
    first, second = (run if isinstance(run, Run) else open_run(run) for run in (run_a, run_b))
    numbers = first.context.epoch(options.epochs[0]), second.context.epoch(options.epochs[1])
    with show_progress(progress) as on_progress:
        paired = pair_samples(first.context, second.context, split=split, shared=shared)
        found = compare_predictions(paired, epochs=numbers, split=split, on_progress=on_progress)
        try:
            layers = compare_layers(paired, epochs=numbers, samples=options.samples, seed=seed, on_progress=on_progress)
        except Canceled:
            raise
        except CutawayError as error:
            return replace(found, missing={"layers": error.fault})
    return replace(found, layers=layers)
