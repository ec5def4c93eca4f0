"""The multilayer perceptron, and how a model is built for its data on first use."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from cutaway.errors import ModelError

from .form import ModelForm
from .initialization import without_drawing
from .outputs import activation_name
from .shapes import MEMBER_EQUATIONS
from .target_unit import TargetUnit
from .weights import initialize, reseed

OUTPUT = "output"
"""Name of the layer of classes that `build_model` adds to a model made by `mlp`."""

MEAN = "mean_of_members"
"""Name of the layer of an ensemble that takes the mean of the members' logits."""


def mlp(
    hidden: Sequence[int] = (512, 512),
    *,
    dropout: float = 0.0,
    batch_norm: bool = False,
    activation: str = "relu",
    ensemble: int = 1,
    name: str = "mlp",
) -> keras.Sequential:
    """Make a fully connected feed-forward model; its input and output are added when it first meets data.

    Layers are named ``dense_1``, ``dropout_1``, ``dense_2``, ... and ``output``; with batch normalization
    ``batch_norm_1`` and ``activation_1`` follow ``dense_1``. In an ensemble dense layers are EinsumDense layers, which
    hold the layers of all members side by side, ``(member, unit)``; after ``output`` come ``mean_of_members``, the mean
    of the members' logits, and a softmax. Each member is trained on its own loss, from first weights and with a dropout
    of its own, on the same batches.

    Args:
        hidden: Units of each hidden layer, from input to output, each at least 1; empty gives softmax regression.
        dropout: Dropout rate after each hidden layer, in [0, 1); 0 adds no layer.
        batch_norm: Whether each hidden layer is normalized over the batch, before its activation; a dense layer then
            has no bias of its own.
        activation: Activation of the hidden layers, one of `ACTIVATIONS`; the output is a softmax.
        ensemble: Number of members, each with weights of its own, from 1 to 256; 1 is a plain model.
        name: Name of the model.

    Raises:
        UsageError: A value is outside its range.
        ModelError: Members are combined with batch normalization.

    Source:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014, "Dropout", section 4 (dropout after every
        hidden layer); Ioffe, Szegedy 2015, "Batch normalization", section 3.2 (before the activation, without a bias);
        Lakshminarayanan, Pritzel, Blundell 2017, "Simple and scalable predictive uncertainty estimation using deep
        ensembles" (members that differ by their first weights).
    """
    units: Any = hidden
    form = ModelForm(hidden=units, dropout=dropout, batch_norm=batch_norm, activation=activation, ensemble=ensemble)
    model = keras.Sequential(name=name)
    for number, units in enumerate(form.hidden, start=1):
        for layer in _hidden_layer(int(units), form, number):
            model.add(layer)
    model._cutaway_unfinished = int(ensemble)  # build_model adds the output layer, whose size depends on the data
    return model


def _hidden_layer(units: int, form: ModelForm, number: int) -> Iterator[keras.Layer]:
    """A dense layer and the layers that go with it."""
    first = number == 1
    if form.batch_norm:
        yield keras.layers.Dense(units, use_bias=False, name=f"dense_{number}")
        # averages over the last 10 batches, since the weights still change in an epoch of a few hundred; Keras' 0.99
        # is those of the last 100
        yield keras.layers.BatchNormalization(momentum=0.9, name=f"batch_norm_{number}")
        yield keras.layers.Activation(form.activation, name=f"activation_{number}")
    else:
        yield _dense(units, int(form.ensemble), first=first, activation=form.activation, name=f"dense_{number}")
    if form.dropout:
        yield keras.layers.Dropout(form.dropout, name=f"dropout_{number}")


def _dense(units: int, ensemble: int, *, first: bool, activation: str, name: str) -> keras.Layer:
    """A Dense layer, or the layers of all members of an ensemble."""
    if ensemble == 1:
        return keras.layers.Dense(units, activation=activation, name=name)
    equation = MEMBER_EQUATIONS[0 if first else 1]
    # GlorotUniform takes the axis of the members for one that is summed over; times their number, it is as for a Dense
    initializer: Any = keras.initializers.VarianceScaling(ensemble, mode="fan_avg", distribution="uniform")
    return keras.layers.EinsumDense(
        *(equation, (ensemble, units)),
        activation=activation,
        bias_axes="ko",
        kernel_initializer=initializer,
        name=name,
    )


def members_of(model: keras.Model) -> keras.Model | None:
    """A model of the same layers with two outputs: the answers of the ensemble, and of each member.

    Returns:
        The outputs are ``(batch, class)`` and ``(batch, member, class)``. None if the model is not an ensemble that
        `mlp` made.
    """
    if MEAN not in [layer.name for layer in model.layers]:
        return None
    each, names = model.get_layer(MEAN).input, [layer.name for layer in model.layers]
    ending = model.layers[names.index(MEAN) + 1 :]
    if isinstance(ending[0], keras.layers.Softmax):
        ending = [keras.layers.Softmax(name="each_member")]
    for layer in ending:
        each = layer(each)
    return keras.Model(model.inputs[0], [model.outputs[0], each])


