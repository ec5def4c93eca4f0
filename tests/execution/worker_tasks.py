"""Tasks of the tests, which workers import: small functions of a dict, with arrays beside it."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.errors import Canceled, TrainingError
from cutaway.progress import raise_if_canceled


def weighted_sum(spec: int, arrays: Mapping[str, np.ndarray]) -> tuple[float, int]:
    """A sum that depends on every array, and the process that computed it."""
    return float((arrays["x"][spec] * arrays["w"]).sum()), os.getpid()


def kind_of_array(spec: str, arrays: Mapping[str, np.ndarray]) -> tuple[str, float]:
    return type(arrays[spec]).__name__, float(arrays[spec].sum())


def environment(spec: str, arrays: Mapping[str, np.ndarray]) -> tuple[str | None, int]:
    import jax

    jax.numpy.zeros(1).block_until_ready()
    threads = Path("/proc/self/task")
    names = [(each / "comm").read_text().strip() for each in threads.iterdir()]
    return os.environ.get(spec), sum("XLA" in name or "tf_" in name for name in names)


def wait_for(spec: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> int:
    """Say who does the task, and wait until a file is there."""
    folder = Path(spec["folder"])
    with open(folder / f"begun-{spec['number']}", "a") as file:
        file.write(f"{os.getpid()}\n")
    while not (folder / "go").exists():
        try:
            raise_if_canceled()
        except Canceled:
            (folder / f"canceled-{spec['number']}").touch()
            raise
        time.sleep(0.02)
    return 10 * spec["number"]


def fail(spec: str, arrays: Mapping[str, np.ndarray]) -> None:
    if spec == "ours":
        raise TrainingError("a rule", got="something else", hint="do it")
    raise ZeroDivisionError(spec)
