"""t-SNE of a million samples: time, memory, KL divergence and recall of neighbors.

The samples are jittered copies of 50 principal components of a hidden layer of a model trained on MNIST, as in
`benchmarks/embedding.py`. Each layout is made in a process of its own that reads the points from a file; memory is the
peak of all its pages, the points included. With ``--opentsne`` openTSNE lays out the same points with its defaults and
as many threads as there are cores, which takes half an hour and more for a million.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from benchmarks.embedding import PERPLEXITY, layer
from benchmarks.harness import keep, machine, verdict

COPIES_NOISE = 0.1
MEASURED = 1000
NEIGHBORS = 10

OURS = """
import json, resource, sys, time
import numpy as np
from cutaway.embedding import embed, warm_up

warm_up()
points = np.load(sys.argv[1])
layout = embed(points, quality=False, perplexity=float(sys.argv[2]))
np.save(sys.argv[3], layout.xy)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
said = {"iterations": layout.settings["iterations"], "kl": layout.kl_divergence}
print(json.dumps({"seconds": layout.seconds, "memory_gb": peak} | said))
"""

OPENTSNE = """
import json, os, resource, sys, time
import numpy as np
from openTSNE import TSNE

points = np.load(sys.argv[1])
start = time.perf_counter()
tsne = TSNE(perplexity=float(sys.argv[2]), n_jobs=len(os.sched_getaffinity(0)), random_state=0)
xy = np.asarray(tsne.fit(points), np.float32)
seconds = {"total": time.perf_counter() - start}
np.save(sys.argv[3], xy)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(json.dumps({"seconds": seconds, "memory_gb": peak}))
"""


def copies(points: np.ndarray, samples: int) -> np.ndarray:
    """Copies of points with noise of a tenth of the deviation of each column, float32 (samples, column)."""
    rng, noise = np.random.default_rng(0), (COPIES_NOISE * points.std(axis=0)).astype(np.float32)
    out = np.empty((samples, points.shape[1]), np.float32)
    for low in range(0, samples, len(points)):
        part = out[low : low + len(points)]
        part[:] = points[: len(part)] + rng.standard_normal(part.shape, dtype=np.float32) * noise
    return out


def recall(points: np.ndarray, xy: np.ndarray) -> float:
    """Mean share of the 10 nearest of 1,000 samples that are among the 10 nearest in the layout."""
    from cutaway.neighbors import nearest_among

    rows = np.sort(np.random.default_rng(1).choice(len(points), MEASURED, replace=False))
    sets = [nearest_among(where, where[rows], NEIGHBORS + 1).index for where in (points, np.ascontiguousarray(xy))]
    return float(
        np.mean([len(set(a) & set(b) - {row}) / NEIGHBORS for a, b, row in zip(*sets, rows.tolist(), strict=True)])
    )


def lay_out(program: str, folder: str) -> tuple[dict, np.ndarray]:
    """Run a program on the points of a folder; what it printed, and its layout."""
    files = f"{folder}/points.npy", str(PERPLEXITY), f"{folder}/xy.npy"
    done = subprocess.run([sys.executable, "-c", program, *files], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1]), np.load(files[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--opentsne", action="store_true", help="lay out the same points by openTSNE as well")
    given = parser.parse_args()
    print(f"t-SNE of {given.samples:,} samples\n  {machine()}")
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        from cutaway.embedding import pca

        h, _ = layer(folder)
        points = copies(pca(h, 50), given.samples)
        np.save(f"{folder}/points.npy", points)
        programs = {"cutaway": OURS} | ({"openTSNE": OPENTSNE} if given.opentsne else {})
        for name, program in programs.items():
            found, xy = lay_out(program, folder)
            if "kl" not in found:
                from cutaway.embedding.tsne.affinities import compute_affinities, kl_divergence

                found["kl"] = kl_divergence(compute_affinities(points, PERPLEXITY), xy)
            found["recall"] = recall(points, xy)
            results[name] = found
            stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in found["seconds"].items())
            print(
                f"  {name:<9} {found['seconds']['total']:.1f} s, {found['memory_gb']:.2f} GB, KL {found['kl']:.4f}, "
                f"recall of {NEIGHBORS} neighbors {found['recall']:.3f}; {stages}",
                flush=True,
            )
    keep("tsne_million", {"samples": given.samples, "cores": os.cpu_count(), "results": results})
    ours = results["cutaway"]
    if given.samples != 1_000_000:
        return 0
    return verdict(
        {
            "a million samples in less than 3 minutes": ours["seconds"]["total"] < 180,
            "less than 3 GB in all": ours["memory_gb"] < 3,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
