"""All proofs of a run: here, one after the other, or on an engine, where each remedy is a task."""

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.api.opening import open_run
from cutaway.api.run import Run
from cutaway.data import Dataset, Source
from cutaway.errors import DataError, UnknownNameError, UsageError
from cutaway.execution import run_tasks
from cutaway.findings import Finding
from cutaway.results.progress import ProgressOption, show_progress

from .proving import Tried, prove, remedy_key
from .result import Proof


def prove_all(
    run: Run,
    findings: Sequence[Finding],
    *,
    seeds: int,
    budget: float | None = None,
    engine: str | None,
    progress: ProgressOption,
) -> tuple[Proof, ...]:
    """Try the remedies of findings, each once, and return a proof for each finding in order.

    Args:
        run: The run that they were found in.
        findings: Each has a remedy.
        seeds: See `cutaway.doctor`.
        budget: See `cutaway.doctor`.
        engine: Where models are trained, as in `cutaway.doctor`.
        progress: See `cutaway.doctor`.

    Raises:
        UsageError: The run's table came from memory, and an engine is to read it.
        ExecutionError: The engine cannot be reached, has other versions, or lost its workers.
    """
    if engine is None:
        return tuple(_proved_here(run, findings, seeds=seeds, budget=budget, progress=progress))
    by_remedy: dict[str, list[int]] = {}
    for place, finding in enumerate(findings):
        if _is_trained(run, finding):
            assert finding.remedy is not None
            by_remedy.setdefault(remedy_key(finding.remedy), []).append(place)
    groups, found = list(by_remedy.values()), dict[int, Proof]()
    if groups:
        header, arrays = _data_of(run)
        tasks = [ProofTask(str(run.path), header, tuple(findings[n] for n in group), seeds) for group in groups]
        with show_progress(progress) as on_progress:
            options: dict[str, Any] = {"name": "proofs", "unit": "proofs", "on_progress": on_progress}
            proofs = run_tasks(prove_group, tasks, arrays=arrays, engine=engine, **options)
        for group, of_group in zip(groups, proofs, strict=True):
            found |= dict(zip(group, of_group, strict=True))
    return tuple(
        found.get(place) or prove(run, each, seeds=seeds, progress=progress) for place, each in enumerate(findings)
    )


def _proved_here(
    run: Run, findings: Sequence[Finding], *, seeds: int, budget: float | None, progress: ProgressOption
) -> Iterator[Proof]:
    tried: Tried = {}
    start = time.monotonic()
    for each in findings:
        assert each.remedy is not None
        if budget is not None and time.monotonic() - start >= budget:
            yield Proof(each.kind, each.remedy.words, why=f"the {budget:g} seconds for proofs were used up")
        else:
            yield prove(run, each, seeds=seeds, tried=tried, progress=progress)


@dataclass(frozen=True)
class ProofTask:
    """Findings with one remedy.

    Attributes:
        path: The run folder, which workers read.
        data: The dataset without its arrays, which lie beside the task; None where it is loaded from its file.
        findings: What the remedy is for.
        seeds: Trainings on each side.
    """

    path: str
    data: Dataset | None = field(repr=False)
    findings: tuple[Finding, ...]
    seeds: int = 1


def prove_group(task: ProofTask, arrays: Mapping[str, np.ndarray]) -> list[Proof]:
    """Try one remedy in a worker.

    Raises:
        DataError: The worker cannot read the run.
    """
    data = task.data
    if data is not None:
        sources = {name: Source(arrays[f"x {name}"], arrays[f"y {name}"]) for name in data.sources}
        data = replace(data, sources=sources)
    try:
        run = open_run(task.path, data=data)
    except UnknownNameError:
        raise DataError(
            "every worker reads the folder of the run under the path that the client has",
            got=f"nothing at {task.path} on {socket.gethostname()}",
            hint="put the runs into a folder that all machines mount",
        ) from None
    tried: Tried = {}
    return [prove(run, finding, seeds=task.seeds, tried=tried) for finding in task.findings]


def _is_trained(run: Run, finding: Finding) -> bool:
    """Whether a model is trained for a proof."""
    remedy = finding.remedy
    assert remedy is not None
    return not remedy.untried and remedy.change != "temperature" and run.context.manifest.origin == "training"


def _data_of(run: Run) -> tuple[Dataset | None, dict[str, np.ndarray]]:
    """The dataset of a run without its arrays, and these; None and no arrays of a table in a file."""
    loaded = run.context.loaded
    if isinstance(loaded, Dataset):
        empty = {name: Source(source.x[:0], source.y[:0]) for name, source in loaded.sources.items()}
        arrays = {f"{part} {name}": getattr(s, part) for name, s in loaded.sources.items() for part in ("x", "y")}
        return replace(loaded, sources=empty), arrays
    path = run.context.manifest.dataset.origin.get("path")
    if path is not None and Path(path).exists():
        return None, {}
    raise UsageError(
        "an engine reads the table of a run from its file",
        got="a table from memory" if path is None else f"nothing at {path}",
        hint="train on a file, such as one of DataFrame.to_parquet, or leave out the engine",
    )
