"""What gradients are taken of: the losses that training samples had, and the log-probabilities of answers."""

import jax
import jax.numpy as jnp

from cutaway.interpret.graph import Graph
from cutaway.models import MEAN, activation_name, sample_loss


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
