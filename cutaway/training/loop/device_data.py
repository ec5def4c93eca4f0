"""Training data on an accelerator, if they fit: rows are gathered there, and only row numbers are transferred."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

MEMORY_SHARE = 0.5
"""Share of the device's memory that samples may take; the rest is for chunks, the state and XLA."""

PART_BYTES = 256 * 2**20
"""Bytes of rows that are transferred at a time."""


class DeviceData:
    """Rows on a device, indexed by row numbers like an array."""

    def __init__(self, x: Any, samples: int, *, device: Any | None = None) -> None:
        size = max(1, PART_BYTES // max(x[:1].nbytes, 1))
        parts = [jax.device_put(np.asarray(x[a : min(a + size, samples)]), device) for a in range(0, samples, size)]
        self._rows = parts[0] if len(parts) == 1 else jnp.concatenate(parts)

    def __getitem__(self, rows: np.ndarray) -> jax.Array:
        return _take(self._rows, rows)


class CopiedData:
    """The same rows on each of several devices: any sample may be in any device's share of a batch."""

    def __init__(self, x: Any, samples: int, *, devices: Sequence[Any]) -> None:
        self._copies = {device: DeviceData(x, samples, device=device) for device in devices}

    def on(self, device: Any) -> DeviceData:
        """The rows on one of the devices."""
        return self._copies[device]


def accelerator_memory() -> int:
    """Bytes of memory of the accelerator that JAX computes on; 0 if JAX computes on the CPU."""
    device = jax.local_devices()[0]
    if device.platform == "cpu":
        return 0
    return int((device.memory_stats() or {}).get("bytes_limit", 0))


def to_device(x: Any, *, samples: int, memory: int, devices: Sequence[Any] | None = None) -> Any:
    """Put the first rows on a device with `memory` bytes of its own, or return `x` if they do not fit.

    Args:
        x: ``(sample, ...)`` raw rows.
        samples: How many.
        memory: Bytes of memory of a device.
        devices: Each of these gets all the rows; None for JAX's default device.
    """
    if samples * x[:1].nbytes > MEMORY_SHARE * memory:
        return x
    return DeviceData(x, samples) if devices is None else CopiedData(x, samples, devices=devices)


@jax.jit
def _take(rows: jax.Array, numbers: jax.Array) -> jax.Array:
    return jnp.take(rows, numbers, axis=0)
