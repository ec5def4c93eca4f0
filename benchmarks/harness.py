"""What every benchmark needs: the machine in words, interleaved timing, medians with spread, a record of the result."""

import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("cutaway", "keras", "jax", "numpy", "scikit-learn")


def machine() -> str:
    """One line on CPU, cores, system, Python and the packages that matter."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
    except OSError:
        pass
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count()
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in PACKAGES)
    return f"{name}, {cores} cores, {platform.system()}, Python {platform.python_version()}; {versions}"


def timed(call: Callable[[], object], *, n: int) -> dict[str, list[float]]:
    """Seconds of the first call and of n more."""
    seconds = []
    for _ in range(n + 1):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return {"first": seconds[:1], "further": seconds[1:]}


def interleave(contestants: Mapping[str, Callable[[], float]], *, n: int) -> dict[str, list[float]]:
    """Time contestants in turn, A B C A B C ..., so that a machine that slows down slows all of them.

    Args:
        contestants: Name -> a call that does the work once and returns its seconds, warm-up outside that clock.
        n: Rounds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(n):
        for name, call in contestants.items():
            seconds[name].append(call())
    return seconds


def spread(values: list[float], *, unit: str = "s", digits: int = 3) -> str:
    """Median and range: "0.512 s (0.498-0.560, n=5)"."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f} {unit} ({min(values):.{digits}f}-{max(values):.{digits}f}, n={len(values)})"


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios round by round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def keep(name: str, result: Mapping[str, Any]) -> None:
    """Write a result beside the scripts, with the machine it came from.

    Parts that were not measured this time stay, if they are of the same machine and versions.
    """
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    record = {"benchmark": name, "date": date.today().isoformat(), "machine": machine()}
    parts = {**before, **result} if before.get("machine") == machine() else result
    path.write_text(json.dumps({**parts, **record, **result}, indent=2) + "\n")


def verdict(promises: Mapping[str, bool]) -> int:
    """Print whether each promise was kept; the exit code."""
    for promise, kept in promises.items():
        print(f"  {'kept' if kept else 'LOST'}  {promise}")
    sys.stdout.flush()
    return 0 if all(promises.values()) else 1
