"""The verb that compares two runs: `compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cutaway._lazy import public
from cutaway.api.analyses import PairedSamples, pair_samples, probability_batches, sample_room
from cutaway.api.analyses.epochs import check_epoch
from cutaway.api.opening import open_run
from cutaway.api.progress import ProgressOption, show_progress
from cutaway.api.run import Run
from cutaway.checks import check_whole
from cutaway.data import stratified_sample
from cutaway.errors import CutawayError, UsageError, printable
from cutaway.metrics import LEAST_PROBABILITY, PredictedClasses, paired_measures
from cutaway.progress import ProgressCallback

from .record import Comparison, LeftOut
from .settings import setting_differences

if TYPE_CHECKING:
    from cutaway.interpret import ModelSimilarity

SAMPLES = 10_000
"""The most samples on which layers are compared."""


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
    """Compare two runs: their settings, what each is worth on the same samples, what changed, and their layers.

    Args:
        run_a: A run, or where `open_run` finds one.
        run_b: Another one, or the same at another epoch.
        split: "test" or "val".
        epochs: Numbers of the epochs of both; the kept ones where None.
        shared: Whether runs on different data, or with different samples in this split, are compared on the samples
            that both have in it. Samples are found by source and row where the data are from the same place, and
            otherwise by their content; those that one of the runs was trained on are left out and counted.
        samples: The most samples on which layers are compared, a stratified sample by class; fewer where layers are
            very wide.
        seed: Random seed of that sample.
        progress: See `Run`.

    Returns:
        A `Comparison`. Where a model does not open, what needs its layers is None, and ``missing`` says why.

    Raises:
        UnknownNameError: There is no such run, epoch or split.
        UsageError: The runs are on different data, classes or samples, and `shared` is False; or they share none.
        DataError: The data cannot be loaded again, or a prediction is not a number.

    Source:
        McNemar 1947; Tango 1998 (interval of the difference of accuracies); Dietterich 1998, "Approximate statistical
        tests for comparing supervised classification learning algorithms": McNemar's test is of these two trained
        models, not of the way in which they were trained.
    """
    samples = check_whole(samples, name="samples", least=2)
    if not isinstance(epochs, tuple | list) or len(epochs) != 2:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            "epochs are one for each run", got=printable(repr(epochs), 60), hint="pass for example epochs=(1, None)"
        )
    wanted = check_epoch(epochs[0]), check_epoch(epochs[1])
    first, second = (run if isinstance(run, Run) else open_run(run) for run in (run_a, run_b))
    numbers = first.context.epoch(wanted[0]), second.context.epoch(wanted[1])
    with show_progress(progress) as on_progress:
        paired = pair_samples(first.context, second.context, split=split, shared=shared)
        predicted, confidence, of_label = _predictions(paired, numbers, on_progress)
        loss = -np.log(np.clip(of_label.astype(np.float64), LEAST_PROBABILITY, 1))
        correct = predicted == paired.labels
        layers, why = _layers(paired, numbers, samples=samples, seed=seed, on_progress=on_progress)
    return Comparison(
        runs=(first.path.name, second.path.name),
        epochs=numbers,
        split=split,
        settings=setting_differences(first.context.manifest, second.context.manifest),
        measures=paired_measures((correct[0], correct[1]), (loss[0], loss[1])),
        ids=paired.ids[0],
        class_names=paired.class_names,
        labels=paired.labels,
        predicted=predicted,
        confidence=confidence,
        label_probability=of_label,
        matched_by=paired.by,
        left_out=LeftOut(paired.trained_on, paired.labeled_differently, paired.unshared),
        layers=layers,
        missing=dict((("layers", why),) if why else ()),
    )


def _predictions(
    paired: PairedSamples, epochs: tuple[int, int], on_progress: ProgressCallback
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predicted classes int64, their probabilities and those of the true classes float32, each ``(run, sample)``.

    Raises:
        DataError: A probability is not a number: the model has diverged.
    """
    shape = 2, len(paired.labels)
    predicted, confidence, of_label = (
        np.empty(shape, np.int64),
        np.empty(shape, np.float32),
        np.empty(shape, np.float32),
    )
    for run, (context, ids, codes) in enumerate(zip(paired.contexts, paired.ids, paired.codes, strict=True)):
        own = context.data.y(ids)
        for rows, found in probability_batches(context, ids, epoch=epochs[run], on_progress=on_progress):
            classes = PredictedClasses.of(found, first=rows.start)
            predicted[run, rows], confidence[run, rows] = codes[classes.predicted], classes.confidence
            of_label[run, rows] = np.take_along_axis(found, own[rows, None], axis=1)[:, 0]
    return predicted, confidence, of_label


def _layers(
    paired: PairedSamples, epochs: tuple[int, int], *, samples: int, seed: int, on_progress: ProgressCallback
) -> "tuple[ModelSimilarity | None, str]":
    """How similar the layers are; or None, and why that is not known."""
    from cutaway.errors import Canceled

    try:
        models = [context.model(epoch) for context, epoch in zip(paired.contexts, epochs, strict=True)]
        from cutaway.interpret import compare_models

        room = min(sample_room(context) for context in paired.contexts) // 2
        chosen = stratified_sample(paired.labels, max(2, min(samples, room)), seed=seed)
        rows = [c.data.rows(ids.take(chosen)) for c, ids in zip(paired.contexts, paired.ids, strict=True)]
        scales = [context.data.scale for context in paired.contexts]
        return (
            compare_models(*models, x=(rows[0], rows[1]), scale=(scales[0], scales[1]), on_progress=on_progress),
            "",
        )
    except Canceled:
        raise
    except CutawayError as error:
        return None, f"{error.rule}; got {error.got}"
