"""How long the program takes to say anything, as whole processes.

``cutaway --help``, ``import cutaway``, and the first progress and the end of a ``cutaway train mnist --epochs 1`` that
is not the first of its kind, so that it must compile nothing; and three questions to that run, of which nothing is kept
but compiled programs. CPU seconds are of all cores together; they change less than the clock where others use the
machine.
"""

import os
import pty
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness import interleave, keep, machine, spread, verdict
from cutaway.cache import RESULTS

ROUNDS = 9


def timed(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def train(folder: str) -> tuple[float, float, float]:
    """Train one epoch in its own terminal: seconds to its first progress and to the prompt, and CPU seconds."""
    command = ["-c", "from cutaway.cli import main; main()", *f"train mnist --epochs 1 --runs {folder}/runs".split()]
    ours, theirs = pty.openpty()
    before, start, first = cpu_of_children(), time.perf_counter(), 0.0
    process = subprocess.Popen(
        [sys.executable, *command],
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "XDG_CACHE_HOME": folder, "COLUMNS": "120", "TERM": "xterm"},
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:  # the other side has closed the terminal
            break
        said += more
        if not more:
            break
        if not first and b"training" in said:
            first = time.perf_counter() - start
    os.close(ours)
    if process.wait() or not first:
        raise RuntimeError(f"cutaway train ended with {process.returncode} and said {said.decode()[-500:]}")
    return first, time.perf_counter() - start, cpu_of_children() - before


QUESTIONS = {
    "cutaway predict": ("predict", "latest", "new.npy"),
    "cutaway explain": ("explain", "latest", "test[7]"),
    "cutaway layers": ("layers", "latest"),
}


def ask(folder: str, *question: str) -> float:
    """Seconds of a command on the last run of a folder, whose kept results are removed before."""
    shutil.rmtree(Path(folder, "cutaway", RESULTS), ignore_errors=True)
    start = time.perf_counter()
    program = [sys.executable, "-c", "from cutaway.cli import main; main()", *question]
    environment = {**os.environ, "XDG_CACHE_HOME": folder, "PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run(program, check=True, capture_output=True, env=environment, cwd=folder)
    return time.perf_counter() - start


def cpu_of_children() -> float:
    """CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compiled_programs(folder: str) -> set[str]:
    """What XLA has compiled and kept."""
    return {path.name for path in Path(folder).glob("cutaway/xla-*/*-cache")}


def main() -> int:
    print(f"start-up\n  {machine()}")
    calls = {
        "cutaway --help": lambda: timed("-c", "from cutaway.cli import main; main(['--help'])"),
        "import cutaway": lambda: timed("-c", "import cutaway"),
        "python alone": lambda: timed("-c", "pass"),
    }
    for call in calls.values():
        call()
    seconds = interleave(calls, n=ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        cold = train(folder)[1]
        compiled = compiled_programs(folder)
        first, wall, cpu = zip(*(train(folder) for _ in range(ROUNDS)), strict=True)
        again = compiled_programs(folder) - compiled
        np.save(Path(folder, "new.npy"), np.zeros((100, 28, 28), np.uint8))
        for question in QUESTIONS.values():
            ask(folder, *question)
        asked = {name: partial(ask, folder, *question) for name, question in QUESTIONS.items()}
        seconds |= interleave(asked, n=ROUNDS)
    seconds |= {"first progress": list(first), "train, one epoch": list(wall), "its CPU seconds": list(cpu)}
    for name, values in seconds.items():
        print(f"  {name:<16} {spread(values)}")
    print(f"  train, one epoch, nothing compiled yet: {cold:.1f} s")
    keep("startup", {"seconds": seconds, "cold": cold})
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    return verdict(
        {
            "cutaway --help in less than 0.4 s": middle["cutaway --help"] < 0.4,
            "second cutaway train mnist --epochs 1 in at most 4.5 s": middle["train, one epoch"] <= 4.5,
            "its first progress within 3 s": middle["first progress"] <= 3,
            f"it compiles nothing ({len(compiled)} programs are kept)": bool(compiled) and not again,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
