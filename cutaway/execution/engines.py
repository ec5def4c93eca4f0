"""The engines by name."""

import contextlib
import importlib.util
import re
import sys
from contextlib import AbstractContextManager
from typing import Any

from cutaway.errors import UsageError

from .pool import Pool

ENGINES = (
    '"local" (processes of this machine) or "local:4", "dask://HOST:PORT", "tls://HOST:PORT" (Dask with certificates), '
    '"ray://HOST:PORT" or "spark"'
)
"""The engines in words."""

_EXTRAS = {
    "dask": (("distributed",), "pip install 'cutaway[dask]'"),
    "tls": (("distributed",), "pip install 'cutaway[dask]'"),
    "ray": (("ray",), "pip install 'ray[client]'"),
    "spark": (("joblibspark", "pyspark"), "pip install joblibspark pyspark"),
}
_FORM = re.compile(r"(local)(?::([1-9]\d{0,3}))?|(dask|tls|ray)://(\[[0-9a-fA-F:]+\]|[^\s:/\[\]]+):(\d{1,5})/?|(spark)")


def check_engine(engine: str | None) -> None:
    """Refuse what is no engine, before any work is done; nobody is called yet.

    Raises:
        UsageError: There is no such engine, or what it needs is not installed.
    """
    if engine is None:
        return
    form = _FORM.fullmatch(engine) if isinstance(engine, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
    if form is None or int(form[5] or 1) not in range(1, 65536):
        raise UsageError(f"an engine is {ENGINES}", got=repr(engine), hint='leave it out, or try "local"')
    kind = form[1] or form[3] or form[6]
    packages, command = _EXTRAS.get(kind, ((), ""))
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise UsageError(f"the engine {engine} needs the package {package}", got="none", hint=command)


def is_elsewhere(engine: str | None) -> bool:
    """Whether tasks run in other processes: on an engine, or on what is active by `joblib.parallel_config`."""
    return engine is not None or _active() is not None


def open_pool(engine: str | None, *, tasks: int) -> AbstractContextManager[Pool | None]:
    """Start or reach the workers of an engine; those that were started end with the ``with`` block.

    Args:
        engine: See `ENGINES`.
        tasks: Number of tasks; no more processes are started.

    Returns:
        The pool, or None where tasks are done in this process.

    Raises:
        UsageError: See `check_engine`.
        ExecutionError: Nobody listens at its address, or there are no workers.
    """
    check_engine(engine)
    if engine is None:
        active = _active()
        return contextlib.nullcontext() if active is None else _open_active(*active, tasks=tasks)
    kind, _, rest = engine.partition(":")
    if kind == "local":
        from .local_processes import open_local

        return open_local(int(rest) if rest else None, tasks=tasks)
    if kind in ("dask", "tls"):
        from .dask_cluster import open_dask

        return open_dask(engine)
    if kind == "ray":
        from .ray_cluster import open_ray

        return open_ray(engine)
    from .spark_cluster import open_spark

    return open_spark()


def _active() -> tuple[Any, int | None] | None:
    """The backend and the number of jobs that `joblib.parallel_config` made active, or None."""
    joblib: Any = sys.modules.get("joblib")
    if joblib is None:
        return None
    backend, jobs = joblib.parallel.get_active_backend()
    if type(backend).__name__ == "SequentialBackend":
        return None
    here = type(backend).__module__ == "joblib._parallel_backends"
    return None if here and backend.effective_n_jobs(jobs) == 1 else (backend, jobs)


def _open_active(backend: Any, jobs: int | None, *, tasks: int) -> AbstractContextManager[Pool]:
    kind = type(backend).__name__
    if kind in ("LokyBackend", "MultiprocessingBackend"):  # whose forks JAX does not survive
        from .local_processes import open_local

        return open_local(backend.effective_n_jobs(jobs), tasks=tasks)
    if kind == "DaskDistributedBackend":
        from .dask_cluster import pool_of

        return pool_of(backend.client)
    from .joblib_backend import open_backend

    return open_backend(backend, jobs)
