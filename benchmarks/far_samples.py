"""How often samples are called far from the training samples: held-out ones, noise, and rows with one value far off.

    python -m benchmarks.far_samples [SPLITS]

Each data set is split again for each seed; a model is trained for one epoch, because the distance is that of its
inputs. Of a table, a row is far off if one of its numbers is moved by 20 standard deviations; noise of images is
uniform. The last lines are the time of `run.predict` on MNIST's test images against that of the same without the
comparison.
"""

import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

import cutaway as ct
from benchmarks.harness import interleave, keep, machine, ratio, verdict
from cutaway.topics.prediction.prediction import predict

TABLES = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer}
IMAGES = ("digits", "mnist")


def main(splits: int) -> int:
    print(machine())
    shares: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", ct.CutawayWarning)
        for name in (*TABLES, *IMAGES):
            seeds = range(1 if name == "mnist" else splits)
            found = [_shares(name, seed, Path(folder)) for seed in seeds]
            shares[name] = {kind: [each[kind] for each in found] for kind in found[0]}
            held, far = (shares[name][kind] for kind in ("held out", "far off"))
            print(
                f"{name:14} held out {np.mean(held):.2%} (largest {max(held):.2%}), "
                f"far off {np.mean(far):.1%} (smallest {min(far):.1%}), n={len(held)}"
            )
        slower = _cost(Path(folder))
    keep("far_samples", {"shares": shares, "time": slower})
    few = all(np.mean(each["held out"]) < 0.01 for each in shares.values())
    most = all(np.mean(each["far off"]) > 0.9 for each in shares.values())
    return verdict({"of held-out samples fewer than 1% are far": few, "of samples far off more than 90% are": most})


def _shares(name: str, seed: int, folder: Path) -> dict[str, float]:
    """The shares of samples that are far, of those held out and of those far off."""
    random = np.random.default_rng(seed)
    if name in TABLES:
        bunch: Any = TABLES[name](as_frame=True)
        frame = bunch.frame
        run = _train(ct.load_dataset(frame, label="target"), seed, folder)
        held = frame.drop(columns="target").iloc[run.split.test.index].astype(float)
        off = held.copy()
        columns = random.integers(0, off.shape[1], len(off))
        values, spread = off.to_numpy(copy=True), held.std().to_numpy()
        rows = np.arange(len(off))
        values[rows, columns] += 20 * spread[columns] * random.choice([-1, 1], len(off))
        far: Any = pd.DataFrame(values, columns=off.columns)
    else:
        run = _train(name, seed, folder)
        held = run.data.x(run.split.test)
        far = (random.random((500, *held.shape[1:])) * run.data.scale).astype(held.dtype)
    given = {"held out": held, "far off": far}
    found = {kind: run.examine(x, nearest=0, explain=0).far for kind, x in given.items()}
    return {kind: float(np.mean(each)) for kind, each in found.items() if each is not None}


def _train(data: Any, seed: int, folder: Path) -> ct.Run:
    return ct.train(ct.mlp((16,)), data, epochs=1, seed=seed, runs=folder, progress=False)


def _cost(folder: Path) -> float:
    """Seconds of a prediction with the comparison over those without it."""
    run = ct.train(ct.mlp((512, 512)), "mnist", epochs=1, runs=folder, progress=False)
    x = run.data.x(run.split.test)

    def seconds(warn: bool) -> float:
        start = time.perf_counter()
        predict(run.context, x, warn=warn)
        return time.perf_counter() - start

    seconds(True)
    times = interleave({"with": lambda: seconds(True), "without": lambda: seconds(False)}, n=7)
    slower = ratio(times["with"], times["without"])
    each = np.median(np.subtract(times["with"], times["without"])) / len(x)
    print(f"predicting MNIST's test images takes {slower:.1f} times as long with it, {1e6 * each:.0f} µs an image more")
    return slower


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 10))
