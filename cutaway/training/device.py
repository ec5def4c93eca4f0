"""The machine of a training, for the manifest: results may differ in the last bits between devices and versions."""

import importlib.metadata
import os
import platform
import sys
from collections.abc import Mapping
from typing import Any

import keras

from cutaway.checks import warn_user


def has_accelerator() -> bool:
    """Whether JAX computes on something other than the CPU."""
    import jax

    return jax.default_backend() != "cpu"


def describe_device() -> dict[str, Any]:
    """Describe the backend of Keras, the device that it computes on, and the threads it may use.

    Returns:
        ``{"backend": "jax", "platform": "cpu", "kind": "cpu", "threads": 2, "machine": "x86_64"}``; with the number of
        "devices" where JAX has several.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    threads = len(affinity(0)) if affinity else os.cpu_count()
    return {
        "backend": keras.backend.backend(),
        **_device(),
        "threads": threads,
        "machine": platform.machine(),
    }


def _device() -> dict[str, Any]:
    if keras.backend.backend() == "jax":
        import jax

        device, count = jax.devices()[0], jax.device_count()
        several = {"devices": count} if count > 1 else {}
        return {"platform": device.platform, "kind": device.device_kind, **several}
    # "cuda:0" in PyTorch, "/job:localhost/replica:0/task:0/device:GPU:0" in TensorFlow
    device: Any = keras.ops.zeros(1).device  # pyright: ignore[reportAttributeAccessIssue]
    name = str(device).rsplit("device:", 1)[-1].split(":")[0].lower()
    return {"platform": name, "kind": name}


def describe_versions() -> dict[str, str]:
    """Versions of everything that affects results."""
    backend = keras.backend.backend()
    packages = ("cutaway", "keras", *(("jax", "jaxlib") if backend == "jax" else ()), "numpy", "scikit-learn")
    versions = {name: importlib.metadata.version(name) for name in packages}
    # TensorFlow has several distributions, so look for the module
    return {"python": platform.python_version(), backend: sys.modules[backend].__version__, **versions}


def note_differences(versions: Mapping[str, Any], device: Mapping[str, Any]) -> None:
    """Warn if a run was trained on another machine or with other versions: the bytes may then differ.

    Args:
        versions: The result of `describe_versions` there.
        device: The result of `describe_device` there.
    """
    here, there = {**describe_versions(), **describe_device()}, {**versions, **device}
    other = [
        f"{name} {there.get(name, 'not known')} there, {here[name]} here"
        for name in here
        if there.get(name) != here[name]
    ]
    if other:
        warn_user(f"weights may differ from the run's in their last digits: {'; '.join(other)}")
