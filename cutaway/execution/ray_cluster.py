"""Workers of a Ray cluster, which Ray starts, watches and loses."""

import socket
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.errors import ExecutionError

from .pool import Pending, Pool
from .sharing import file_of
from .worker import perform

CONNECT = 5
"""Seconds in which its client server answers."""

RETRIES = 3
"""Times that Ray does a task again whose worker was lost."""


@contextmanager
def open_ray(address: str) -> Generator[Pool]:
    """The workers of a cluster.

    Args:
        address: ``ray://HOST:PORT``, of Ray's client server.

    Raises:
        ExecutionError: Nobody listens there.
    """
    import ray  # pyright: ignore[reportMissingImports]

    try:
        host, _, port = address.removeprefix("ray://").rstrip("/").rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT).close()  # Ray itself tries for 30 s
        context = _connect(ray, address)
    except Exception as error:  # of many kinds, gRPC's among them
        raise ExecutionError(
            "Ray's client server listens at the address of the engine",
            got=f"{address}: {error}",
            hint="start one with: ray start --head --ray-client-server-port 10001",
        ) from error
    with context:
        pool = RayPool(ray, address)
        try:
            yield pool
        finally:
            pool.stop()


def _connect(ray: Any, address: str) -> Any:
    """Connect, once more where the process failed that the server starts for each client (Ray 2.60, now and then)."""
    options: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False, "allow_multiple": True}
    try:
        return ray.init(address, **options)
    except ConnectionError:
        return ray.init(address, **options)


class RayPool:
    """Workers of a cluster; a task of a worker that is lost is done again by Ray."""

    def __init__(self, ray: Any, address: str) -> None:
        self._ray, self.words = ray, address
        self._perform = ray.remote(max_retries=RETRIES)(perform)
        self._references: list[Any] = []

    def share(self, arrays: Mapping[str, np.ndarray], folder: Path | None) -> Sequence[Any]:
        """Put arrays into Ray's store, once; memory maps are named by their paths."""
        return [file_of(array) or self._ray.put(np.asarray(array)) for array in arrays.values()]

    def submit(self, tasks: Sequence[tuple[Any, ...]]) -> Sequence[Pending]:
        """Begin tasks."""
        begun = [self._perform.remote(*task) for task in tasks]
        self._references += begun
        return [_RayPending(self._ray, reference.future()) for reference in begun]

    def loss(self, error: Exception) -> ExecutionError | None:
        """Whether Ray gave a task up."""
        if not isinstance(error, self._ray.exceptions.RayError):
            return None
        return ExecutionError(
            "a worker of Ray does its task until it is done",
            got=str(error),
            hint="look at Ray's logs, then run it again; what was finished is kept",
        )

    def renew(self) -> bool:
        """Ray has tried again already."""
        return False

    def check(self) -> None:
        """There is nothing to look at: lost workers are noticed by their tasks."""

    def stop(self) -> None:
        """End what is outstanding."""
        for reference in self._references:
            self._ray.cancel(reference, force=True)
        self._references.clear()


class _RayPending:
    """A task under way, whose errors come as they were raised, without the text that Ray wraps around them."""

    def __init__(self, ray: Any, future: Any) -> None:
        self._ray, self._future = ray, future

    def done(self) -> bool:
        """Whether it has ended."""
        return self._future.done()

    def result(self) -> Any:
        """What it returned; raises what it raised."""
        try:
            return self._future.result()
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause
        raise cause if isinstance(cause, Exception) else RuntimeError(str(cause))
