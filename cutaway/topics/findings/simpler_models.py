"""A linear model and boosted trees, trained on the samples of a run and asked about its held-out samples."""

from collections.abc import Iterator

import numpy as np

from cutaway.cache import CachedResult, cached
from cutaway.context import RunContext
from cutaway.data import SIMPLE_MODELS, Table, simple_predictions, stratified_sample
from cutaway.errors import CutawayError
from cutaway.findings import SimplerModel, averages_inputs
from cutaway.log import survive
from cutaway.metrics import ScoredSamples, exchange_test, mean_interval, squared_errors
from cutaway.progress import Progress, ProgressCallback
from cutaway.topics.common.predictions import finite_batches

TRAINED, HELD = 10_000, 5_000
"""Maximum number of training samples for such a model, and of held-out samples to predict."""

VALUES = 2_000_000
"""Inputs of these training samples at most: of wide ones there are fewer."""

MOST_CLASSES = 30
"""Classes beyond which boosted trees, one for each class and step, take too long."""

LEAST_NUMBERS = 10
"""Held-out samples whose targets are numbers, below which R2 says nothing."""

CHEAP = 1_000_000
"""Inputs of these training samples, times the trees of a step, up to which nobody has to ask for the comparison."""


def known_simpler_models(context: RunContext) -> tuple[SimplerModel, ...] | None:
    """What simpler models are worth; None if they have not been measured. Nothing is trained here."""
    kept = _kept(context)
    return None if kept is None else kept.read()


def compare_simpler_models(context: RunContext, *, on_progress: ProgressCallback, cheap: bool = False) -> None:
    """Train simpler models and keep their accuracies in the cache, unless they are there or cannot be compared.

    Args:
        context: The run.
        on_progress: Called with the progress.
        cheap: Whether to compare them only if that takes a few seconds at most.

    Raises:
        CutawayError: The data or the model cannot be loaded.
    """
    kept = _kept(context)
    if kept is not None and not why_not_compared(context) and not (cheap and takes_long(context)):
        kept.get(lambda: tuple(_simpler_models(context, on_progress)))


def why_not_compared(context: RunContext) -> str:
    """Why other models cannot be compared, as the end of a sentence; "" if they can.

    Of images they can only where the model averages over their positions, which the other models see.

    Raises:
        CutawayError: The data cannot be loaded.
    """
    is_image = context.manifest.dataset.image is not None
    if is_image and not (context.opens and averages_inputs(context.spec["layers"])):
        return "they are for tables."
    if not context.knows_training_samples:
        return "the training samples of this run are not known."
    weights = context.loaded.weights if isinstance(context.loaded, Table) else None
    if weights is not None or context.manifest.sample_weight or context.manifest.config.get("class_weight"):
        return "this run was trained with weights, which are not about accuracy."
    return "they take too long for so many classes." if len(context.task.names) > MOST_CLASSES else ""


def takes_long(context: RunContext) -> bool:
    """Whether the comparison takes more than a few seconds."""
    classes, samples = len(context.task.names), min(len(context.split.train), _most_samples(context.data.features))
    return samples * context.data.features * (classes if classes > 2 else 1) > CHEAP


def _most_samples(features: int) -> int:
    return max(2, min(TRAINED, VALUES // max(features, 1)))


def _kept(context: RunContext) -> CachedResult | None:
    """The simpler models of a run in the cache; None of a run without weights."""
    with survive(__name__, "looking for kept simpler models", CutawayError):
        return cached("simpler-models", context.folder.identity(context.epoch()), method=3)
    return None


def _simpler_models(context: RunContext, on_progress: ProgressCallback) -> Iterator[SimplerModel]:
    data, split = context.data, context.split
    held = split.test if len(split.test) else split.val
    train = split.train.take(stratified_sample(data.strata_of(split.train), _most_samples(data.features), seed=0))
    y, is_numbers = data.y(train), data.task.is_numbers
    if len(held) < (LEAST_NUMBERS if is_numbers else 1) or len(np.unique(y)) < 2:
        return
    held = held.take(stratified_sample(data.strata_of(held), HELD, seed=0))
    x, others, labels = data.inputs(train), data.inputs(held), data.y(held)
    task, total = "comparing with other models", len(SIMPLE_MODELS)
    on_progress(Progress(task=task, done=0, total=total, unit="models"))

    def score(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each sample, and whether it is right; nothing is right of numbers."""
        if is_numbers:
            return squared_errors(labels, found, labels.var(axis=0)), np.zeros(len(labels), bool)
        scored = ScoredSamples.of(found, labels)
        return scored.log_loss, scored.correct

    loss, ours = score(np.concatenate([found for _, found in finite_batches(context, held, epoch=None)]))
    for number, (name, found) in enumerate(simple_predictions(x, y, others, task=data.task), 1):
        other, theirs = score(found)
        won, lost = int((theirs & ~ours).sum()), int((ours & ~theirs).sum())
        on_progress(Progress(task=task, done=number, total=total, unit="models"))
        means, interval = (float(loss.mean()), float(other.mean())), mean_interval(loss - other) if is_numbers else None
        p_value = exchange_test(other - loss)
        yield SimplerModel(name, len(y), len(held), int(theirs.sum()), won, lost, means, p_value, interval)
