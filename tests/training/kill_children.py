"""Kill real children that train, resume them, and compare: ``python kill_children.py FOLDER KILLS``.

Children are forked from a process that has imported everything but computed nothing, so that each lives for a second
or two and most of the kills hit training and its writes, not imports.
"""

import contextlib
import gc
import json
import os
import random
import re
import signal
import sys
import time
import warnings
from pathlib import Path

import cutaway as ct
from cutaway import models, training
from cutaway.runs import list_runs

warnings.filterwarnings("ignore", message=".*os.fork.*", category=RuntimeWarning)  # JAX has computed nothing here yet
from cutaway.data import split_dataset  # noqa: E402

split_dataset(ct.load_dataset("digits"), seed=0)  # loads scikit-learn
assert models.mlp, "loads Keras and JAX"
assert training.train_model, "loads the trainer"
gc.freeze()  # children do not search what was imported for garbage
SETTINGS = {"epochs": 4, "batch_size": 32, "seed": 3, "learning_rate": 0.003}
IGNORED = ("seconds", "samples_per_second")


def child(work) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        with contextlib.suppress(BaseException):
            work()
            code = 0
        os._exit(code)
    return pid


def train(runs: Path) -> None:
    ct.train(ct.mlp((32,), dropout=0.3), "digits", runs=runs, progress=False, **SETTINGS)


def resume(runs: Path) -> None:
    ct.resume("latest", runs=runs, progress=False)


def finished(work) -> None:
    _, status = os.waitpid(child(work), 0)
    assert status == 0, f"a child failed with status {status}"


def end(pid: int, after: float) -> None:
    time.sleep(after)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def kill(work, after: float) -> None:
    """Kill a child after some seconds."""
    end(child(work), after)


def kill_training(runs: Path, after: float) -> None:
    """Kill a training some seconds after the folder of its run has appeared: before that, there is nothing to lose."""
    pid = child(lambda: train(runs))
    wait_for_run(runs)
    end(pid, after)


def wait_for_run(runs: Path) -> None:
    limit = time.monotonic() + 120
    while not (runs.is_dir() and any(runs.iterdir())):
        assert time.monotonic() < limit, "no run appears"
        time.sleep(0.002)


def state_of(runs: Path) -> dict:
    (run,) = list_runs(runs)
    rows = [{k: v for k, v in row.items() if k not in IGNORED} for row in run.history()]
    files = {str(p.relative_to(run.path)): p.read_bytes() for p in sorted(run.path.glob("[sp]*/epoch-*"))}
    return {"rows": rows, "files": files, "status": run.status, "test": run.manifest.test}


def check_killed(runs: Path, straight: dict) -> None:
    """What a killed training has kept is what one that was not killed has written."""
    before = state_of(runs)
    assert before["rows"] == straight["rows"][: len(before["rows"])]
    epochs = len(before["rows"])
    kept = {n: b for n, b in before["files"].items() if int(re.search(r"epoch-(\d+)", n)[1]) <= epochs}
    assert all(straight["files"][name] == data for name, data in kept.items())


def resume_all(killed: list[Path], straight: dict) -> None:
    """Resume them, in one process: most of what a resumed training takes is the tracing of its first steps."""
    finished(lambda: [resume(runs) for runs in killed if list_runs(runs)[0].status == "running"])
    for runs in killed:
        after = state_of(runs)
        differ = [n for n in straight["files"] if after["files"].get(n) != straight["files"][n]]
        assert after == straight, f"{runs.name}: {differ}"
        assert not list(runs.rglob(".*.tmp"))


def main(folder: Path, kills: int) -> None:
    start = time.perf_counter()
    finished(lambda: train(folder / "straight"))  # compiles, for all that follow
    finished(lambda: train(folder / "again"))
    pid = child(lambda: train(folder / "third"))
    wait_for_run(folder / "third")
    first = time.perf_counter()
    os.waitpid(pid, 0)
    whole = time.perf_counter() - first
    straight = state_of(folder / "straight")
    assert straight == state_of(folder / "again") == state_of(folder / "third")
    random.seed(0)
    hits: dict[str, int] = {}
    killed: list[Path] = []
    while len(killed) < kills:
        runs = folder / f"{sum(hits.values()):04d}"
        kill_training(runs, random.uniform(0, 0.95) * whole)
        found = list_runs(runs)
        kind = found[0].status if found else "no run yet"
        hits[kind] = hits.get(kind, 0) + 1
        if kind != "running":
            continue
        check_killed(runs, straight)
        killed.append(runs)
        if len(killed) % 4 == 0:  # the second session dies too
            kill(lambda runs=runs: resume(runs), random.uniform(0.2, 0.9) * whole)
    for part in range(0, kills, 8):
        resume_all(killed[part : part + 8], straight)
    answer = {"kills": len(killed), "hits": hits, "seconds": round(time.perf_counter() - start, 1)}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
