"""Train on files larger than an imposed limit of memory: ``python memory_child.py FOLDER LIMIT SAMPLES...``.

One line of JSON comes out: for each number of samples the peaks of anonymous memory, in bytes, and the accuracy; and
whether the last, largest file could have been loaded. The limit holds for what is needed beyond a process that has
imported, compiled and drawn everything once, on data of 2 MiB.
"""

import json
import resource
import sys
import threading
from pathlib import Path

import numpy as np

import cutaway as ct

SIDE, TESTED = 64, 64
SETTINGS = {"epochs": 2, "batch_size": 128, "learning_rate": 0.01, "precision": "float32", "validation": 0.4}


def status(key: str) -> int:
    """A line of what Linux says of this process, in bytes."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":"))


class Peak:
    """The most anonymous memory that was held, looked at every millisecond: what is mapped from files is not in it."""

    def __enter__(self) -> "Peak":
        self.bytes, self._done = status("RssAnon"), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.001):
            self.bytes = max(self.bytes, status("RssAnon"))


def write(folder: Path, samples: int) -> Path:
    """Two classes that differ in the first eight of 4,096 values; the rest of a sample of 16 KiB is a hole.

    The test has few samples: the t-SNE of a report would take most of the time.
    """
    folder.mkdir()
    for part, count in (("train", samples), ("test", TESTED)):
        y = np.arange(count) % 2
        noise = np.random.default_rng(count).standard_normal((count, 8), np.float32)
        shape = (count, SIDE, SIDE)
        x = np.lib.format.open_memmap(folder / f"x_{part}.npy", mode="w+", dtype=np.float32, shape=shape)
        x[:, 0, :8] = noise + (2 * y[:, None] - 1)
        np.save(folder / f"y_{part}.npy", y)
    return folder


def train(folder: Path) -> ct.Run:
    return ct.train(ct.mlp((8,)), folder, runs=folder.parent / "runs", progress=False, **SETTINGS)


def look(run: ct.Run) -> None:
    assert run.findings() is not None
    assert len(run.mistakes(5).position) <= 5
    assert run.predictions(split="all").shape == (len(run.labels(split="all")), 2)


def measure(folder: Path) -> tuple[dict[str, float], ct.Run]:
    with Peak() as training:
        run = train(folder)
    with Peak() as looking:
        look(run)
    accuracy = run.history["val_accuracy"][-1]
    return {"training": training.bytes, "looking": looking.bytes, "accuracy": accuracy}, run


def main(folder: Path, limit: int, sizes: list[int]) -> None:
    warm = train(write(folder / "warm", 128))
    look(warm)
    warm.report(progress=False)
    bound = status("VmData") + limit
    resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))

    answer: dict[str, object] = {}
    run, place = warm, folder
    for samples in sizes:
        place = write(folder / str(samples), samples)
        answer[str(samples)], run = measure(place)
    answer["report"] = run.report(progress=False).stat().st_size
    try:
        np.load(place / "x_train.npy")
        answer["fits"] = True
    except MemoryError:
        answer["fits"] = False
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), [int(samples) for samples in sys.argv[3:]])
