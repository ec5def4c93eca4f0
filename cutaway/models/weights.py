"""The weights of a model by name, and its random seeds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from cutaway.errors import ModelError

from .initialization import draw
from .shapes import Shape

OTHER = "use a snapshot of this model"


def _named(model: keras.Model) -> Iterator[tuple[str, keras.Variable, keras.Layer]]:
    for layer in model.layers:
        # the mean and variance of a Normalization are settings in a specification: no training changes them
        for variable in () if type(layer).__name__ == "Normalization" else layer.weights:
            yield f"{layer.name}/{variable.name}", variable, layer


def named_weights(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables of a built model by the names that snapshots use, such as "dense_1/kernel"."""
    return {name: variable for name, variable, _ in _named(model)}


def get_weights(model: keras.Model) -> dict[str, np.ndarray]:
    """Copy the weights of a built model to the host.

    Returns:
        ``"dense_1/kernel" -> float32 array``, in the order of the layers; moving averages of BatchNormalization are
        included, seeds of dropout are not.
    """
    return {name: np.array(keras.ops.convert_to_numpy(v.value)) for name, v in named_weights(model).items()}


def assign(variable: keras.Variable, values: Any) -> None:
    """Give a variable a copy of values.

    JAX makes the copy, because Keras would let it compile a program for each new shape.
    """
    if keras.backend.backend() == "jax":
        import jax

        values = jax.device_put(np.array(values, variable.dtype))
    variable.assign(values)


def set_weights(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Give a built model the weights of a snapshot.

    Raises:
        ModelError: A weight is missing, unknown, or of another shape; the model is left as it was.
    """
    named = named_weights(model)
    check_snapshot(_shapes(named), _shapes(weights))
    for name, variable in named.items():
        assign(variable, weights[name])


def weight_values(
    variables: Sequence[keras.Variable], *, named: Mapping[str, keras.Variable], weights: Mapping[str, Any] | None
) -> list[Any]:
    """The values that some variables of a model have in a snapshot, without giving them to the model.

    Args:
        variables: Variables of the model.
        named: All its weights, as `named_weights` returns them.
        weights: The snapshot; None for the values that the variables have now.

    Returns:
        An array for each variable; variables outside of snapshots, such as seeds of dropout, keep their present value.

    Raises:
        ModelError: A weight is missing, unknown, or of another shape.
    """
    if weights is None:
        return [variable.value for variable in variables]
    check_snapshot(_shapes(named), _shapes(weights))
    found = {id(variable): weights[name] for name, variable in named.items()}
    return [found.get(id(variable), variable.value) for variable in variables]


def check_snapshot(wanted: Mapping[str, Shape], shapes: Mapping[str, Shape]) -> None:
    """Compare the shapes of a model's weights with those in a snapshot.

    Raises:
        ModelError: A weight is missing, unknown, or of another shape.
    """
    for name in sorted(wanted.keys() ^ shapes.keys()):
        where = "the snapshot" if name in wanted else "the model"
        raise ModelError(f'{where} has no weight "{name}"', hint=OTHER)
    for name, shape in wanted.items():
        if shape != shapes[name]:
            raise ModelError(
                f'weight "{name}" has the shape {shape} in the model and {shapes[name]} in the snapshot', hint=OTHER
            )


def _shapes(weights: Mapping[str, Any]) -> dict[str, Shape]:
    return {name: tuple(weight.shape) for name, weight in weights.items()}


def initialize(model: keras.Model, seed: int) -> None:
    """Draw all weights of a built model from its own initializers, as a function of `seed` alone.

    An initializer to which the user gave a seed keeps it.
    """
    for position, (_, variable, layer) in enumerate(_named(model)):
        initializer = getattr(layer, f"{variable.name}_initializer")
        config = initializer.get_config()
        if "seed" in config and config["seed"] is None:
            config["seed"] = fold(seed, position)
        assign(variable, draw(type(initializer).from_config(config), tuple(variable.shape), variable.dtype))


def reseed(model: keras.Model, seed: int) -> None:
    """Seed the random layers (dropout, noise) as a function of `seed` alone; a layer keeps its own ``seed=``."""
    for position, layer in enumerate(model.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            start = fold(seed, 1_000_000 + position) if layer.seed is None else layer.seed
            assign(generator.state, np.array([start, 0], dtype="uint32"))


def fold(seed: int, stream: int) -> int:
    """An independent 31-bit seed for one of many streams of one root seed."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0] >> 1)
