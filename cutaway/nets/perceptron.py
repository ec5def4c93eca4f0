"""The multi-layer perceptron, and how a net is fitted to its data on first use."""

import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real

import keras

from cutaway.errors import NetError

from .layers import ACTIVATIONS
from .weights import initialize, reseed

OUTPUT = "output"
"""Name of the layer that `build_net` adds to a net made by `mlp`."""


def mlp(
    hidden: Sequence[int] = (512, 512),
    *,
    dropout: float = 0.0,
    activation: str = "relu",
    name: str = "mlp",
) -> keras.Sequential:
    """Make a fully connected feed-forward net whose input and output are added when it first meets data.

    Layers are named ``dense_1``, ``dropout_1``, ``dense_2``, ... and ``output``.

    Args:
        hidden: Units of each hidden layer, from input to output, each at least 1; empty gives softmax regression.
        dropout: Share of a hidden layer's units set to zero in training, in [0, 1); 0 adds no layer.
        activation: Of the hidden layers, one of `ACTIVATIONS`; the output is a softmax.
        name: Name of the model.

    Raises:
        NetError: A value is outside its range.

    Source:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014, "Dropout", section 4 (dropout after every
        hidden layer).
    """
    if isinstance(hidden, (int, str)) or not isinstance(hidden, Iterable):
        raise NetError("hidden lists the units of each layer", came=repr(hidden), fix="try hidden=(512, 512)")
    hidden = tuple(hidden)
    for units in hidden:
        if not isinstance(units, Integral) or isinstance(units, bool) or not 1 <= units <= 1_000_000:
            raise NetError(
                "a hidden layer has a whole number of units, at least 1 and at most 1,000,000",
                came=repr(units),
                fix="try hidden=(512, 512)",
            )
    if not isinstance(dropout, Real) or not 0 <= dropout < 1:
        raise NetError(
            "dropout is the share of units to drop, from 0 up to but not including 1",
            came=repr(dropout),
            fix="try dropout=0.2",
        )
    if activation not in ACTIVATIONS:
        raise NetError(f"activation is one of {', '.join(ACTIVATIONS)}", came=repr(activation), fix='try "relu"')
    net = keras.Sequential(name=name)
    for number, units in enumerate(hidden, start=1):
        net.add(keras.layers.Dense(int(units), activation=activation, name=f"dense_{number}"))
        if dropout:
            net.add(keras.layers.Dropout(dropout, name=f"dropout_{number}"))
    net._cutaway_unfinished = True  # build_net adds the output layer, whose size only the data know
    return net


def build_net(net: keras.Model, *, shape: tuple[int, ...], classes: int, seed: int) -> bool:
    """Fit a net to its data: add what `mlp` left open, build, and draw its first weights from `seed`.

    Args:
        net: A checked net. One that is already built keeps its weights, as with Keras' own ``fit``.
        shape: Shape of one sample, such as ``(28, 28)``.
        classes: Number of classes.
        seed: Root seed; layers with a seed of their own keep it.

    Returns:
        Whether the weights were drawn here (True) or came with the net (False).

    Raises:
        NetError: The net's input or output does not fit the data.
    """
    if getattr(net, "_cutaway_unfinished", False):
        net.add(keras.layers.Dense(classes, activation="softmax", name=OUTPUT))
        net._cutaway_unfinished = False
    fresh = not net.built
    if fresh:
        net.build((None, math.prod(shape)))
        initialize(net, seed)
    reseed(net, seed)
    check_fit(net, shape=shape, classes=classes)
    _check_ending(net, classes)
    return fresh


def check_fit(net: keras.Model, *, shape: tuple[int, ...], classes: int) -> None:
    """Check that a built net takes samples of a shape, flat or as they are, and gives one unit a class.

    Raises:
        NetError: The net's input or output does not fit the data; 2 classes may be one unit.
    """
    features = math.prod(shape)
    taken, given = tuple(net.inputs[0].shape[1:]), tuple(net.outputs[0].shape[1:])
    if taken not in ((features,), shape):
        raise NetError(
            f"the net's input must have shape {(features,)} or {shape}, as the samples have",
            came=f"{taken}",
            fix="change the net's Input, or choose the data it was made for",
        )
    if given != (classes,) and not (classes == 2 and given == (1,)):
        raise NetError(
            f"the net's output must have one unit a class, here {classes}",
            came=f"shape {given}",
            fix=f"end the net with Dense({classes}, activation='softmax')",
        )


def _check_ending(net: keras.Model, classes: int) -> None:
    """What trains here must end in probabilities, which its losses take; a user's own fit may end in logits."""
    last = net.outputs[0]._keras_history.operation  # pyright: ignore[reportAttributeAccessIssue]
    ending = getattr(getattr(last, "activation", None), "__name__", type(last).__name__)
    if ending not in ("softmax", "sigmoid"):
        raise NetError(
            "the net must end in probabilities, with the activation softmax or sigmoid",
            came=f'"{ending}" in layer "{last.name}"',
            fix=f"end the net with Dense({classes}, activation='softmax')",
        )
