"""What PaCMAP and LocalMAP would gain a reader of maps: neighbors, triplets and distances beside our t-SNE.

10,000 samples each: pixels and a hidden layer of MNIST (50 principal components), 20 blobs of unequal widths in 50
columns, and a spiral in three. PaCMAP and LocalMAP start from principal components, as t-SNE does. The measures are
those of `cutaway.embedding.Quality`. PaCMAP is installed for this benchmark alone: ``pip install pacmap``.
"""

import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.embedding import layer
from benchmarks.harness import keep, machine

SAMPLES = 10_000


def blobs(rng: np.random.Generator) -> np.ndarray:
    middles, widths = rng.normal(size=(20, 50)) * 3, np.exp(rng.normal(0, 0.6, 20))
    which = rng.integers(0, 20, SAMPLES)
    return (middles[which] + widths[which, None] * rng.normal(size=(SAMPLES, 50))).astype(np.float32)


def spiral(rng: np.random.Generator) -> np.ndarray:
    t = 12 * np.sort(rng.random(SAMPLES))
    curve = np.stack([np.cos(t) * t, np.sin(t) * t, t], axis=1)
    return (curve + 0.05 * rng.normal(size=curve.shape)).astype(np.float32)


def maps() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    from cutaway import TSNE

    pacmap: Any = importlib.import_module("pacmap")  # installed for this benchmark alone

    return {
        "t-SNE": lambda x: TSNE(quality=False).fit_transform(x),
        "t-SNE, perplexity 30 and 500": lambda x: TSNE(perplexity=[30, 500], quality=False).fit_transform(x),
        "PaCMAP": lambda x: pacmap.PaCMAP(random_state=0, apply_pca=False).fit_transform(x, init="pca"),
        "LocalMAP": lambda x: pacmap.LocalMAP(random_state=0, apply_pca=False).fit_transform(x, init="pca"),
    }


def main() -> int:
    import cutaway as ct
    from cutaway.data import split_dataset
    from cutaway.embedding import inspect_quality, pca

    print(f"Maps of {SAMPLES:,} samples\n  {machine()}")
    data = ct.load_dataset("mnist")
    ids, rng = split_dataset(data, seed=0).train[:SAMPLES], np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        hidden = layer(folder)[0][:SAMPLES]
    sets = {"pixels": pca(data.inputs(ids), 50), "layer": pca(hidden, 50), "blobs": blobs(rng), "spiral": spiral(rng)}
    results = {}
    for method, lay_out in maps().items():
        lay_out(sets["blobs"][:2000])  # compiles
        for name, x in sets.items():
            start = time.perf_counter()
            xy = np.asarray(lay_out(x), np.float32)
            seconds = time.perf_counter() - start
            found, _ = inspect_quality(x, xy, k=15, seed=0)
            results[f"{name}, {method}"] = {
                "seconds": seconds,
                "neighbors": found.neighbors_preserved,
                "triplets": found.triplets,
                "distances": found.distance_correlation,
            }
            print(
                f"  {name:<8} {method:<30} {seconds:5.1f} s, {found.neighbors_preserved:.3f} of 15 neighbors, "
                f"{found.triplets:.3f} of triplets, distances {found.distance_correlation:.3f}",
                flush=True,
            )
    keep("maps", {"results": results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
