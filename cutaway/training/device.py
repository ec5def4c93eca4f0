"""What a training ran on, for the record: results may differ in the last bits between these."""

import importlib.metadata
import os
import platform
from typing import Any

import jax


def describe_device() -> dict[str, Any]:
    """The device that JAX computes on and the threads it may use.

    Returns:
        ``{"platform": "cpu", "kind": "cpu", "threads": 2, "machine": "x86_64"}``.
    """
    device = jax.devices()[0]
    affinity = getattr(os, "sched_getaffinity", None)
    threads = len(affinity(0)) if affinity else os.cpu_count()
    return {
        "platform": device.platform,
        "kind": device.device_kind,
        "threads": threads,
        "machine": platform.machine(),
    }


def describe_versions() -> dict[str, str]:
    """Versions of everything that decides a result."""
    packages = ("cutaway", "keras", "jax", "jaxlib", "numpy", "scikit-learn")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in packages}}
