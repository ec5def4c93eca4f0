"""What a training ran on, for the record: results may differ in the last bits between these."""

import hashlib
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import jax

from .processor import processor_flags


def keep_compiled_programs() -> None:
    """Let JAX keep what it compiles in a folder of the user's, so that the next training starts at once.

    A choice that the user made (``JAX_COMPILATION_CACHE_DIR``) is left alone. Programs are for one processor and one
    version of jaxlib; each such pair has a folder of its own, which only the user may read (mode 0700).
    """
    if jax.config.jax_compilation_cache_dir is not None:  # pyright: ignore[reportAttributeAccessIssue]
        return
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    machine = [platform.machine(), processor_flags(), importlib.metadata.version("jaxlib")]
    folder = root / "cutaway" / f"xla-{hashlib.sha256(' '.join(machine).encode()).hexdigest()[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError:
        return  # a home that cannot be written costs two seconds a start, nothing else
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


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
