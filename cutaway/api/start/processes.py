"""Trainings by several processes, on one machine or many."""

import json
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway._lazy import public
from cutaway.errors import RunError
from cutaway.runs import FollowingWriter, Manifest, RunFolder, RunWriter, digest_of

if TYPE_CHECKING:
    from cutaway.models import Model
    from cutaway.training import World

VISIBLE = 15.0
"""Seconds that a folder made on one machine may take to appear on the others."""


@public
@dataclass(frozen=True)
class Processes:
    """The processes of a training, seen from one of them.

    Attributes:
        index: Number of this process, from 0; the first one writes the run folder.
        count: Number of processes.
    """

    index: int
    count: int


@public
def join_processes(
    coordinator: str | None = None,
    *,
    processes: int | None = None,
    process_index: int | None = None,
    wait: float = 30.0,
) -> Processes:
    """Connect this process with others, so that `train`, `train_like` and `resume` run on the devices of all of them.

    Call it in each process before a model is made; then all must call the same functions with the same arguments. Data
    and the folder for runs must be on paths that all can read. Each process reads its own rows of every batch; only the
    first one writes. Without arguments, the launcher says who they are: Slurm, or ``mpirun`` on one machine. On several
    machines, ``mpirun`` (except Open MPI before version 5) needs ``coordinator`` as well.

    If a process is lost, the others raise RunError or, if JAX would abort them, end with one line and exit code 1.
    Whoever can reach the coordinator's port can disturb the training: keep it within a trusted network.

    Args:
        coordinator: ``"HOST:PORT"`` at which the first process listens, an address of its machine and a free port.
        processes: Number of processes, from 1; None in a job of Slurm or ``mpirun``.
        process_index: Number of this one, from 0 up to, but not including, `processes`; None in such a job.
        wait: Seconds to wait for all processes to start, above 0.

    Returns:
        The number of this process, and how many there are.

    Raises:
        UsageError: The arguments do not fit together, no cluster started this process, or JAX is already in use.
        RunError: Not all processes came in time, or the address cannot be used.
    """
    from cutaway.training import join_processes as join

    world = join(coordinator=coordinator, processes=processes, process_index=process_index, wait=wait)
    return Processes(0, 1) if world is None else Processes(world.index, world.count)


def create_run(
    world: "World | None",
    runs: str | Path,
    *,
    name: str | None,
    otherwise: str,
    manifest: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> RunWriter:
    """Make a new run folder: in the first process, where there are several that were given the same.

    Args:
        world: All processes; None for one.
        runs: See `RunWriter.create`.
        name: See `RunWriter.create`.
        otherwise: See `RunWriter.create`.
        manifest: See `RunWriter.create`.
        facts: What must be the same in all processes.

    Raises:
        UsageError: The processes were given different things.
        RunError: The folder cannot be made, or not all processes see it.
    """
    if world is None:
        return RunWriter.create(runs, name=name, otherwise=otherwise, manifest=manifest, begin=False)
    world.check_same(facts)
    made: list[RunWriter] = []

    def make() -> tuple[str, dict[str, Any]]:
        made.append(RunWriter.create(runs, name=name, otherwise=otherwise, manifest=manifest, begin=False))
        return str(made[0].path), made[0].manifest.to_record()

    path, record = world.share(make)
    try:
        seen: list[bool] = world.reduce(_is_visible(Path(path)), list)
        if not all(seen):
            raise RunError(
                "all processes of a training see the folder for runs",
                got=f'no "{path}" in process {seen.index(False)}',
                hint="name a folder that all machines share, with runs=",
            )
    except BaseException:
        for writer in made:
            writer.discard()
        raise
    return made[0] if made else following(Path(path), record)


def following(path: Path, record: Mapping[str, Any]) -> FollowingWriter:
    """The place of a writer in a process that is not the first."""
    return FollowingWriter(path, Manifest.read(dict(record), where=str(path)))


def reopen_run(world: "World | None", path: Path, *, facts: Mapping[str, Any]) -> RunWriter:
    """Open a run to continue it: in the first process, where there are several that were given the same.

    Raises:
        UsageError: The processes were given different things.
        RunError: It is damaged, cannot be written, or another process is writing it.
    """
    if world is None:
        return RunWriter.reopen(path)
    world.check_same(facts)
    opened: list[RunWriter] = []

    def reopen() -> None:
        opened.append(RunWriter.reopen(path))

    world.share(reopen)
    return opened[0] if opened else following(path, RunFolder.open(path).manifest.to_record())


def facts_of(
    manifest: Mapping[str, Any], *, model: "Model | None", weight: np.ndarray | None, **options: Any
) -> dict[str, Any]:
    """What all processes of a training must have been given, as digests where it is long.

    Args:
        manifest: Fields of a `Manifest`.
        model: The model with its first weights; None where a checkpoint has them.
        weight: float32 ``(training sample,)``, weights in the loss; None for 1.
        options: Of this training beside its settings, as plain data.
    """
    from cutaway.models import get_weights

    weights = {} if model is None else get_weights(model)
    return {
        "versions": dict(manifest["versions"]),
        "devices": {name: manifest["device"][name] for name in ("platform", "kind")},
        "settings": dict(manifest["config"]),
        "data": manifest["dataset"]["sha256"],
        "split": _digest(manifest["split"]),
        "model": _digest(manifest["model"]),
        "first weights": digest_of(*weights.values()),
        "sample weights": None if weight is None else digest_of(weight),
        "options": dict(options),
    }


def _digest(record: Any) -> str:
    return digest_of(np.frombuffer(json.dumps(record, sort_keys=True).encode(), np.uint8))


def check_shard_layers(shard_layers: int, model: "Model | None" = None) -> None:
    """Check how layers are divided, before the work: by the devices, and once there is a model by its layers.

    Raises:
        ConfigError, RunError: See `cutaway.training.check_shard_layers`.
    """
    if shard_layers == 1:
        return
    from cutaway import models, training

    models.require_jax()
    training.check_shard_layers(shard_layers, model)


@contextmanager
def together(world: "World | None") -> Generator[None]:
    """Tell the other processes of a training what this one fails with, and say here which one is lost.

    Raises:
        RunError: Another process is lost.
    """
    try:
        yield
    except BaseException as error:
        if world is None:
            raise
        meant = world.explained(error)
        world.fail(meant)
        if meant is error:
            raise
        raise meant from error


def _is_visible(path: Path) -> bool:
    until = time.monotonic() + VISIBLE
    while not path.is_dir():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
