"""Layers of a model by name, and the one that is meant where none is named."""

import keras

from cutaway.checks import similar_name
from cutaway.errors import UnknownNameError, UsageError
from cutaway.models import DENSE_KINDS, layer_names

from .graph import IDENTITY_KINDS, Graph


def find_layer(model: keras.Model, name: str) -> keras.Layer:
    """Look up a layer by name.

    Raises:
        UnknownNameError: The model has no layer of that name.
    """
    names = layer_names(model)
    if name not in names:
        similar = similar_name(str(name), names) or default_layer(model)
        raise UnknownNameError(f"layers of this model are {', '.join(names)}", got=f'"{name}"', hint=f'try "{similar}"')
    return model.get_layer(name)


def default_layer(model: keras.Model) -> str:
    """The layer people look at first: the last hidden one, whose values the output layer reads.

    The output layer is the last Dense one; an activation, or the mean of an ensemble, after it belongs to it. Dropout,
    noise, Flatten and Reshape before it are skipped, so that after Dense, BatchNormalization, ReLU and Dropout it is
    the ReLU. The output itself where no hidden layer computes anything.
    """
    graph = Graph.of(model)
    name = graph.output
    while graph.kind(name) not in DENSE_KINDS and len(graph.inputs[name]) == 1 and graph.inputs[name][0] != graph.entry:
        name = graph.inputs[name][0]
    if graph.kind(name) not in DENSE_KINDS:  # no Dense layer at the end: everything before the last layer is hidden
        name = graph.output
    name = graph.inputs[name][0]
    while name != graph.entry and graph.kind(name) in (*IDENTITY_KINDS, "Flatten", "Reshape"):
        name = graph.inputs[name][0]
    prepares = name == graph.entry or graph.kind(name) in ("Rescaling", "Normalization")
    return model.layers[-1].name if prepares else name


def hidden_graph(model: keras.Model, layer: str) -> Graph:
    """The graph of a model, if `layer` is one of its layers before the output.

    Raises:
        UnknownNameError: The model has no layer of that name.
        UsageError: The layer is the input or the output.
    """
    find_layer(model, layer)
    graph = Graph.of(model)
    if layer == graph.output or layer not in graph.layers:
        hidden = [name for name in graph.layers if name != graph.output and graph.kind(name) not in IDENTITY_KINDS]
        raise UsageError(
            f"units are measured in hidden layers: {', '.join(hidden) or 'this model has none'}",
            got=f'"{layer}", the {"output" if layer == graph.output else "input"}',
            hint=f'try "{hidden[-1]}"' if hidden else "train a model with a hidden layer",
        )
    return graph
