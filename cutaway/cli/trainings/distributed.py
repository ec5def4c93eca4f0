"""Options of trainings by several processes, which train and resume share."""

import contextlib
import os
import sys
import warnings
from typing import Annotated, Any

import typer

from cutaway.errors import CutawayWarning

DistributedOption = Annotated[
    bool, typer.Option("--distributed", help="Train with the other processes of this job (srun, mpirun).")
]
CoordinatorOption = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="Where the first process listens, if no cluster says so.")
]
ProcessesOption = Annotated[int | None, typer.Option(help="With --coordinator: number of processes.")]
ProcessIndexOption = Annotated[int | None, typer.Option(help="With --coordinator: number of this one, from 0.")]
WaitOption = Annotated[float | None, typer.Option(help="Seconds to wait for all processes. Default: 30.")]
ShardLayersOption = Annotated[
    int, typer.Option(help="Divide the units of the first and last Dense layer over so many devices.")
]


JOINED: list[int] = []
"""The number of this process among those of its training, once it has asked for the others."""


def join(distributed: bool, **options: Any) -> dict[str, Any]:
    """Connect with the other processes, where the user asks for it.

    Args:
        distributed: Whether the cluster says who they are.
        options: As of `cutaway.join_processes`; None for what was not given.

    Returns:
        Arguments for the training: in all processes but the first, nothing is shown.

    Raises:
        UsageError, RunError: As `cutaway.join_processes`.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if not distributed and not given:
        return {}
    from cutaway.api.start import join_processes

    _leave_out_logs()
    JOINED.append(-1)  # not known yet
    JOINED[:] = [join_processes(**given).index]
    if JOINED == [0]:
        return {}
    warnings.simplefilter("ignore", CutawayWarning)
    return {"progress": False}


def _leave_out_logs() -> None:
    """Keep what JAX's C++ writes to stderr away, such as the stack of its abort where another process is lost.

    Python's stderr goes on under another number. TF_CPP_MIN_LOG_LEVEL=0 leaves everything as it is.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0":
        return
    with contextlib.suppress(AttributeError, OSError, ValueError):
        if sys.stderr.fileno() != 2:
            return
        sys.stderr.flush()
        kept = open(os.dup(2), "w", encoding=sys.stderr.encoding, errors=sys.stderr.errors, buffering=1)  # noqa: SIM115
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        sys.stderr = kept
