"""One task on a worker, in whatever process an engine runs it."""

import importlib.metadata
import platform
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from cutaway.errors import Canceled, ExecutionError
from cutaway.progress import CancelToken

from .sharing import SharedFile

PACKAGES = ("keras", "jax", "numpy")
"""Packages whose versions decide results, in addition to cutaway and Python."""

# Keras holds one model at a time in its hands, and XLA uses all cores: more threads of a worker wait here.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Call:
    """One task on its way to a worker.

    Attributes:
        function: A function of a module, which takes `spec` and a mapping of arrays.
        spec: Small and picklable.
        names: Names of the arrays, which are sent separately, in the order of the call.
        versions: Versions of the client's packages.
    """

    function: Callable[[Any, Mapping[str, Any]], Any]
    spec: Any
    names: tuple[str, ...]
    versions: Mapping[str, str] = field(repr=False)


def versions() -> dict[str, str]:
    """Versions of everything that decides results, by name."""
    found = {"cutaway": sys.modules["cutaway"].__version__, "Python": platform.python_version()}
    return found | {name: importlib.metadata.version(name) for name in PACKAGES}


def perform(call: Call, *values: Any) -> Any:
    """Do one task.

    Args:
        call: The task.
        values: Its arrays, or paths for the worker to read them.

    Raises:
        ExecutionError: This worker has other versions than the client.
        DataError: An array cannot be read here.
    """
    _check_versions(call.versions)
    arrays = {name: value.open() if isinstance(value, SharedFile) else value for name, value in _pairs(call, values)}
    with _ONE_AT_A_TIME, _WorkerToken() as token:
        token.raise_if_canceled()
        return call.function(call.spec, arrays)


def _pairs(call: Call, values: tuple[Any, ...]) -> Any:
    return zip(call.names, values, strict=True)


def _check_versions(wanted: Mapping[str, str]) -> None:
    ours = versions()
    other = [name for name in wanted if ours.get(name) != wanted[name]]
    if other:
        raise ExecutionError(
            f"{socket.gethostname()} has "
            + ", ".join(f"{name} {ours.get(name, 'missing')}" for name in other)
            + ", and the client "
            + ", ".join(f"{name} {wanted[name]}" for name in other),
            hint="install the same versions on all machines, for example from one lock file",
        )


def failed_import(error: Exception) -> ImportError | None:
    """The failed import behind an error, or None. It happens even when a worker reads its task."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ImportError):
        cause = cause.__cause__
    return cause


def without_cutaway(said: object) -> ExecutionError:
    """The error for a worker that could not import something."""
    return ExecutionError(
        f"a worker cannot import what it needs: {said}",
        hint="install the same versions on all machines, for example from one lock file",
    )


class _WorkerToken(CancelToken):
    """Cancels the task of this thread once nobody waits for it any longer, if the engine can say so."""

    @property
    def canceled(self) -> bool:
        """Whether the client has canceled the task, or is gone."""
        return super().canceled or _is_dropped()

    def raise_if_canceled(self) -> None:
        """Raise if the task was canceled.

        Raises:
            Canceled: It was.
        """
        if self.canceled:
            raise Canceled("the client canceled the task", hint="run it again")


def _is_dropped() -> bool:
    """Whether a Dask worker has been told that nobody wants the result of the task that this thread is doing."""
    distributed: Any = sys.modules.get("distributed")
    if distributed is None:
        return False
    try:
        worker = distributed.get_worker()
        task = worker.state.tasks.get(worker.get_current_task())
        return task is None or task.state.startswith("cancel")
    except (ValueError, AttributeError):  # not in a worker, or one of another version, which cannot say so
        return False
