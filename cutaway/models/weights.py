"""The weights of a model by name, and where its randomness starts."""

from collections.abc import Iterator, Mapping

import keras
import numpy as np

from cutaway.errors import ModelError

OTHER = "use a snapshot of this very model"


def _named(model: keras.Model) -> Iterator[tuple[str, keras.Variable, keras.Layer]]:
    for layer in model.layers:
        for variable in layer.weights:
            yield f"{layer.name}/{variable.name}", variable, layer


def get_weights(model: keras.Model) -> dict[str, np.ndarray]:
    """Copy the weights of a built model to the host.

    Returns:
        ``"dense_1/kernel" -> float32 array``, in the order of the layers; moving averages of BatchNormalization are
        weights too, seeds of dropout are not.
    """
    return {name: np.array(keras.ops.convert_to_numpy(variable.value)) for name, variable, _ in _named(model)}


def set_weights(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Give a built model the weights of a snapshot.

    Raises:
        ModelError: A weight is missing, unknown, or of another shape; the model is left as it was.
    """
    named = {name: variable for name, variable, _ in _named(model)}
    for name in sorted(named.keys() ^ weights.keys()):
        where = "the snapshot" if name in named else "the model"
        raise ModelError(
            "model and snapshot must have the same weights", got=f'"{name}", which {where} lacks', hint=OTHER
        )
    for name, variable in named.items():
        if tuple(variable.shape) != weights[name].shape:
            raise ModelError(
                f'weight "{name}" of this model has shape {tuple(variable.shape)}',
                got=f"{weights[name].shape}",
                hint=OTHER,
            )
    for name, variable in named.items():
        variable.assign(weights[name])


def initialize(model: keras.Model, seed: int) -> None:
    """Draw all weights of a built model anew from its own initializers, as a function of `seed` alone.

    An initializer to which the user gave a seed keeps it.
    """
    for position, (_, variable, layer) in enumerate(_named(model)):
        initializer = getattr(layer, f"{variable.name}_initializer")
        config = initializer.get_config()
        if "seed" in config and config["seed"] is None:
            config["seed"] = fold(seed, position)
        variable.assign(type(initializer).from_config(config)(variable.shape, dtype=variable.dtype))


def reseed(model: keras.Model, seed: int) -> None:
    """Start the random layers (dropout, noise) as a function of `seed` alone; a layer's own ``seed=`` is respected."""
    for position, layer in enumerate(model.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            start = fold(seed, 1_000_000 + position) if layer.seed is None else layer.seed
            generator.state.assign(np.array([start, 0], dtype="uint32"))


def fold(seed: int, stream: int) -> int:
    """An independent 31-bit seed for one of many streams of one root seed."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0] >> 1)
