"""The weights of a net by name, and where its randomness starts."""

from collections.abc import Iterator, Mapping

import keras
import numpy as np

from cutaway.errors import NetError

OTHER = "use a snapshot of this very net"


def _named(net: keras.Model) -> Iterator[tuple[str, keras.Variable, keras.Layer]]:
    for layer in net.layers:
        for variable in layer.weights:
            yield f"{layer.name}/{variable.name}", variable, layer


def get_weights(net: keras.Model) -> dict[str, np.ndarray]:
    """Copy the weights of a built net to the host.

    Returns:
        ``"dense_1/kernel" -> float32 array``, in the order of the layers; moving averages of BatchNormalization are
        weights too, seeds of dropout are not.
    """
    return {name: np.array(keras.ops.convert_to_numpy(variable.value)) for name, variable, _ in _named(net)}


def set_weights(net: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Give a built net the weights of a snapshot.

    Raises:
        NetError: A weight is missing, unknown, or of another shape; the net is left as it was.
    """
    named = {name: variable for name, variable, _ in _named(net)}
    for name in sorted(named.keys() ^ weights.keys()):
        where = "the snapshot" if name in named else "the net"
        raise NetError("net and snapshot must have the same weights", came=f'"{name}", which {where} lacks', fix=OTHER)
    for name, variable in named.items():
        if tuple(variable.shape) != weights[name].shape:
            raise NetError(
                f'weight "{name}" of this net has shape {tuple(variable.shape)}',
                came=f"{weights[name].shape}",
                fix=OTHER,
            )
    for name, variable in named.items():
        variable.assign(weights[name])


def initialize(net: keras.Model, seed: int) -> None:
    """Draw all weights of a built net anew from its own initializers, as a function of `seed` alone.

    An initializer to which the user gave a seed keeps it.
    """
    for position, (_, variable, layer) in enumerate(_named(net)):
        initializer = getattr(layer, f"{variable.name}_initializer")
        config = initializer.get_config()
        if "seed" in config and config["seed"] is None:
            config["seed"] = fold(seed, position)
        variable.assign(type(initializer).from_config(config)(variable.shape, dtype=variable.dtype))


def reseed(net: keras.Model, seed: int) -> None:
    """Start the random layers (dropout, noise) as a function of `seed` alone; a layer's own ``seed=`` is respected."""
    for position, layer in enumerate(net.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            start = fold(seed, 1_000_000 + position) if layer.seed is None else layer.seed
            generator.state.assign(np.array([start, 0], dtype="uint32"))


def fold(seed: int, stream: int) -> int:
    """An independent 31-bit seed for one of many streams of one root seed."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0] >> 1)
