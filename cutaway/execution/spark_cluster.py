"""Executors of Spark, through joblib-spark."""

import atexit
import socket
import time
import warnings
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from typing import Any

from cutaway.errors import ExecutionError
from cutaway.progress import raise_if_canceled

from .joblib_backend import open_backend
from .pool import Pool

WAIT = 60.0
"""Seconds in which an executor must be there; a cluster may start the first one when it is needed."""

CONNECT = 5
"""Seconds in which a master answers."""

LOOK = 0.1
"""Seconds between two looks whether it is."""


@contextmanager
def open_spark() -> Generator[Pool]:
    """The executors of the session of Spark that is active, or of one that Spark's own settings describe.

    Raises:
        ExecutionError: Spark does not start, or there is no executor.
    """
    import joblib
    from joblibspark import register_spark  # pyright: ignore[reportMissingImports]
    from pyspark import SparkContext  # pyright: ignore[reportMissingImports]
    from pyspark.sql import SparkSession  # pyright: ignore[reportMissingImports]

    active: Any = SparkSession.getActiveSession()
    # the session of another thread is active there only, but its context is the one of this process
    is_own = active is None and SparkContext._active_spark_context is None
    session = active or _begin(SparkSession.builder, is_own=is_own)
    backend: Any = None
    try:
        _wait_for_executor(session)
        register_spark()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what this version of Spark cannot do, which is not used
            with joblib.parallel_config(backend="spark", n_jobs=-1):
                backend, _ = joblib.parallel.get_active_backend()
        apply: Any = backend.apply_async
        backend.apply_async = lambda function, callback=None: _Job(apply(function, callback))
        with open_backend(backend, -1, words="Spark", can_abort=True) as pool:
            yield pool
    finally:
        if (threads := getattr(backend, "_pool", None)) is not None:  # which joblib-spark keeps until the process ends
            atexit.unregister(threads.close)
            threads.terminate()
        if is_own:
            session.stop()


class _Job:
    """A job of joblib-spark 0.6, which gives an error back as if it were a result."""

    def __init__(self, job: Any) -> None:
        self._job = job

    def get(self, timeout: float | None = None) -> list[Any]:
        """The results of its tasks."""
        found = self._job.get(timeout)
        if isinstance(found, list):
            return found
        raise found.exc


def _begin(builder: Any, *, is_own: bool) -> Any:
    try:
        _call_masters()  # Spark itself tries for 60 s
        session = builder.appName("cutaway").config("spark.ui.showConsoleProgress", "false").getOrCreate()
        if is_own:
            session.sparkContext.setLogLevel("FATAL")  # what goes wrong is raised as well
    except Exception as error:  # of many kinds, Java's among them
        raise _refused(error) from error
    return session


def _call_masters() -> None:
    """Connect with a standalone master that the settings name, or with one of several.

    Raises:
        OSError: Nobody listens.
    """
    from pyspark import SparkConf, SparkContext  # pyright: ignore[reportMissingImports]

    SparkContext._ensure_initialized()  # or the settings are not read
    scheme, _, addresses = (SparkConf().get("spark.master") or "").partition("://")
    refused: OSError | None = None
    for address in addresses.split(",") if scheme == "spark" else ():
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT).close()
        except OSError as error:
            refused = OSError(f"{address}: {error}")
        else:
            return
    if refused is not None:
        raise refused


def _wait_for_executor(session: Any) -> None:
    """Do a job of nothing, which Spark itself would wait for without end."""
    counted: Future[int] = Future()

    def count() -> None:
        try:
            counted.set_result(session.range(1).count())
        except Exception as error:  # noqa: BLE001 - raised by whoever waits
            counted.set_exception(error)

    Thread(target=count, daemon=True).start()
    until = time.monotonic() + WAIT
    while not counted.done():
        raise_if_canceled()
        if time.monotonic() > until:
            raise _refused(f"no executor that was free within {WAIT:g} s")
        time.sleep(LOOK)
    if (error := counted.exception()) is not None:
        raise _refused(error) from None


def _refused(why: object) -> ExecutionError:
    return ExecutionError(
        "Spark has a Java runtime, a master that answers and an executor",
        got=" ".join(str(why).split())[:300],
        hint='check its settings, such as PYSPARK_SUBMIT_ARGS="--master spark://HOST:7077 pyspark-shell"',
    )
