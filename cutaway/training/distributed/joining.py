"""How the processes of a training find each other, through JAX's coordination service."""

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from cutaway.errors import CutawayError, RunError, UsageError
from cutaway.progress import active_tokens, raise_if_canceled

from .ending import end_is_known, end_readably
from .launchers import launched

if TYPE_CHECKING:
    from .world import World

WAIT = 30.0
"""Seconds that a process waits for all others to start."""

HEARTBEAT = 30
"""Seconds without a heartbeat after which a process counts as lost."""

LOOK = 0.1
"""Seconds after which a process that waits looks whether it was canceled."""

LEAVING = 10
"""Seconds that a process that ends waits for the others to end."""


def join_processes(
    *,
    coordinator: str | None = None,
    processes: int | None = None,
    process_index: int | None = None,
    wait: float = WAIT,
) -> "World | None":
    """Connect this process with the others of one training; see `cutaway.join_processes`.

    Returns:
        All of them; None where there is only this one.
    """
    job = launched() if processes is None and process_index is None else None
    if job is not None and (address := coordinator or job.address) is not None:
        coordinator, processes, process_index = address, job.processes, job.index
    _check(coordinator, processes, process_index, wait)
    device = job.local_index if job is not None else None
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "4")  # or JAX prints a trace of its own where a process is lost
    import jax

    if jax.distributed.is_initialized():
        raise UsageError("processes join once", got="a second call", hint="leave it out")
    jax.config.update("jax_cpu_collectives_implementation", "gloo")  # NCCL on a GPU needs no setting
    jax.config.update("jax_enable_preemption_service", False)  # it would take SIGTERM, which cancels our work
    all_there, ended = threading.Event(), list[BaseException]()

    def connect() -> None:
        try:
            _connect(coordinator, processes, process_index, device)
            all_there.set()
            _meet(processes, wait)
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits
            ended.append(error)

    if coordinator is not None and process_index == 0:
        _check_port(coordinator)
    end_readably()
    # JAX's calls return when all are there, or never: another thread makes them, and this one hears of Ctrl-C
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    until = time.monotonic() + wait
    try:
        with contextlib.ExitStack() as watching:
            for token in active_tokens():
                watching.enter_context(token.watching())
            while thread.is_alive():
                raise_if_canceled()
                if not all_there.is_set() and time.monotonic() > until:
                    raise _missing(coordinator, processes, process_index, wait)
                thread.join(LOOK)
    except BaseException:
        end_is_known()
        raise
    if ended:
        raise ended[0] if isinstance(ended[0], CutawayError) else _refusal(ended[0], coordinator) from ended[0]
    from .world import current_world

    return current_world()


def _connect(coordinator: str | None, processes: int | None, process_index: int | None, device: int | None) -> None:
    """Wait without end until all processes are there; the processes of a job have one device each."""
    import jax

    named: dict[str, Any] = {}
    if coordinator is not None:
        named = {"cluster_detection_method": "deactivate", "coordinator_bind_address": coordinator}
        has_its_own = "JAX_LOCAL_DEVICE_IDS" in os.environ or "," not in os.environ.get("CUDA_VISIBLE_DEVICES", ",")
        if device is not None and not has_its_own:
            named["local_device_ids"] = [device]
    jax.distributed.initialize(
        coordinator,
        processes,
        process_index,
        initialization_timeout=86_400,  # we end the waiting ourselves: JAX would abort
        heartbeat_timeout_seconds=HEARTBEAT,
        shutdown_timeout_seconds=LEAVING,
        **named,
    )


def _meet(processes: int | None, wait: float) -> None:
    """Connect the devices of all processes, which are there."""
    import jax
    import numpy as np

    from .connecting import connect_devices
    from .world import current_world

    world = current_world()
    if world is not None:
        world.meet(wait)
        world.check_same({"world": {"processes": processes}})  # JAX does not compare them
        connect_devices(jax.sharding.Mesh(np.array(jax.devices()), ("all",)))


def _check(coordinator: str | None, processes: int | None, index: int | None, wait: float) -> None:
    given = [value is not None for value in (coordinator, processes, index)]
    if any(given) and not all(given):
        raise UsageError(
            "coordinator, processes and process_index are given together, or none of them",
            got=" and ".join(
                name for name, is_given in zip(("coordinator", "processes", "process_index"), given, strict=True)
                if is_given
            ) + " alone",
            hint="pass coordinator=HOST:PORT, processes=N and process_index=I, or start all with srun or mpirun",
        )  # fmt: skip
    if not wait > 0:
        raise UsageError("wait is a number of seconds above 0", got=f"{wait}", hint="try wait=30")
    if coordinator is None or processes is None or index is None:
        return
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise UsageError("coordinator is HOST:PORT", got=f'"{coordinator}"', hint='try coordinator="10.0.0.1:29500"')
    if processes < 1 or not 0 <= index < processes:
        raise UsageError(
            "process_index is from 0 up to, but not including, processes",
            got=f"{index} of {processes}",
            hint="give each process an index of its own, the first one 0",
        )


def _check_port(coordinator: str) -> None:
    """Bind to an address for a moment: where JAX cannot, a fault of memory ends the process without a word."""
    host, _, port = coordinator.rpartition(":")
    try:
        family, *_, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise _refusal(error, coordinator) from error


def _missing(coordinator: str | None, processes: int | None, index: int | None, wait: float) -> RunError:
    """Not all processes came."""
    got = f"not all{f' {processes}' if processes else ''} after {wait:g} s"
    if coordinator is not None and index:
        host, _, port = coordinator.rpartition(":")
        with contextlib.suppress(OSError):  # nobody listens, which is what is looked for
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=3).close()
            except OSError:
                got = f"none that listens at {coordinator}, where the first one should, after {wait:g} s"
    return RunError(
        "all processes of a training start within the time to wait",
        got=got,
        hint="start all of them, or wait longer with wait=",
    )


def _refusal(error: BaseException, coordinator: str | None) -> Exception:
    """Why JAX cannot connect."""
    said = getattr(error, "strerror", None) or str(error)
    if "before any JAX calls" in said:
        return UsageError(
            "processes join before anything is computed",
            got="JAX at work already",
            hint="call join_processes first, before a model is made",
        )
    if coordinator is None and isinstance(error, ValueError):
        return UsageError(
            "the processes of a training are started by srun or mpirun, or named",
            got="a process that no cluster started",
            hint="pass coordinator=HOST:PORT, processes=N and process_index=I, or try "
            "srun cutaway train DATA --distributed",
        )
    return RunError(
        "the first process of a training listens at the address of the coordinator",
        got=f"{coordinator or 'an address by the cluster'}: {said}",
        hint='pass coordinator="HOST:PORT" with an address of its machine, and a port that is free there',
    )
