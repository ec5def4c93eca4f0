"""A concept from a selection: the direction in a layer in which selected samples differ, and its effect on a class.

Both are compared with random selections of the same size, which have a direction and an effect as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import batch_size, batch_slices, prepare_inputs

from .graph import Graph, Weights, evaluate, weights_of
from .layers import measured_layers

PENALTY = 0.1
"""Ridge penalty of a direction, relative to the mean variance of a unit: a few dozen samples are told apart in
hundreds of units, where a weak penalty would learn noise."""


@dataclass(frozen=True, eq=False)
class Direction:
    """The direction in which some samples of a layer differ from others.

    Attributes:
        vector: float64 ``(unit,)``, of length 1.
        gap: How far apart the means of both are along it, above 0 unless nothing tells them apart.
        accuracy: Share that a linear classifier tells apart which has not seen the sample, in [0, 1]. By chance it is
            below 0.5 with few samples: leaving one out makes its own class the rarer one.
    """

    vector: np.ndarray
    gap: float
    accuracy: float


def concept_direction(selected: np.ndarray, others: np.ndarray) -> Direction:
    """Find the direction in which samples differ from as many others, by ridge regression.

    Args:
        selected: float32 ``(sample, unit)``, finite, at least two samples.
        others: float32 ``(sample, unit)``, as many.

    Returns:
        The direction; its accuracy leaves out one sample at a time.

    Source:
        Kim et al. 2018, "Interpretability beyond feature attribution: quantitative testing with concept activation
        vectors", section 3.2 (there by another linear classifier); Allen 1974, "The relationship between variable
        selection and data augmentation and a method for prediction" (leaving one out without fitting again).
    """
    h = np.concatenate([selected, others]).astype(np.float64)
    truth = np.concatenate([np.ones(len(selected)), -np.ones(len(others))])
    centered = h - h.mean(axis=0)
    gram = centered @ centered.T
    penalty = PENALTY * np.trace(gram) / max(1, h.shape[1])
    nothing = Direction(np.zeros(h.shape[1]), 0.0, 0.5)
    if penalty == 0:  # all samples are the same point
        return nothing
    inverse = np.linalg.inv(gram + penalty * np.eye(len(h)))
    weights = centered.T @ (inverse @ truth)
    # the intercept is the mean of the truth, which is 0: what is left out takes its share of it along
    hat = gram @ inverse + 1 / len(h)
    left_out = (hat @ truth - hat.diagonal() * truth) / (1 - hat.diagonal())
    length = np.linalg.norm(weights)
    if not length > 1e-12 / np.sqrt(penalty):  # both have the same mean: what is left is rounding
        return nothing
    vector = weights / length
    gap = float((selected.mean(axis=0, dtype=np.float64) - others.mean(axis=0, dtype=np.float64)) @ vector)
    return Direction(vector, gap, float((np.sign(left_out) == truth).mean()))


def mean_differences(x: np.ndarray, selected: int, *, groups: np.ndarray, repeats: int, seed: int) -> np.ndarray:
    """How far the mean of a selection is from that of all other samples, and the same for random selections.

    Random selections are drawn from all samples, those of the selection included: a rare value that happens to be in
    the selection alone is then no surprise.

    Args:
        x: ``(sample, input)``, finite, the selection first.
        selected: How many samples the selection has.
        groups: ``(sample,)``, from 0. A random selection has as many samples of each group as the selection, and of the
            others each group counts by its share in it.
        repeats: Number of random selections.
        seed: Random seed.

    Returns:
        float64 ``(1 + repeat, input)``, in standard deviations of each input; 0 for one that is constant.
    """
    rng = np.random.default_rng(seed)
    wanted = np.bincount(groups[:selected], minlength=int(groups.max()) + 1)
    left = np.bincount(groups) - wanted
    members = [(np.flatnonzero(groups == g), count) for g, count in enumerate(wanted.tolist())]
    weights = np.tile(-(wanted / selected / np.maximum(left, 1))[groups], (1 + repeats, 1))
    weights[0, :selected] = 1 / selected
    for row in weights[1:]:
        for group, count in members:
            row[rng.permutation(group)[:count]] = 1 / selected
    largest = np.abs(x).max(axis=0)
    centered = x - x.mean(axis=0, dtype=np.float64)
    spread = centered.std(axis=0)
    # what rounding leaves of a constant is no deviation, and sums of the same numbers in another order no difference
    return np.round(weights @ centered / np.where(spread > 1e-6 * largest, spread, np.inf), 9)


def hidden_layers(model: keras.Model) -> tuple[str, ...]:
    """Names of the layers that compute something before the logits, in their order."""
    graph = Graph.of(model)
    logits = {graph.output}
    if graph.kind(graph.output) in ("Softmax", "Activation"):  # the layer before it has the logits
        logits |= set(graph.inputs[graph.output])
    return tuple(name for name in measured_layers(model) if name not in logits)


def logit_slopes(
    model: keras.Model,
    layers: tuple[str, ...],
    *,
    x: np.ndarray,
    classes: np.ndarray,
    scale: float,
    weights: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """How the logit of a class changes with the outputs of layers, for each sample.

    Args:
        model: A built model; it is not changed.
        layers: Names of layers.
        x: ``(sample, ...)`` raw rows, uint8 or float32.
        classes: int ``(sample,)``, whose logit is asked for; of a model with one output unit, class 0 has minus the
            logit.
        scale: The value of `x` that becomes 1.
        weights: A snapshot to use; None for the weights that the model has now.

    Returns:
        Layer -> gradient, float32 ``(sample, unit)``.
    """
    graph = Graph.of(model)
    parameters = weights_of(graph, weights)
    shapes = {name: graph.layers[name].output.shape[1:] for name in layers}

    def chosen(added: dict[str, jax.Array], weights: Weights, inputs: jax.Array, signs: jax.Array) -> jax.Array:
        logits = evaluate(graph, weights, {graph.entry: inputs}, added=added)[graph.output]
        # in evaluation no sample depends on another one: the gradient of the sum is that of each logit
        return (logits * signs).sum()

    @jax.jit
    def slopes(rows: jax.Array, signs: jax.Array, weights: Weights) -> dict[str, jax.Array]:
        zeros = {name: jnp.zeros((len(rows), *shape)) for name, shape in shapes.items()}
        return jax.grad(chosen)(zeros, weights, prepare_inputs(rows, scale, graph.shape), signs)

    found = {name: np.empty((len(x), int(np.prod(shape))), np.float32) for name, shape in shapes.items()}
    signs = _signs(classes, int(model.output_shape[-1]))
    with jax.default_matmul_precision("highest"):
        for first, new in batch_slices(len(x), batch_size(x)):
            part: Any = slopes(jnp.asarray(x[first : new.stop]), jnp.asarray(signs[first : new.stop]), parameters)
            for name, values in part.items():
                found[name][new] = np.asarray(values).reshape(len(values), -1)[new.start - first :]
    return found


def _signs(classes: np.ndarray, outputs: int) -> np.ndarray:
    """What each logit is multiplied by, so that the sum is the logit of the class: float32 ``(sample, output)``."""
    if outputs == 1:
        return np.where(classes == 1, 1.0, -1.0).astype(np.float32)[:, None]
    return (classes[:, None] == np.arange(outputs)).astype(np.float32)


def max_p_values(values: np.ndarray, *, two_sided: bool) -> np.ndarray:
    """How often a random selection has as unusual a value in any of several questions.

    Each question is measured in standard deviations over all selections, so that the largest of them can be compared.
    If the first selection is itself a random one, the probability that any of its p-values is at most a is at most a.

    Args:
        values: float ``(1 + repeat, question)``: of the selection, then of random selections.
        two_sided: Whether unusually small values count as well.

    Returns:
        float64 ``(question,)``, at least ``1 / (repeats + 1)``; 1 where all selections have the same value.

    Raises:
        ValueError: A value is not finite, or there are none.

    Source:
        Westfall and Young 1993, "Resampling-based multiple testing", section 2.3 (single-step maxT).
    """
    if not values.size or not np.isfinite(values).all():
        raise ValueError("p-values are of finite values")
    spread = values.std(axis=0)
    unusual = (values - values.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
    if two_sided:
        unusual = np.abs(unusual)
    largest = unusual.max(axis=1)
    # rounding must not make a selection less unusual than itself
    p = (largest[:, None] >= unusual[0] - 1e-12).mean(axis=0)
    return np.where(spread > 0, p, 1.0)
