"""Compiling in two processes at once, where the cache of kernels is empty.

LLVM compiles one function at a time in each process, so threads gain nothing. A child compiles the kernels that are
needed after the neighbors into the cache that both share; this process compiles the others meanwhile, which takes about
as long, and then reads what the child has written. Nothing depends on the child: what it did not write is
compiled where it is needed.
"""

import gc
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter, sleep
from typing import Any

import numpy as np

from cutaway.log import ErrorLines
from cutaway.neighbors import (
    COMPILING,
    Compilation,
    Neighbors,
    count_missing,
    nearest_among,
    nearest_neighbors,
)
from cutaway.parallel import cpu_count
from cutaway.progress import Progress, ProgressCallback, ignore_progress

from . import kernels
from .affinities import joint_affinities, kl_divergence
from .descent import KL_INTERVAL, descend
from .interpolation import InterpolationGrid
from .schedule import EXACT, phases_for
from .settings import TSNESettings

log = logging.getLogger("cutaway.embedding")

SAMPLES = 300
"""Of the small layout that compiles everything; beyond 256, points are divided into cells."""

NEIGHBORS = 9
PATIENCE = 60.0
"""Seconds that the child may take longer than this process; without it, it would compile for 5 s at most."""

LOAD = Path("/proc/loadavg")
"""Its fourth word says how many threads of the whole machine are running, such as 2/345."""

# What the child compiles: all but what quality and new samples need.
_OTHERS = {"count_nearer", "optimize_new_points"}
_KERNELS = tuple(getattr(kernels, name) for name in kernels.__all__ if name.islower() and name not in _OTHERS)
_PROGRAM = "import sys; sys.path[:] = {path}; from {module} import run_child; run_child(exact={exact})"


def compile_kernels(samples: int, compilation: Compilation, *, on_progress: ProgressCallback = ignore_progress) -> None:
    """Compile what a t-SNE needs, if the cache lacks most of it and a CPU is free for the child; otherwise do nothing.

    Where all CPUs are busy, two processes together take longer than one: each loads Numba, half a second of ten.

    Args:
        samples: Of the layout to come.
        compilation: Gets what the child compiles, and the seconds for which this process waits for it.
        on_progress: Called again and again while this process waits, so that it can be canceled.
    """
    missing = count_missing(_KERNELS)
    wanted = 2 * missing > len(_KERNELS) and _cpu_is_free()
    child = _start_child(exact=samples <= EXACT) if wanted else None
    if child is None:
        return
    with child:
        try:
            with _without_collections():
                nearest_neighbors(small_sample(min(samples, SAMPLES)), min(NEIGHBORS, samples - 1))
            start = perf_counter()
            while child.poll() is None and perf_counter() - start < PATIENCE:
                on_progress(Progress(COMPILING, 0, 1, "step", "once on this machine: the rest, in a second process"))
                with suppress(subprocess.TimeoutExpired):  # it still compiles
                    child.wait(0.1)
            compilation.seconds += perf_counter() - start
            compilation.count += missing - count_missing(_KERNELS)
        finally:
            child.kill()


def small_sample(samples: int = SAMPLES) -> np.ndarray:
    """Random points, float32 (sample, 4)."""
    return np.random.default_rng(0).normal(size=(samples, 4)).astype(np.float32)


def compile_descent(*, exact: bool, grid: bool) -> None:
    """Compile what is needed after the neighbors, or load it from the cache, by laying out a small sample.

    Args:
        exact: Whether with the forces of few samples, summed over all pairs.
        grid: Whether with the forces of many, through a grid.
    """
    h = small_sample()
    near = nearest_among(h, h, NEIGHBORS + 1)  # each point itself comes first
    near = Neighbors(near.index[:, 1:].copy(), near.squared[:, 1:].copy())
    affinities, start = joint_affinities(near, 3.0), np.ascontiguousarray(h[:, :2])
    # as many iterations as estimate the KL divergence once
    phases = phases_for(len(h), TSNESettings(n_iter=KL_INTERVAL, early_exaggeration_iter=KL_INTERVAL - 1))
    for limit in [len(h)] * exact + [0] * grid:
        descend(affinities, start, phases=phases, threads=1, exact=limit)
    if grid:  # a wide layout, which needs two levels
        InterpolationGrid().update(40 * start, -200 * np.ones(2), 200 * np.ones(2))
    kl_divergence(affinities, start)


def run_child(*, exact: bool) -> None:
    """What the child does; it ends with its parent, whose end closes the pipe."""
    Thread(target=_end_with_parent, daemon=True).start()
    with _without_collections():
        compile_descent(exact=exact, grid=not exact)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Collect no garbage: the compiler makes millions of small objects, and takes a tenth less time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _cpu_is_free() -> bool:
    """Whether a CPU has nothing to do beside the one that this process uses; on Linux only it can be known.

    Averages of the load would count the training that has just ended.
    """
    running = []
    with suppress(OSError, ValueError, IndexError):  # not Linux: nothing is known to run
        for _ in range(5):
            running.append(int(LOAD.read_text().split()[3].split("/")[0]))
            sleep(0.01)
    return cpu_count() > 1 and (not running or median(running) < (os.cpu_count() or 1))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _start_child(*, exact: bool) -> "subprocess.Popen[Any] | None":
    """Start a Python as this one, with the same modules; None where there is none to start."""
    if "python" not in Path(sys.executable or "").name.lower():
        return None  # an application that contains Python would start again
    path = [place for place in sys.path if place]  # "" is the current folder
    program = _PROGRAM.format(path=path, module=__name__, exact=exact)
    command = [sys.executable, "-I", "-c", program]
    try:
        # isolated: modules come from the path of this process alone, not from the current folder
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except OSError as error:
        log.info("no second process compiles: %s", error)
        return None
    ErrorLines(child.stderr, log, "the second process that compiles", level=logging.INFO)
    return child
