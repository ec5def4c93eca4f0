"""Where a training that diverged first stopped being finite."""

from typing import Any

import jax.numpy as jnp
import keras
import numpy as np

from cutaway.models import prepare_inputs

from .step import State


def first_layer_not_finite(model: keras.Model, state: State, *, rows: np.ndarray, scale: float) -> str:
    """Name the first layer, from the input on, whose weights or whose output for a batch are not finite.

    Args:
        model: The model.
        state: Its state before the step whose loss was not finite.
        rows: ``(batch, ...)`` raw rows of that step.
        scale: The value of `rows` that becomes 1.

    Returns:
        A clause such as ``the output of layer "dense_2"``; ``the loss itself`` if all layers are finite.
    """
    inputs = prepare_inputs(jnp.asarray(rows), scale, tuple(model.inputs[0].shape[1:]))
    if not bool(jnp.isfinite(inputs).all()):
        return "the input"
    pairs = ((model.trainable_variables, state.trainable), (model.non_trainable_variables, state.non_trainable))
    values = {id(v): a for variables, arrays in pairs for v, a in zip(variables, arrays, strict=True)}
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    part: Any = keras.Model(model.inputs, {layer.name: layer.output for layer in layers})
    trainable = [values[id(v)] for v in part.trainable_variables]
    non_trainable = [values[id(v)] for v in part.non_trainable_variables]
    outputs = part.stateless_call(trainable, non_trainable, inputs, training=False)[0]
    for layer in layers:
        if not all(bool(jnp.isfinite(values[id(v)]).all()) for v in layer.trainable_weights):
            return f'the weights of layer "{layer.name}"'
        if not bool(jnp.isfinite(outputs[layer.name]).all()):
            return f'the output of layer "{layer.name}"'
    return "the loss itself"
