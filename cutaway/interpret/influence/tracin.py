"""Influence: which training samples have raised and lowered the probability of an answer, by TracIn."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import jax
import keras
import numpy as np

from cutaway.errors import DataError
from cutaway.interpret.graph import Graph, Weights, weights_of
from cutaway.models import batch_size, batch_slices, prepare_inputs
from cutaway.parallel import prefetch, single_threaded_blas
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from .gradients import Gradients, dot, gradients_of, preconditioned
from .objectives import log_probabilities, training_losses

MOST_ANSWERS = 128
"""Maximum number of answers in one pass over the training samples; more answers take several passes, since the
influences of 60,000 samples on 128 answers take 31 MB."""

INFLUENCE_BYTES = 2**28
"""Bytes of the influences of all training samples on the answers of one pass at most, of two or more answers."""

DAMPING = 0.1
"""Of the second moments of the inputs; chosen on digits among 0.01, 0.1 and 1, see `benchmarks/influence_lds.py`."""

MOMENT_SAMPLES = 1024
"""Maximum number of training samples for second moments."""

Snapshot = Mapping[str, np.ndarray]
"""Weights by name, as `cutaway.models.get_weights` gives them."""


@dataclass(frozen=True)
class Objective:
    """The loss that a model was trained by.

    Attributes:
        loss: Its name in Keras, as `cutaway.models.sample_loss` takes it.
        label_smoothing: In [0, 1).
        classes: Number of classes.
    """

    loss: str
    label_smoothing: float
    classes: int


@dataclass(frozen=True, eq=False)
class TrainingSamples:
    """Samples whose gradients are taken, with all that their loss depends on.

    Attributes:
        x: ``(sample, ...)`` raw rows, uint8 or float32: an array, or an object whose slices and rows are arrays.
        labels: int64 ``(sample,)``, their classes.
        weight: float32 ``(sample,)``, the weight of each in the loss; None for 1.
    """

    x: Any
    labels: np.ndarray
    weight: np.ndarray | None = None


def answers_at_once(samples: int) -> int:
    """The number of answers in one pass over N training samples, from 1 to `MOST_ANSWERS`."""
    return max(1, min(MOST_ANSWERS, INFLUENCE_BYTES // (4 * max(samples, 1))))


def influences(
    model: keras.Model,
    answers: np.ndarray,
    targets: np.ndarray,
    *,
    samples: TrainingSamples,
    objective: Objective,
    scale: float,
    snapshot: Callable[[int], Snapshot],
    rates: Mapping[int, float],
    damping: float | None = DAMPING,
    on_progress: ProgressCallback = ignore_progress,
) -> np.ndarray:
    """Measure how much each training sample has raised the log-probability of each answer.

    The influence of a training sample z on an answer x is the sum, over the snapshots t, of the rate of t times the
    product of two gradients by all trained weights: of the loss of z, and of the negative log-probability that the
    model gives to the target class of x. It is positive if a step that lowers the loss of z raises that probability.
    Between the gradients is, for each layer, the inverse of the second moment of its inputs over the training samples:
    if many samples share a direction, the others make up for one that is left out.

    Gradients are as in evaluation: without dropout, and with the moving averages of BatchNormalization as constants.
    They are exact for all weights of supported layers, also of normalizations; regularizers have none.
    No gradient of a kernel is formed. For a Dense layer it is the outer product of the input and the gradient of the
    pre-activations; the product of two gradients is then the product of two products of vectors.

    Args:
        model: A built model; it is not changed.
        answers: ``(answer, ...)`` raw rows of the samples that were answered, at most `MOST_ANSWERS`.
        targets: int64 ``(answer,)``, the class whose log-probability is meant.
        samples: The training samples.
        objective: The loss that they were trained by.
        scale: The value of a raw row that becomes 1.
        snapshot: Epoch -> weights after it, by name.
        rates: Epoch -> weight of its snapshot: the learning rate.
        damping: See `cutaway.interpret.influence.gradients.preconditioned`; None leaves the second moments out.
        on_progress: Told after every batch, in samples, over all snapshots.

    Returns:
        float32 ``(answer, training sample)``.

    Raises:
        ModelError: A Dense layer computes several vectors of one sample with the same weights, or a snapshot is not one
            of this model.
        DataError: An influence is not a finite number: the model has diverged.

    Source:
        Pruthi, Liu, Sundararajan, Kale 2020, "Estimating training data influence by tracing gradient descent", section
        3.3 (TracInCP), with section 4.3 for the product of the gradients of a Dense layer; `preconditioned` for the
        second moments.
    """
    program, count = _Program.of(model, objective, scale), len(answers)
    padded = 1 if count == 1 else MOST_ANSWERS if count > 16 else 16  # few shapes mean few compiled programs
    rows, classes = (np.concatenate([part, part[:1].repeat(padded - count, axis=0)]) for part in (answers, targets))
    found = np.zeros((count, len(samples.labels)), np.float32)
    some = None if damping is None else _some(samples)
    for epoch, rate in rates.items():
        weights = weights_of(program.graph, snapshot(epoch))
        of_answers = program.of_answers(weights, rows, classes)
        if some is not None:
            # LAPACK under JAX waits for its threads in a busy loop: on two cores, two threads took twice as long as one
            with single_threaded_blas():
                of_answers = jax.block_until_ready(program.preconditioned(weights, *some, of_answers, damping))
        for first, new, batch in _batches(samples, epoch, rates, on_progress):
            part = np.asarray(program.influences(weights, *batch, of_answers))
            found[:, new] += rate * part[new.start - first :, :count].T
    return _finite(found)


class _Batch(NamedTuple):
    """Rows, labels and weights of some samples."""

    rows: np.ndarray
    labels: np.ndarray
    weight: np.ndarray


class _Program:
    """The compiled programs for one model, which take its weights as an argument."""

    def __init__(self, graph: Graph, objective: Objective, scale: float) -> None:
        self.graph = graph

        def prepared(rows: jax.Array) -> jax.Array:
            return prepare_inputs(rows, scale, graph.shape)

        def of_samples(weights: Weights, rows: jax.Array, labels: jax.Array, weight: jax.Array) -> Gradients:
            def loss(values: dict[str, jax.Array]) -> jax.Array:
                return (training_losses(graph, values, labels, **vars(objective)) * weight).sum()

            return gradients_of(graph, weights, prepared(rows), loss)

        @jax.jit
        def of_answers(weights: Weights, rows: jax.Array, targets: jax.Array) -> Gradients:
            def loss(values: dict[str, jax.Array]) -> jax.Array:
                return -log_probabilities(graph, values, targets).sum()

            with jax.default_matmul_precision("highest"):
                return gradients_of(graph, weights, prepared(rows), loss)

        @jax.jit
        def influences(weights: Weights, rows: jax.Array, labels: jax.Array, weight: jax.Array, answers: Gradients):
            with jax.default_matmul_precision("highest"):
                return dot(of_samples(weights, rows, labels, weight), answers)

        @jax.jit
        def precondition(
            weights: Weights,
            rows: jax.Array,
            labels: jax.Array,
            weight: jax.Array,
            answers: Gradients,
            damping: float,
        ) -> Gradients:
            with jax.default_matmul_precision("highest"):
                return preconditioned(answers, of_samples(weights, rows, labels, weight), damping)

        self.of_answers, self.influences, self.preconditioned = of_answers, influences, precondition

    @classmethod
    def of(cls, model: keras.Model, objective: Objective, scale: float) -> "_Program":
        """The programs that were made for this model before, or new ones.

        Raises:
            ModelError: The model is not of supported layers, or a layer has no gradient in closed form.
        """
        made = _PROGRAMS.setdefault(model, {})
        if (objective, scale) not in made:
            made[objective, scale] = cls(Graph.of(model), objective, scale)
        return made[objective, scale]


_PROGRAMS: WeakKeyDictionary[keras.Model, dict[Any, _Program]] = WeakKeyDictionary()
"""What `_Program.of` has made, for as long as somebody holds the model."""


def _some(samples: TrainingSamples) -> _Batch:
    """At most `MOMENT_SAMPLES` of the samples, at random, since their order may follow a pattern."""
    count = len(samples.labels)
    places = np.sort(np.random.default_rng(0).permutation(count)[:MOMENT_SAMPLES])
    return _Batch(samples.x[places], samples.labels[places].astype(np.int32), np.ones(len(places), np.float32))


def _batches(
    samples: TrainingSamples, epoch: int, rates: Mapping[int, float], on_progress: ProgressCallback
) -> Iterator[tuple[int, slice, _Batch]]:
    """Go through all samples for one of several snapshots, each batch gathered while the one before is computed.

    Yields:
        The first sample of a batch, which of its samples are new, and the batch.
    """
    count = len(samples.labels)
    done, total = list(rates).index(epoch) * count, len(rates) * count
    weight = np.ones(count, np.float32) if samples.weight is None else samples.weight

    def gather(bounds: tuple[int, slice]) -> tuple[int, slice, _Batch]:
        first, new = bounds
        here = slice(first, new.stop)
        return first, new, _Batch(samples.x[here], samples.labels[here].astype(np.int32), weight[here])

    if not done:
        on_progress(Progress("influence", 0, total, "samples"))
    for first, new, batch in prefetch(gather, batch_slices(count, batch_size(samples.x))):
        yield first, new, batch
        on_progress(Progress("influence", done + new.stop, total, "samples", f"epoch {epoch}"))


def _finite(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise DataError("the influences are not finite", hint="look at earlier epochs")
    return values
