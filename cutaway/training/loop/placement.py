"""Where the arrays of a training are: on one device, or divided over all devices of this machine.

A step is a pure function of its state, so XLA can divide it: each device gets its share of every batch, the weights
are the same on all, and XLA adds the sums over devices that a mean over the whole batch needs. The batch, its dropout
and its normalization are the same as on a single device; only the order of sums differs.

Source:
    Xu et al. 2021, "GSPMD: General and Scalable Parallelization for ML Computation Graphs".
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as Axes

from .device_data import CopiedData

DATA = "data"
"""The axis of the devices, over which the rows of a batch are divided."""

Arrays = TypeVar("Arrays")


class OneDevice:
    """Everything is on the device that JAX chooses."""

    devices: Sequence[Any] | None = None
    """Devices that each need the rows; None for JAX's default device."""

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

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Zeros ``(step, batch, ...)``, for predictions."""
        return jnp.zeros(shape, dtype)

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
    """Batches are divided over all devices, and weights are the same on all."""

    def __init__(self) -> None:
        self.devices = found = jax.devices()
        self._mesh = Mesh(np.array(found), (DATA,))
        self._count = len(found)
        self._whole = NamedSharding(self._mesh, Axes())
        self._compiled: dict[int, Callable[..., Any]] = {}

    def padded(self, rows: int) -> int:
        """The rows of a batch of N samples: a multiple of the number of devices."""
        return -(-rows // self._count) * self._count

    def _batches(self, rows: int) -> NamedSharding:
        """How arrays ``(step, batch, ...)`` are divided; a batch that is not padded and cannot be divided is not."""
        return self._whole if rows % self._count else NamedSharding(self._mesh, Axes(None, DATA))

    def put(self, x: Any, rows: np.ndarray, *arrays: np.ndarray) -> tuple[jax.Array, ...]:
        """Transfer batches, each row to the devices that take it."""
        sharding, parts = self._batches(rows.shape[1]), {}
        held = isinstance(x, CopiedData)
        for device, place in sharding.addressable_devices_indices_map(rows.shape).items():
            key = (device if held else None, str(place))  # devices take the same rows if they are not divided
            if key not in parts:
                parts[key] = (x.on(device) if held else x)[rows[place]]
            parts[device] = jax.device_put(parts[key], device)
        blocks = [parts[device] for device in sharding.addressable_devices_indices_map(rows.shape)]
        whole = jax.make_array_from_single_device_arrays((*rows.shape, *blocks[0].shape[2:]), sharding, blocks)
        return whole, *(_spread(array, sharding) for array in arrays)

    def place(self, state: Arrays) -> Arrays:
        """Transfer a state to all devices."""
        return jax.tree.map(lambda array: _spread(np.asarray(array), self._whole), state)

    def readable(self, state: Arrays) -> Arrays:
        """A state on the host."""
        return jax.tree.map(np.asarray, state)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Zeros, divided as the rows of a batch are."""
        return _spread(np.zeros(shape, dtype), self._batches(shape[1]))

    def number(self, value: float) -> jax.Array:
        """A float32 number on all devices."""
        return _spread(np.asarray(value, np.float32), self._whole)

    def jit_training(self, chunk: Callable[..., Any]) -> Callable[..., Any]:
        """Compile as on one device; outputs are placed like inputs, so a second call compiles nothing."""

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


def placement_of() -> OneDevice:
    """Where to train: on the only device, or on all."""
    return ONE_DEVICE if jax.device_count() == 1 else ManyDevices()


def _spread(array: np.ndarray, sharding: NamedSharding) -> jax.Array:
    """An array of the host on the devices of a sharding."""
    return jax.make_array_from_callback(array.shape, sharding, lambda place: array[place])
