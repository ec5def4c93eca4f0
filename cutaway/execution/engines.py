"""The engines by name."""

import importlib.util
import re
from contextlib import AbstractContextManager

from cutaway.errors import UsageError, install_hint
from cutaway.words import shown

from .pool import Pool

ENGINES = (
    '"local" (processes of this machine) or "local:4", "dask://HOST:PORT", or "tls://HOST:PORT" (Dask with '
    "certificates)"
)
"""The engines in words."""

_FORM = re.compile(r"local(?::([1-9]\d{0,3}))?|(dask|tls)://(\[[0-9a-fA-F:]+\]|[^\s:/\[\]]+):(\d{1,5})/?")


def check_engine(engine: str | None) -> None:
    """Refuse an invalid engine before any work is done; nothing is contacted yet.

    Raises:
        UsageError: There is no such engine, or a package that it needs is not installed.
    """
    if engine is None:
        return
    form = _FORM.fullmatch(engine) if isinstance(engine, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
    if form is None or int(form[4] or 1) not in range(1, 65536):
        raise UsageError(f"unknown engine: {shown(engine)}; an engine is {ENGINES}", hint='leave it out or try "local"')
    if form[2] and importlib.util.find_spec("distributed") is None:
        raise UsageError(
            f"the engine {engine} needs the package distributed, which is not installed",
            hint=install_hint("dask"),
        )


def open_pool(engine: str, *, tasks: int) -> AbstractContextManager[Pool]:
    """Start or reach the workers of an engine; those that were started end with the ``with`` block.

    Args:
        engine: See `ENGINES`.
        tasks: Number of tasks; no more processes are started.

    Raises:
        UsageError: See `check_engine`.
        ExecutionError: Nobody listens at its address, or there are no workers.
    """
    check_engine(engine)
    if not engine.startswith("local"):
        from .dask_cluster import open_dask

        return open_dask(engine)
    from .local_processes import open_local

    processes = engine.partition(":")[2]
    return open_local(int(processes) if processes else None, tasks=tasks)