def build_model(
    model: keras.Model, *, shape: tuple[int, ...], classes: int, seed: int, unit: TargetUnit | None = None
) -> bool:
    """Build a model for its data: add the output layer if `mlp` made it, and draw its first weights from `seed`.

    Args:
        model: A checked model. One that is already built keeps its weights, as with Keras' own ``fit``.
        shape: Shape of one sample, such as ``(28, 28)``.
        classes: Number of classes, or of targets.
        seed: Random seed; layers with their own seed keep it.
        unit: The unit of the targets, which the output layer gets if `mlp` made the model; None for classes.

    Returns:
        Whether the weights were drawn here (True) or came with the model (False).

    Raises:
        ModelError: The model's input or output does not fit the data.
    """
    if getattr(model, "_cutaway_unfinished", False):
        _add_output(model, classes, unit, ensemble=model._cutaway_unfinished)  # pyright: ignore[reportAttributeAccessIssue]
        model._cutaway_unfinished = 0
    fresh = not model.built
    if fresh:
        with without_drawing(model.layers):
            model.build((None, math.prod(shape)))
        initialize(model, seed)
    reseed(model, seed)
    check_fit(model, shape=shape, classes=classes, numbers=unit is not None)
    if unit is None:
        _check_ending(model, classes)
    return fresh


def _add_output(model: Any, classes: int, unit: TargetUnit | None, *, ensemble: int) -> None:
    first = not model.layers
    if ensemble == 1:
        model.add(keras.layers.Dense(classes, activation="softmax" if unit is None else "linear", name=OUTPUT))
    else:
        model.add(_dense(classes, ensemble, first=first, activation="linear", name=OUTPUT))
        model.add(keras.layers.GlobalAveragePooling1D(name=MEAN))
    if unit is not None:
        unit.add_to(model)
    elif ensemble != 1:
        model.add(keras.layers.Softmax(name="softmax"))


def check_fit(model: keras.Model, *, shape: tuple[int, ...], classes: int, numbers: bool = False) -> None:
    """Check that a built model takes samples of a shape, flat or as they are, and has one output unit per class.

    Raises:
        ModelError: The model's input or output does not fit the data; for 2 classes one unit is enough.
    """
    fitting_shape(model, shape=shape, classes=classes, numbers=numbers)


def fitting_shape(
    model: keras.Model, *, shape: tuple[int, ...], classes: int, numbers: bool = False
) -> tuple[int, ...]:
    """The shape of one sample as a built model takes it: flat or as it is, with axes of one entry anywhere.

    Sides that the model leaves open are taken from the sample; `classes` is the number of targets of `numbers`.

    Raises:
        ModelError: The model's input or output does not fit the data; for 2 classes one unit is enough.
    """
    features = math.prod(shape)
    taken, given = tuple(model.inputs[0].shape[1:]), tuple(model.outputs[0].shape[1:])
    fitting = next((found for like in ((features,), shape) if (found := _filled(taken, like))), None)
    if fitting is None:
        raise ModelError(
            f"the model takes inputs of shape {taken}, and the samples need {(features,)} or {shape}",
            hint="change the model's Input, or choose data that fit it",
        )
    if given != (classes,) and not (classes == 2 and given == (1,) and not numbers):
        raise ModelError(
            f"the model has outputs of shape {given}, and the data {classes} classes or targets",
            hint=f'end the model with Dense({classes}, activation="softmax"), or with Dense({classes}) for numbers',
        )
    return fitting


def _filled(taken: tuple[int | None, ...], like: tuple[int, ...]) -> tuple[int, ...] | None:
    """A shape with its open sides from another one, if both are equal but for axes of one entry; otherwise None."""
    sides = [side for side in like if side != 1]
    wanted = [side for side in taken if side != 1]
    if len(wanted) != len(sides) or any(a not in (None, b) for a, b in zip(wanted, sides, strict=True)):
        return None
    left = iter(sides)
    return tuple(1 if side == 1 else next(left) for side in taken)


def _check_ending(model: keras.Model, classes: int) -> None:
    """Check that a model ends in probabilities, which the losses here take; a user's own fit may end in logits."""
    last = model.outputs[0]._keras_history.operation  # pyright: ignore[reportAttributeAccessIssue]
    ending = activation_name(last)
    if ending not in ("softmax", "sigmoid"):
        raise ModelError(
            f'the model ends in "{ending}" (layer "{last.name}"), not in probabilities by softmax or sigmoid',
            hint=f'end the model with Dense({classes}, activation="softmax")',
        )
