"""Trainings by several processes, which train and resume can join."""

import atexit
import contextlib
import dataclasses
import os
import sys
import warnings
from collections.abc import Generator
from typing import Any

import typer

from cutaway.api.training_options import ProcessOptions
from cutaway.cli.leaving import leave
from cutaway.errors import CutawayError, CutawayWarning


@contextlib.contextmanager
def connected(options: ProcessOptions) -> Generator[dict[str, Any]]:
    """Connect with the other processes, where the user asks for it, and end together with them.

    Yields:
        Arguments for the training: in all processes but the first, nothing is shown.

    Raises:
        UsageError, RunError: See `cutaway.join_processes`.
        Exit: The training ends for a reason that the first process says.
    """
    asked = dataclasses.asdict(options)
    distributed, shared = asked.pop("distributed"), {"shard_layers": asked.pop("shard_layers")}
    given = {name: value for name, value in asked.items() if value is not None}
    if not distributed and not given:
        yield shared
        return
    from cutaway.api.start import join_processes, together
    from cutaway.training import current_world, is_agreed, is_said_by_first

    _leave_out_logs()
    try:
        if join_processes(**given).index:
            warnings.simplefilter("ignore", CutawayWarning)
            shared["progress"] = False
        with together(current_world()):
            yield shared
    except BaseException as error:
        if not is_agreed():
            atexit.register(leave)  # called before JAX's, which would wait for processes that are gone
        if is_said_by_first() and isinstance(error, CutawayError):
            raise typer.Exit(error.exit_code) from error
        raise


def _leave_out_logs() -> None:
    """Keep what JAX's C++ writes to stderr away, such as the stack of its abort where another process is lost.

    Python's stderr goes on under another number. TF_CPP_MIN_LOG_LEVEL=0 leaves everything as it is.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0":
        return
    with contextlib.suppress(AttributeError, OSError, ValueError):  # a stream without a descriptor stays as it is
        if sys.stderr.fileno() != 2:
            return
        sys.stderr.flush()
        kept = open(os.dup(2), "w", encoding=sys.stderr.encoding, errors=sys.stderr.errors, buffering=1)  # noqa: SIM115
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        sys.stderr = kept
