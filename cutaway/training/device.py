"""What a training runs on, for the manifest: results may differ in the last bits between devices and versions."""

import contextlib
import ctypes
import hashlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Mapping
from typing import Any

import keras

from cutaway.cache import private_folder
from cutaway.checks import warn_user
from cutaway.parallel import cpu_flags


def keep_compiled_programs() -> None:
    """Let JAX keep compiled programs in the user's cache folder, so that the next training starts at once.

    A folder that the user chose (``JAX_COMPILATION_CACHE_DIR``) stays. Programs are for one kind of CPU and one version
    of jaxlib; each such pair has its own folder, which only the user may read (mode 0700).
    """
    import jax

    if jax.config.jax_compilation_cache_dir is not None:  # pyright: ignore[reportAttributeAccessIssue]
        return
    machine = [platform.machine(), cpu_flags(), importlib.metadata.version("jaxlib")]
    try:
        folder = private_folder(f"xla-{hashlib.sha256(' '.join(machine).encode()).hexdigest()[:12]}")
    except OSError:
        return  # without the cache a start takes two seconds longer
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


M_MMAP_THRESHOLD = -3
"""The parameter of glibc's mallopt."""

OWN_PAGES = 65_536
"""Blocks of memory from this many bytes have pages of their own, which go back to the system when they are freed."""


def forget_compiled_programs() -> None:
    """Free the memory of compiled programs, for a process that trains many models of different sizes.

    A program that is needed again is read from the user's cache folder.
    """
    import gc

    import jax

    jax.clear_caches()
    gc.collect()
    # glibc keeps what is free between blocks in use: after 45 trials of a sweep 330 MB of 730. It also puts ever larger
    # blocks between them, unless a limit is set: 24 trainings held 326 MB, of which 81 were in use; with it 233
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another library, or Windows
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, OWN_PAGES)
        libc.malloc_trim(0)


def has_accelerator() -> bool:
    """Whether JAX computes on something other than the CPU."""
    import jax

    return jax.default_backend() != "cpu"


def describe_device() -> dict[str, Any]:
    """Describe the backend of Keras, the device that it computes on, and the threads it may use.

    Returns:
        ``{"backend": "jax", "platform": "cpu", "kind": "cpu", "threads": 2, "machine": "x86_64"}``; with the numbers of
        "devices" and "processes" where JAX has several devices.
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

        device, several = jax.devices()[0], {}
        if jax.device_count() > 1:
            several = {"devices": jax.device_count(), "processes": jax.process_count()}
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
    # TensorFlow has several distributions, so the module is asked
    return {"python": platform.python_version(), backend: sys.modules[backend].__version__, **versions}


def note_differences(versions: Mapping[str, Any], device: Mapping[str, Any]) -> None:
    """Warn where a run was trained on something else than what there is here: the bytes may then differ.

    Args:
        versions: What `describe_versions` said there.
        device: What `describe_device` said there.
    """
    here, there = {**describe_versions(), **describe_device()}, {**versions, **device}
    other = [
        f"{name} {there.get(name, 'not known')} there, {here[name]} here"
        for name in here
        if there.get(name) != here[name]
    ]
    if other:
        warn_user(f"weights may differ from those of the run in their last digits: {'; '.join(other)}")
