"""Options of trainings by several processes, which train and resume share."""

import atexit
import contextlib
import os
import sys
import warnings
from collections.abc import Generator
from typing import Annotated, Any

import typer

from cutaway.cli.leaving import leave
from cutaway.errors import CutawayError, CutawayWarning


def process_options(
    distributed: Annotated[
        bool, typer.Option("--distributed", help="Train with the other processes of this job (srun, mpirun).")
    ] = False,
    coordinator: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where the first process listens, if no cluster says so.")
    ] = None,
    processes: Annotated[int | None, typer.Option(help="With --coordinator: number of processes.")] = None,
    process_index: Annotated[int | None, typer.Option(help="With --coordinator: number of this one, from 0.")] = None,
    wait: Annotated[float | None, typer.Option(help="Seconds to wait for all processes. Default: 30.")] = None,
    shard_layers: Annotated[
        int, typer.Option(min=1, help="Divide the units of the first and last Dense layer over so many devices.")
    ] = 1,
) -> None:
    """Has the options in its signature, for `cutaway.cli.options.with_options`."""


@contextlib.contextmanager
def connected(*, distributed: bool, shard_layers: int, **options: Any) -> Generator[dict[str, Any]]:
    """Connect with the other processes, where the user asks for it, and end together with them.

    Args:
        distributed: Whether the cluster says who they are.
        shard_layers: As of `cutaway.train`.
        options: As of `cutaway.join_processes`; None for what was not given.

    Yields:
        Arguments for the training: in all processes but the first, nothing is shown.

    Raises:
        UsageError, RunError: As `cutaway.join_processes`.
        Exit: The training ends for a reason that the first process says.
    """
    given = {name: value for name, value in options.items() if value is not None}
    shared: dict[str, Any] = {"shard_layers": shard_layers}
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
