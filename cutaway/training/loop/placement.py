"""Where the arrays of a training are: on one device, or divided over all devices of all processes.

A step is a pure function of its state, so that XLA divides it: each device gets its share of every batch, the weights
are the same on all, and XLA adds the sums over devices that a mean over the whole batch needs. The batch, its dropout
and its normalization are those of a single device; only the order of sums differs.

Source:
    Xu et al. 2021, "GSPMD: General and Scalable Parallelization for ML Computation Graphs".
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as Axes

from cutaway.errors import ConfigError
from cutaway.training.distributed.connecting import connect_devices
from cutaway.training.distributed.world import current_world

from .device_data import CopiedData

DATA, UNITS = "data", "units"
"""Axes of the devices: over the first the rows of a batch are divided, over the second the units of a layer."""

Arrays = TypeVar("Arrays")


class OneDevice:
    """Everything is on the device that JAX chooses."""

    devices: Sequence[Any] | None = None
    """Devices of this process, each of which needs the rows; None for the one that JAX chooses."""

    def padded(self, rows: int) -> int:
        """The rows of a batch of N samples."""
        return rows

    def put(self, x: Any, rows: np.ndarray, *arrays: np.ndarray) -> tuple[jax.Array, ...]:
        """Transfer batches.

        Args:
            x: Raw rows, indexed by row numbers.
            rows: int ``(step, batch)`` row numbers.
            arrays: ``(step, batch)`` of what belongs to each row.
        """
        return jax.device_put((x[rows], *arrays))

    def place(self, state: Arrays) -> Arrays:
        """Transfer a state that is on the host or on one device."""
        return state

    def readable(self, state: Arrays) -> Arrays:
        """A state that can be read here, whole."""
        return state

    def whole(self, array: jax.Array) -> jax.Array:
        """An array of which parts may be elsewhere, as one that can be read here."""
        return array

    def zeros(self, shape: tuple[int, ...]) -> jax.Array:
        """float16 zeros ``(step, batch, ...)``, for predictions."""
        return jnp.zeros(shape, "float16")

    def number(self, value: float) -> jax.Array:
        """A float32 number."""
        return jnp.float32(value)

    def jit_training(self, chunk: Callable[..., Any]) -> Callable[..., Any]:
        """Compile a function of (state, metrics, predictions, x, ...) that returns the first three."""
        return jax.jit(chunk, donate_argnums=(0, 2))

    def jit_evaluation(self, evaluate: Callable[..., Any]) -> Callable[..., Any]:
        """Compile a function whose results are read on the host."""
        return jax.jit(evaluate)


class ManyDevices(OneDevice):
    """Batches are divided over all devices, of this process and the others, and weights are the same on all.

    Args:
        model: A built model.
        shard_layers: Over how many devices the units of the first and the last Dense layer are divided. The devices
            then form groups of this size, a divisor of their number; a batch is divided over the groups.

    Raises:
        ConfigError: Neither of the two layers can be divided into this many equal parts.
    """

    def __init__(self, model: keras.Model, *, shard_layers: int = 1) -> None:
        found = jax.devices()
        self._mesh = Mesh(np.array(found).reshape(-1, shard_layers), (DATA, UNITS))
        if jax.process_count() > 1:
            connect_devices(self._mesh)
        self.devices = local = [device for device in found if device.process_index == jax.process_index()]
        self._first_device = local[0]
        self._groups = len(found) // shard_layers
        self._whole = NamedSharding(self._mesh, Axes())
        self._divided = {} if shard_layers == 1 else _divided_shapes(model, shard_layers)
        self._gather = jax.jit(lambda arrays: arrays, out_shardings=self._whole)
        self._compiled: dict[int, Callable[..., Any]] = {}

    def padded(self, rows: int) -> int:
        """The rows of a batch of N samples: a multiple of the groups of devices."""
        return -(-rows // self._groups) * self._groups

    def _batches(self, rows: int) -> NamedSharding:
        """How arrays ``(step, batch, ...)`` are divided; a batch that is not padded and cannot be divided is not."""
        return self._whole if rows % self._groups else NamedSharding(self._mesh, Axes(None, DATA))

    def put(self, x: Any, rows: np.ndarray, *arrays: np.ndarray) -> tuple[jax.Array, ...]:
        """Transfer batches: only the rows that devices of this process take are read."""
        sharding, parts = self._batches(rows.shape[1]), {}
        held = isinstance(x, CopiedData)
        for device, place in sharding.addressable_devices_indices_map(rows.shape).items():
            key = (device if held else None, str(place))  # devices of one group take the same rows
            if key not in parts:
                parts[key] = (x.on(device) if held else x)[rows[place]]
            parts[device] = jax.device_put(parts[key], device)
        shape = parts[self._first_device].shape[2:]
        blocks = [parts[device] for device in sharding.addressable_devices_indices_map(rows.shape)]
        whole = jax.make_array_from_single_device_arrays((*rows.shape, *shape), sharding, blocks)
        return whole, *(_spread(array, sharding) for array in arrays)

    def place(self, state: Arrays) -> Arrays:
        """Transfer a state to all devices; layers that are divided go to each in part."""
        return jax.tree.map(lambda array: _spread(np.asarray(array), self._sharding(array.shape)), state)

    def _sharding(self, shape: tuple[int, ...]) -> NamedSharding:
        return NamedSharding(self._mesh, self._divided.get(shape, Axes()))

    def readable(self, state: Arrays) -> Arrays:
        """A state on the host, whole; all processes must call it together."""
        if self._divided:
            state = self._gather(state)
        return jax.tree.map(np.asarray, state)

    def whole(self, array: jax.Array) -> jax.Array:
        """As on one device; all processes must call it together."""
        return self._gather(array)

    def zeros(self, shape: tuple[int, ...]) -> jax.Array:
        """float16 zeros, divided as the rows of a batch are."""
        return _spread(np.zeros(shape, np.float16), self._batches(shape[1]))

    def number(self, value: float) -> jax.Array:
        """A float32 number on all devices."""
        return _spread(np.asarray(value, np.float32), self._whole)

    def jit_training(self, chunk: Callable[..., Any]) -> Callable[..., Any]:
        """Compile as on one device; what comes out lies as what went in, so that a second call compiles nothing."""

        def call(state: Any, metrics: Any, predictions: Any, *more: Any) -> Any:
            rows = predictions.shape[1]
            if rows not in self._compiled:
                of_state = jax.tree.map(lambda array: array.sharding, state)
                out = (of_state, self._whole, self._batches(rows))
                self._compiled[rows] = jax.jit(chunk, donate_argnums=(0, 2), out_shardings=out)
            return self._compiled[rows](state, metrics, predictions, *more)

        return call

    def jit_evaluation(self, evaluate: Callable[..., Any]) -> Callable[..., Any]:
        """Compile as on one device; the results come to all."""
        return jax.jit(evaluate, out_shardings=self._whole)


ONE_DEVICE = OneDevice()


def placement_of(model: keras.Model, *, shard_layers: int = 1) -> OneDevice:
    """Where a training of a model takes place: on one device, where there is only one, otherwise on all.

    Args:
        model: A built model.
        shard_layers: See `ManyDevices`.

    Raises:
        ConfigError: The layers or the devices cannot be divided so.
    """
    _check_parts(shard_layers)
    if shard_layers == 1 and jax.device_count() == 1:
        return ONE_DEVICE
    return ManyDevices(model, shard_layers=shard_layers)


def check_shard_layers(shard_layers: int, model: keras.Model | None = None) -> None:
    """Check how layers are to be divided, before anything is made; all processes of a training call it together.

    Args:
        shard_layers: See `ManyDevices`.
        model: A built model; None where only the devices are known.

    Raises:
        ConfigError: The layers or the devices cannot be divided so; of several processes, in the first.
        RunError: The same, in the others.
    """

    def check() -> None:
        _check_parts(shard_layers)
        if model is not None:
            _divided_shapes(model, shard_layers)

    world = current_world()
    if world is None:
        check()
    else:
        world.share(check)


def _check_parts(parts: int) -> None:
    if type(parts) is not int or parts < 1:
        raise ConfigError("shard_layers is a whole number from 1", got=f"{parts!r:.60}", hint="leave it out")
    count = jax.device_count()
    if count % parts:
        raise ConfigError(
            "shard_layers divides the number of devices",
            got=f"{parts} and {count} device{'s' if count > 1 else ''}",
            hint="leave it out, or choose a divisor",
        )


def _divided_shapes(model: keras.Model, parts: int) -> dict[tuple[int, ...], Axes]:
    """Shape of a weight -> how it is divided; the optimizer's moments have the shapes of their weights."""
    dense: list[Any] = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    ends = dense[:1] + dense[1:][-1:]
    wide = [layer for layer in ends if layer.units % parts == 0]
    if not wide:
        got = " and ".join(f"{layer.units:,} units" for layer in ends) or "a model without a Dense layer"
        raise ConfigError(
            "shard_layers divides the units of the first or the last Dense layer into equal parts",
            got=f"{parts} parts of {got}",
            hint="choose a divisor of the units, or leave it out",
        )
    return {tuple(layer.kernel.shape): Axes(None, UNITS) for layer in wide}


def _spread(array: np.ndarray, sharding: NamedSharding) -> jax.Array:
    """An array of the host, the same in all processes, on the devices of a sharding."""
    return jax.make_array_from_callback(array.shape, sharding, lambda place: array[place])
