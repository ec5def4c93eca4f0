"""t-SNE of ever more samples: time, memory, how many neighbors were found, and what approximate ones cost.

The samples are jittered copies of 50 principal components of a hidden layer of a model trained on MNIST; beside them,
data that are hard to search: uniform noise, 200 blobs of unequal sizes, one large cluster, and copies, of which a tenth
are the same row. Each layout is made by `cutaway.TSNE` in a process of its own that reads the points from a file;
memory is the peak of all its pages, the points included. The KL divergence is that of the layout with the affinities of
exact neighbors, three times as many as the perplexity, whatever the layout was made from.

    python -m benchmarks growth [--parts ratio,million,hard] [--rounds N]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.embedding import PERPLEXITY, blobs, divergences, layer
from benchmarks.harness import keep, machine, spread, verdict

COLUMNS = 50
COPIES_NOISE = 0.1
HARD = 280_000
PARTS = ("ratio", "million", "hard")

PROGRAM = """
import json, resource, sys, time
import numpy as np
from cutaway import TSNE
from cutaway.embedding import warm_up

warm_up()
points = np.load(sys.argv[1])
start = time.perf_counter()
model = TSNE(perplexity=float(sys.argv[2]), neighbors=sys.argv[4], quality=False).fit(points)
seconds = time.perf_counter() - start
np.save(sys.argv[3], model.embedding_)
said = {"iterations": model.n_iter_, "recall": model.settings_["neighbors_recall"], "kl_own": model.kl_divergence_}
print(json.dumps({"seconds": seconds, "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6} | said))
"""


def copies(points: np.ndarray, samples: int) -> np.ndarray:
    """Copies of points with noise of a tenth of the deviation of each column, float32 (samples, column)."""
    rng, noise = np.random.default_rng(0), (COPIES_NOISE * points.std(axis=0)).astype(np.float32)
    out = np.empty((samples, points.shape[1]), np.float32)
    for low in range(0, samples, len(points)):
        part = out[low : low + len(points)]
        part[:] = points[: len(part)] + rng.standard_normal(part.shape, dtype=np.float32) * noise
    return out


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(0).random((samples, COLUMNS), dtype=np.float32)


def one_cluster(samples: int) -> np.ndarray:
    """One cluster with 98% of the samples, whose columns vary less and less, and a small one beside it."""
    points = np.random.default_rng(0).normal(size=(samples, COLUMNS)) * np.linspace(1, 0.05, COLUMNS)
    points[: samples // 50] += 10
    return points.astype(np.float32)


def duplicates(samples: int) -> np.ndarray:
    """Half of the rows are copies of others, and a tenth of all are one row."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(samples, 12)) @ rng.normal(size=(12, COLUMNS))
    points[samples // 2 :] = points[rng.integers(0, samples // 2, samples - samples // 2)]
    points[-(samples // 10) :] = points[0]
    return points.astype(np.float32)


def lay_out(folder: str, *, neighbors: str = "auto") -> tuple[dict[str, Any], np.ndarray]:
    """Lay out the points of a folder in a process of its own; what it said, and the layout."""
    files = f"{folder}/points.npy", str(PERPLEXITY), f"{folder}/xy.npy", neighbors
    done = subprocess.run([sys.executable, "-c", PROGRAM, *files], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1]), np.load(files[2])


def line(name: str, found: dict[str, Any]) -> None:
    recall = "all neighbors" if found["recall"] is None else f"{found['recall']:.1%} of the neighbors"
    kl = f", KL {found['kl']:.4f}" if "kl" in found else ""
    said = f"{found['seconds']:.1f} s, {found['memory_gb']:.2f} GB, {found['iterations']} iterations, {recall}{kl}"
    print(f"  {name:<34} {said}", flush=True)


def growth(points: np.ndarray, folder: str, rounds: int) -> dict[str, Any]:
    """The time of 280,000 samples in times of that of 70,000, round by round."""
    found: dict[str, list[dict[str, Any]]] = {"70000": [], "280000": []}
    for _ in range(rounds):
        for samples, kept in found.items():
            np.save(f"{folder}/points.npy", copies(points, int(samples)))
            kept.append(lay_out(folder)[0])
            line(f"{int(samples):,} x 50", kept[-1])
    pairs = zip(found["280000"], found["70000"], strict=True)
    ratios = [large["seconds"] / small["seconds"] for large, small in pairs]
    print(f"  280,000 take {spread(ratios, unit='times', digits=2)} as long as 70,000", flush=True)
    return {"ratios": ratios, **found}


def million(points: np.ndarray, folder: str, rounds: int) -> list[dict[str, Any]]:
    np.save(f"{folder}/points.npy", copies(points, 1_000_000))
    found = []
    for _ in range(rounds):
        found.append(lay_out(folder)[0])
        line("1,000,000 x 50", found[-1])
    return found


def hard(points: np.ndarray, folder: str) -> dict[str, Any]:
    """Exact and approximate neighbors of the same 280,000 samples, and what the latter cost in KL."""
    makers: dict[str, Callable[[int], np.ndarray]] = {
        "hidden layer": lambda samples: copies(points, samples),
        "unequal blobs": blobs,
        "one cluster": one_cluster,
        "copies": duplicates,
        "noise": noise,
    }
    results: dict[str, Any] = {}
    for name, make in makers.items():
        here = make(HARD)
        np.save(f"{folder}/points.npy", here)
        found = {how: lay_out(folder, neighbors=how) for how in ("exact", "approximate")}
        for how, kl in divergences(here, {how: xy for how, (_, xy) in found.items()}).items():
            found[how][0]["kl"] = kl
            line(f"{name}, {how}", found[how][0])
        results[name] = {how: said for how, (said, _) in found.items()}
        results[name]["kl_ratio"] = results[name]["approximate"]["kl"] / results[name]["exact"]["kl"]
        print(f"  {name}: KL {results[name]['kl_ratio'] - 1:+.2%}", flush=True)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    parts = given.parts.split(",")
    print(f"t-SNE of ever more samples\n  {machine()}")
    results: dict[str, Any] = {"cores": os.cpu_count()}
    promises = {}
    with tempfile.TemporaryDirectory() as folder:
        from cutaway.embedding import pca

        points = pca(layer(folder)[0], COLUMNS)
        if "ratio" in parts:
            results["ratio"] = growth(points, folder, given.rounds)
            promises["280,000 in at most 4.5 times the time of 70,000"] = (
                statistics.median(results["ratio"]["ratios"]) <= 4.5
            )
        if "million" in parts:
            results["million"] = million(points, folder, given.rounds)
            seconds, memory, recall = (
                statistics.median(found[name] for found in results["million"])
                for name in ("seconds", "memory_gb", "recall")
            )
            promises |= {
                "a million in 60 s": seconds <= 60,
                "and 2 GB, the points included": memory <= 2,
                "98% of their neighbors found": recall >= 0.98,
            }
        if "hard" in parts:
            results["hard"] = hard(points, folder)
            worst = max(found["kl_ratio"] for found in results["hard"].values())
            promises["approximate neighbors cost at most 0.5% of KL"] = worst <= 1.005
    keep("growth", results)
    return verdict(promises)


if __name__ == "__main__":
    sys.exit(main())
