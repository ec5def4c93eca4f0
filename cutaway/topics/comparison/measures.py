"""What is measured of two runs: their predictions on the same samples, and how similar their layers are."""

from typing import TYPE_CHECKING

import numpy as np

from cutaway.cache import cached
from cutaway.data import stratified_sample
from cutaway.metrics import PredictedClasses, cross_entropies, paired_measures
from cutaway.progress import ProgressCallback
from cutaway.topics.common.pairing import PairedSamples
from cutaway.topics.common.predictions import probability_batches
from cutaway.topics.common.scoring import least_probability
from cutaway.topics.layers.layers import sample_room

from .options import SAMPLES
from .result import Comparison, LeftOut
from .settings import setting_differences

if TYPE_CHECKING:
    from cutaway.interpret import ModelSimilarity


def compare_predictions(
    paired: PairedSamples, *, epochs: tuple[int, int], split: str, on_progress: ProgressCallback
) -> Comparison:
    """Compare two runs without their layers.

    Args:
        paired: The samples that they are compared on.
        epochs: Numbers of the epochs of both.
        split: The split that the samples are of.
        on_progress: Called with the progress of the predictions.

    Raises:
        DataError: A probability is not a number: a model has diverged.
    """
    first, second = paired.contexts
    predicted, confidence, of_label = _predictions(paired, epochs, on_progress)
    loss = cross_entropies(of_label, least=least_probability(first, second))
    correct = predicted == paired.labels
    return Comparison(
        runs=(first.path.name, second.path.name),
        epochs=epochs,
        split=split,
        settings=setting_differences(first.manifest, second.manifest, epochs=epochs),
        measures=paired_measures((correct[0], correct[1]), (loss[0], loss[1])),
        ids=paired.ids[0],
        class_names=paired.class_names,
        labels=paired.labels,
        predicted=predicted,
        confidence=confidence,
        label_probability=of_label,
        matched_by=paired.by,
        left_out=LeftOut(paired.trained_on, paired.labeled_differently, paired.unshared),
        layers=None,
        missing={},
    )


def _predictions(
    paired: PairedSamples, epochs: tuple[int, int], on_progress: ProgressCallback
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predicted classes int64, their probabilities and the true classes' float32, each ``(run, sample)``.

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


def compare_layers(
    paired: PairedSamples, *, epochs: tuple[int, int], samples: int, seed: int, on_progress: ProgressCallback
) -> "ModelSimilarity":
    """How similar the layers of two runs are.

    Args:
        paired: The samples that they are compared on.
        epochs: Numbers of the epochs of both.
        samples: How many of them at most, a stratified sample by class; fewer where layers are very wide.
        seed: Random seed of that sample.
        on_progress: Called with the progress.

    Raises:
        CutawayError: A model does not open.
    """
    models = [context.model(epoch) for context, epoch in zip(paired.contexts, epochs, strict=True)]
    from cutaway.interpret import compare_models

    room = min(sample_room(context) for context in paired.contexts) // 2
    chosen = stratified_sample(paired.labels, max(2, min(samples, room)), seed=seed)
    rows = [c.data.rows(ids.take(chosen)) for c, ids in zip(paired.contexts, paired.ids, strict=True)]
    scales = [context.data.scale for context in paired.contexts]
    return compare_models(*models, x=(rows[0], rows[1]), scale=(scales[0], scales[1]), on_progress=on_progress)


def kept_similarity(
    paired: PairedSamples, *, epochs: tuple[int, int], on_progress: ProgressCallback
) -> "ModelSimilarity":
    """`compare_layers` on up to `SAMPLES` samples, kept in the cache."""
    decides = [
        [context.folder.identity(epoch), each.source_index, each.index]
        for context, epoch, each in zip(paired.contexts, epochs, paired.ids, strict=True)
    ]
    return cached("similarity", SAMPLES, decides, method=2).get(
        lambda: compare_layers(paired, epochs=epochs, samples=SAMPLES, seed=0, on_progress=on_progress)
    )
