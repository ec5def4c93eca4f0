"""Influence: which training samples have raised and lowered the probability of an answer, by TracIn.

In come a built model, snapshots of its weights and what they weigh, training samples, and samples that were answered;
out go influences, float32 ``(answer, training sample)``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.errors import DataError, ModelError
from cutaway.interpret.graph import Graph, Weights, evaluate, has_bias, weights_of
from cutaway.models import DENSE_KINDS, MEAN, activation_name, batch_size, batch_slices, prepare_inputs, sample_loss
from cutaway.parallel import prefetch, single_threaded_blas
from cutaway.progress import Progress, ProgressCallback, ignore_progress


class Gradients(NamedTuple):
    """The gradients of some samples, a term for each layer or member of an ensemble.

    The gradient of a kernel is the outer product of an input and of the gradient by the pre-activations. That of the
    bias is the latter, as if the input had one more value, which is 1.

    Attributes:
        inputs: float32 ``(sample, feature)`` for each kernel.
        deltas: float32 ``(sample, unit)`` for each kernel.
        biases: For each kernel the input of its bias: 1, or 0 without a bias; float32 ``(sample,)``
            if `preconditioned` has changed it.
        others: float32 ``(sample, weight)``, the gradients by the weights of other layers, such as the scale and the
            offset of a normalization.
    """

    inputs: list[jax.Array]
    deltas: list[jax.Array]
    biases: list[Any]
    others: list[jax.Array]


def dot(one: Gradients, other: Gradients) -> jax.Array:
    """The product of each gradient with each other one, summed over all weights, float32 ``(sample, other sample)``."""
    terms = [
        (a @ b.T + bias * same) * (d @ e.T)
        for a, b, d, e, bias, same in zip(
            one.inputs, other.inputs, one.deltas, other.deltas, one.biases, other.biases, strict=True
        )
    ]
    return sum([*terms, *(g @ h.T for g, h in zip(one.others, other.others, strict=True))], jnp.zeros(()))


def preconditioned(gradients: Gradients, samples: Gradients, damping: float) -> Gradients:
    """Multiply the inputs of each kernel by the inverse of their second moments over some samples, which are damped.

    The moments are sums and not means: all influences share the factor.

    Other layers stay as they are: what a normalization scales has a second moment of about 1.

    Args:
        gradients: Any gradients.
        samples: Those of the samples, whose inputs alone are used.
        damping: What is added to the second moment, in units of its mean eigenvalue that is not 0; above 0.

    Source:
        Benzing 2022, "Gradient descent on neurons and its link to approximate second-order optimization" (FOOF): the
        part of K-FAC (Martens and Grosse 2015) that belongs to the inputs.
    """
    inputs, biases = list[jax.Array](), list[Any]()
    for a, b, bias in zip(gradients.inputs, samples.inputs, gradients.biases, strict=True):
        mine = jnp.concatenate([a, jnp.full((len(a), 1), bias)], axis=1)
        theirs = jnp.concatenate([b, jnp.full((len(b), 1), bias)], axis=1)
        # by the products of the features or of the samples, whichever are fewer: an image may have 100,000 features
        few = theirs.T if theirs.shape[1] <= len(theirs) else theirs
        products = few @ few.T
        mean = jnp.trace(products) / jnp.minimum(len(b), b.shape[1] + bias)
        added = damping * jnp.where(mean > 0, mean, 1.0)  # a layer without a bias may read zeros alone
        damped = products + added * jnp.eye(len(few))
        if few is theirs:
            solved = (mine - jax.scipy.linalg.solve(damped, few @ mine.T, assume_a="pos").T @ few) / added
        else:
            solved = jax.scipy.linalg.solve(damped, mine.T, assume_a="pos").T
        inputs.append(solved[:, :-1])
        biases.append(solved[:, -1])
    return gradients._replace(inputs=inputs, biases=biases)


def gradients_of(
    graph: Graph, weights: Weights, inputs: jax.Array, loss: Callable[[dict[str, jax.Array]], jax.Array]
) -> Gradients:
    """The gradients of a loss, in evaluation, by all weights that are trained.

    Args:
        graph: The model.
        weights: As `cutaway.interpret.graph.weights_of` returns them.
        inputs: float32 ``(sample, *Graph.shape)``, prepared.
        loss: The sum of the losses of the samples, from the values of all layers.

    Raises:
        ModelError: A Dense layer computes several vectors of one sample with the same weights, or no layer is trained.
    """
    trained = [name for name, layer in graph.layers.items() if layer.trainable_variables]
    dense = [name for name in trained if graph.kind(name) in DENSE_KINDS]
    others = [name for name in trained if name not in dense]
    _check(graph, trained)

    def zeros(names: list[str]) -> dict[str, jax.Array]:
        return {name: jnp.zeros((len(inputs), *graph.layers[name].output.shape[1:])) for name in names}

    def total(before: dict[str, jax.Array], added: dict[str, jax.Array]) -> tuple[jax.Array, dict[str, jax.Array]]:
        values = evaluate(graph, weights, {graph.entry: inputs}, before=before, added=added)
        return loss(values), values

    # samples are independent in evaluation: the gradient of the sum holds the gradient of each sample
    (deltas, slopes), values = jax.grad(total, argnums=(0, 1), has_aux=True)(zeros(dense), zeros(others))
    found = Gradients([], [], [], [])
    for name in dense:
        for features, delta in _factors(values[graph.inputs[name][0]], deltas[name]):
            found.inputs.append(features)
            found.deltas.append(delta)
            found.biases.append(float(has_bias(graph.layers[name])))
    for name in others:
        found.others.append(_own_gradients(graph, name, weights, values[graph.inputs[name][0]], slopes[name]))
    return found


def _factors(inputs: jax.Array, deltas: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
    """Inputs and deltas of each kernel of a layer: of an EinsumDense there is one for each member."""
    if deltas.ndim == 2:
        return [(inputs, deltas)]
    if inputs.ndim == 2:  # all members have the same input: their kernels side by side are one
        return [(inputs, deltas.reshape(len(deltas), -1))]
    return [(inputs[:, k], deltas[:, k]) for k in range(deltas.shape[1])]


def _own_gradients(graph: Graph, name: str, weights: Weights, inputs: jax.Array, slopes: jax.Array) -> jax.Array:
    """The gradients of a layer's own weights, formed for each sample: few weights, such as two for each unit.

    Args:
        graph: The model.
        name: The layer.
        weights: Weights of all layers.
        inputs: What it reads.
        slopes: The gradients by its output.
    """
    layer, (trained, fixed) = graph.layers[name], weights[name]
    extra = {"training": False} if graph.kind(name) == "BatchNormalization" else {}

    def of_sample(x: jax.Array, slope: jax.Array) -> jax.Array:
        def output(values: list[jax.Array]) -> Any:
            return layer.stateless_call(values, fixed, x[None], **extra)[0][0]

        (by_weight,) = jax.vjp(output, trained)[1](slope)
        return jnp.concatenate([part.reshape(-1) for part in by_weight])

    return jax.vmap(of_sample)(inputs, slopes)


def _check(graph: Graph, trained: list[str]) -> None:
    if not trained:
        raise ModelError(
            "all layers of the model are frozen, so no sample has an influence",
            hint="train it with trainable=True",
        )
    for name in trained:
        shape = graph.layers[name].output.shape[1:]
        if graph.kind(name) == "Dense" and len(shape) > 1:
            raise ModelError(
                f'layer "{name}" computes {" x ".join(map(str, shape))} values with the same weights, not one vector',
                hint="put a Flatten layer before it; all other views work on this model too",
            )


def training_losses(
    graph: Graph, values: dict[str, jax.Array], labels: jax.Array, *, loss: str, label_smoothing: float, classes: int
) -> jax.Array:
    """The training loss of each sample, without its weight, float32 ``(sample,)``.

    It is Keras' loss of the probabilities, as in training, with the limit of 1e-7 that it sets to them. In an ensemble
    that `cutaway.mlp` made each member is trained on its own loss, and theirs are added.

    Args:
        graph: The model.
        values: As `cutaway.interpret.graph.evaluate` returns them.
        labels: int ``(sample,)``.
        loss: Name of the loss.
        label_smoothing: In [0, 1).
        classes: Number of classes.
    """
    loss_of = sample_loss(loss, label_smoothing=label_smoothing, classes=classes)
    if MEAN in graph.layers:
        each = jax.nn.softmax(values[graph.inputs[MEAN][0]])
        return jax.vmap(loss_of, in_axes=(None, 1), out_axes=1)(labels, each).sum(axis=1)
    outputs, ending = values[graph.output], activation_name(graph.layers[graph.output])
    single = outputs.shape[-1] == 1
    if ending != "hard_sigmoid":
        outputs = jax.nn.sigmoid(outputs) if single or ending == "sigmoid" else jax.nn.softmax(outputs)
    return loss_of(labels, outputs)


def log_probabilities(graph: Graph, values: dict[str, jax.Array], targets: jax.Array) -> jax.Array:
    """The log-probability of one class for each sample, float32 ``(sample,)``, in nats.

    Probabilities are as in `cutaway.models.class_probabilities`; their logarithms have no lower limit, except for a
    model that ends in a hard sigmoid, which has the limit log(1e-7).

    Args:
        graph: The model.
        values: As `cutaway.interpret.graph.evaluate` returns them.
        targets: int ``(sample,)``, the class of each.
    """
    outputs, ending = values[graph.output], activation_name(graph.layers[graph.output])
    single = outputs.shape[-1] == 1
    if ending == "hard_sigmoid":
        both = jnp.concatenate([1 - outputs, outputs], axis=1) if single else outputs
        logs = jnp.log(jnp.clip(both, 1e-7, 1.0))
    elif single:
        logs = jnp.concatenate([jax.nn.log_sigmoid(-outputs), jax.nn.log_sigmoid(outputs)], axis=1)
    elif ending == "sigmoid":
        logs = jax.nn.log_sigmoid(outputs)
    else:
        logs = jax.nn.log_softmax(outputs)
    return jnp.take_along_axis(logs, targets[:, None].astype(jnp.int32), axis=1)[:, 0]


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
        damping: See `preconditioned`; None leaves the second moments out.
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
