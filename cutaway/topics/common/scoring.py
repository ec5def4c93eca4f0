"""The samples of a split as a model scores them, batch by batch."""

from collections.abc import Sequence

from cutaway.context import RunContext
from cutaway.data import SampleIds
from cutaway.errors import UsageError
from cutaway.metrics import KERAS_LEAST, LEAST, ScoredSamples, at_temperature
from cutaway.words import counted

from .predictions import finite_batches


def scored_samples(
    context: RunContext, ids: SampleIds, *, epoch: int | None, temperatures: Sequence[float] = (1.0,)
) -> list[ScoredSamples]:
    """Score samples, once at each temperature.

    Args:
        context: The run.
        ids: The samples, at least one.
        epoch: After which epoch; the kept one if None.
        temperatures: At least one; 1 leaves the probabilities as they are.

    Raises:
        DataError: A probability is not a number: the model has diverged.
    """
    context.task.need_classes("a score of probabilities")
    labels = context.data.y(ids)
    parts: list[list[ScoredSamples]] = [[] for _ in temperatures]
    for rows, found in finite_batches(context, ids, epoch=epoch):
        for temperature, into in zip(temperatures, parts, strict=True):
            at = found if temperature == 1 else at_temperature(found, temperature)
            into.append(ScoredSamples.of(at, labels[rows]))
    return [ScoredSamples.join(each) for each in parts]


def least_probability(*contexts: RunContext) -> float:
    """The probability below which a sample costs no more in a cross-entropy of some runs.

    Keras' cross-entropy if cutaway trained one of them, since its history and run.json were measured so; otherwise
    the cross-entropy of the probabilities as they are.
    """
    return KERAS_LEAST if any(each.manifest.origin == "training" for each in contexts) else LEAST


def validation(context: RunContext, *, chosen: str) -> SampleIds:
    """The validation samples.

    Args:
        context: The run.
        chosen: What is to be chosen on them, in words.

    Raises:
        UsageError: There are none.
    """
    if not len(context.split.val):
        raise UsageError(
            f"{context.path.name} has no validation samples, and {chosen} must be chosen on them",
            hint="train with a share of the samples for validation",
        )
    return context.split.val


def cautions(split: str, chosen: str) -> list[str]:
    """A caution for numbers of a split that something was chosen on, or that the model was trained on.

    Args:
        split: The split that was measured.
        chosen: What was chosen on the validation samples, such as "the threshold was chosen".
    """
    found = [f"these samples are among those that {chosen} on"] if split in ("val", "all") else []
    return [*found, *(["a model is more often right on samples that it was trained on"] * (split in ("train", "all")))]


def split_in_words(split: str, samples: int) -> str:
    """A split and its size: "1,000 test samples"."""
    name = "" if split == "all" else f"{kind_of(split)} "
    return counted(samples, f"{name}sample")


def kind_of(split: str) -> str:
    """What the samples of a split are called: "training", "validation" or "test"."""
    return {"train": "training", "val": "validation"}.get(split, split)
