"""Workers of a Dask cluster, which Dask starts, watches and loses."""

import asyncio
import time
import warnings
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from cutaway.errors import ExecutionError
from cutaway.log import survive
from cutaway.words import counted

from .pool import Pending, Pool
from .sharing import file_of
from .worker import perform

CONNECT = 10
"""Time limit in seconds for a scheduler to answer."""

ANSWER = 5
"""Time limit in seconds for a scheduler to report its number of workers."""

WORKERS = 15
"""Time limit in seconds for a first worker to appear."""

GONE = 60
"""Seconds that a cluster may be without workers, or without its scheduler, in the middle of the work."""


@contextmanager
def open_dask(address: str) -> Generator[Pool]:
    """The workers of a scheduler.

    Args:
        address: ``dask://HOST:PORT``, or ``tls://HOST:PORT`` with the certificates that Dask is configured with.

    Raises:
        ExecutionError: Nobody listens there, or no worker comes.
    """
    from distributed import Client
    from distributed.security import Security

    is_tls = address.startswith("tls://")
    where = address if is_tls else "tcp://" + address.removeprefix("dask://").removesuffix("/")
    try:
        security: Any = Security() if is_tls else None
        _check_greeting(where, security)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of packages that differ: ours are compared by each task
            client = Client(where, timeout=CONNECT, security=security, set_as_default=False)
    except Exception as error:  # another program that listens there answers with anything
        said = isinstance(error, OSError | ValueError | TypeError | ImportError) and str(error)
        reason = said or "a program that does not greet as Dask does"
        raise ExecutionError(
            f"no scheduler of Dask answers at {address}: {reason}",
            hint="start one with: dask scheduler" + (", or check Dask's certificates" if is_tls else ""),
        ) from error
    with client:
        pool = DaskPool(client, address)
        try:
            yield pool
        finally:
            pool.stop()


def _check_greeting(where: str, security: Any) -> None:
    """Connect once and be greeted as by Dask; a client would wait for the greeting without end.

    Raises:
        Exception: Nobody answers in time, or it is another program.
    """
    from distributed.comm.core import connect

    async def greet() -> None:
        async with asyncio.timeout(CONNECT + 1):  # after Dask's own error
            options = {} if security is None else security.get_connection_args("client")
            (await connect(where, timeout=CONNECT, **options)).abort()

    with ThreadPoolExecutor(1) as thread:  # a notebook runs a loop in this one
        thread.submit(asyncio.run, greet()).result()


class DaskPool:
    """Workers of a cluster; a task of a worker that is lost is given to another one by Dask."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self._futures: list[Any] = []
        try:
            client.wait_for_workers(1, timeout=WORKERS)
        except TimeoutError:
            raise self._without_workers(WORKERS) from None
        self._count()

    def _count(self) -> int:
        count = len(self._client.sync(self._client.scheduler.ncores, callback_timeout=ANSWER))
        self._well = time.monotonic()
        self.words = f"{counted(count, 'worker')} of {self._address}"
        return count

    def share(self, arrays: Mapping[str, np.ndarray]) -> Sequence[Any]:
        """Send arrays to the scheduler, once, which workers get them from; memory maps are named by their paths."""
        files = [file_of(array) for array in arrays.values()]
        with warnings.catch_warnings():  # Dask warns of size, but it keeps one copy only once the data is scattered
            warnings.simplefilter("ignore")
            shared = [
                file or self._client.submit(np.asarray, np.asarray(array), pure=False)
                for array, file in zip(arrays.values(), files, strict=True)
            ]
        self._futures += [each for each, file in zip(shared, files, strict=True) if file is None]
        return shared

    def submit(self, tasks: Sequence[tuple[Any, ...]]) -> Sequence[Pending]:
        """Begin tasks."""
        begun = [self._client.submit(perform, *task, pure=False) for task in tasks]
        self._futures += begun
        return begun

    def loss(self, error: Exception) -> ExecutionError | None:
        """Whether Dask gave a task up, or forgot it."""
        from asyncio import CancelledError

        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        if isinstance(error, KilledWorker):
            got = "a task whose workers died one after the other, perhaps for want of memory"
        elif isinstance(error, FutureCancelledError | CancelledError | OSError):
            got = f"a task that {self._address} has forgotten"
        else:
            return None
        hint = "look at the logs of the workers, then run it again; finished tasks are kept"
        return ExecutionError(f"Dask lost {got}", hint=hint)

    def check(self) -> None:
        """Look whether the scheduler answers and has workers.

        Raises:
            ExecutionError: Not for a minute.
        """
        with survive(__name__, f"asking {self._address} for its workers", OSError, ValueError, TimeoutError):
            if self._client.status == "running":
                before = self._well
                if self._count():
                    return
                self._well = before
        waited = time.monotonic() - self._well
        self.words = f"waiting for workers of {self._address}"
        if waited > GONE:
            raise self._without_workers(waited)

    def stop(self) -> None:
        """Drop all outstanding tasks; a task under way ends at its next step."""
        from distributed.client import FutureCancelledError

        with suppress(OSError, ValueError, FutureCancelledError, RuntimeError):  # a scheduler that is gone dropped them
            self._client.cancel(self._futures, force=True)
        self._futures.clear()

    def _without_workers(self, seconds: float) -> ExecutionError:
        return ExecutionError(
            f"no worker at {self._address} after {seconds:.0f} seconds",
            hint=f"start some with: dask worker {self._address.replace('dask://', 'tcp://')} --nthreads 1",
        )
