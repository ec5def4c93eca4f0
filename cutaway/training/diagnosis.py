"""Where numbers first stopped being finite."""

from typing import Any

import jax.numpy as jnp
import keras
import numpy as np

from cutaway.nets import prepare_inputs

from .step import State


def find_blown_layer(net: keras.Model, state: State, *, rows: np.ndarray, scale: float) -> str:
    """Name the first layer, from the input on, whose weights or whose output on a batch are not finite.

    Args:
        net: The net.
        state: Its state before the step whose loss was not finite.
        rows: ``(batch, ...)`` raw rows of that step.
        scale: The value of `rows` that becomes 1.

    Returns:
        A clause such as ``the output of layer "dense_2"``; ``the loss itself`` where all layers are finite.
    """
    inputs = prepare_inputs(jnp.asarray(rows), scale, tuple(net.inputs[0].shape[1:]))
    if not bool(jnp.isfinite(inputs).all()):
        return "the input"
    pairs = ((net.trainable_variables, state.trainable), (net.non_trainable_variables, state.fixed))
    values = {id(v): a for variables, arrays in pairs for v, a in zip(variables, arrays, strict=True)}
    layers = [layer for layer in net.layers if not isinstance(layer, keras.layers.InputLayer)]
    part: Any = keras.Model(net.inputs, {layer.name: layer.output for layer in layers})
    trainable = [values[id(v)] for v in part.trainable_variables]
    fixed = [values[id(v)] for v in part.non_trainable_variables]
    outputs = part.stateless_call(trainable, fixed, inputs, training=False)[0]
    for layer in layers:
        if not all(bool(jnp.isfinite(values[id(v)]).all()) for v in layer.trainable_weights):
            return f'the weights of layer "{layer.name}"'
        if not bool(jnp.isfinite(outputs[layer.name]).all()):
            return f'the output of layer "{layer.name}"'
    return "the loss itself"
