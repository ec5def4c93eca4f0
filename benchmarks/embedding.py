"""t-SNE of the last hidden layer of a model trained on MNIST: cutaway and openTSNE in turn, each in its own process.

Both get the same 50 principal components of the same samples, perplexity 30 and as many threads as there are cores, and
run with their own defaults. Seconds include everything from there on, such as neighbors and affinities, but not
compilation and a first small run. KL divergence is computed by the same function for both, with an exact Z; at 10,000
samples with affinities over all pairs, by scikit-learn. Also measured: memory, the time until the first layout step,
new samples, compilation.

With ``--peers`` instead, `cutaway.TSNE` with its quality races openTSNE, scikit-learn and umap-learn on pixels and a
hidden layer of MNIST and on 200 unequal blobs: all four on 10,000 samples, and the first two on 70,000.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from benchmarks.contestants import waiting
from benchmarks.harness import keep, machine, spread, verdict

PERPLEXITY = 30
ROUNDS = {2_000: 3, 10_000: 3, 70_000: 2}
MEMORY_ROUNDS = 3


def layer(folder: str) -> tuple[np.ndarray, np.ndarray]:
    """Activations of the second hidden layer, float32 (70,000, 512), and the classes."""
    import cutaway as ct

    data = ct.load_dataset("mnist")
    run = ct.train(ct.mlp((512, 512), dropout=0.2), data, seed=0, runs=f"{folder}/runs", progress=False)
    return run.activations("dense_2", split="all"), run.labels(split="all")


def blobs(samples: int) -> np.ndarray:
    """200 clusters, the largest some hundred times as large as the smallest, of unequal widths."""
    rng = np.random.default_rng(0)
    weights = rng.pareto(1.2, 200) + 0.2
    which = rng.choice(200, samples, p=weights / weights.sum())
    widths, middles = np.exp(rng.normal(0, 0.6, 200)), 3 * rng.normal(size=(200, 50))
    return (middles[which] + widths[which, None] * rng.normal(size=(samples, 50))).astype(np.float32)


def ours(file: str):
    """Make a call that lays out the points in a file and returns seconds, layout and the seconds of each stage."""
    from cutaway.embedding import embed, warm_up

    warm_up()
    points = np.load(file)

    def call():
        layout = embed(points, perplexity=PERPLEXITY)
        seconds = layout.seconds
        return seconds["total"] - seconds["quality"], layout.xy, seconds

    return call


def opentsne(file: str):
    from openTSNE import TSNE

    points = np.load(file)

    def call(points=points):
        start = time.perf_counter()
        xy = TSNE(perplexity=PERPLEXITY, n_jobs=len(os.sched_getaffinity(0)), random_state=0).fit(points)
        return time.perf_counter() - start, np.asarray(xy, np.float32), {}

    call(points[:500])
    return call


def estimator(file: str):
    """`cutaway.TSNE` as a user calls it: with its quality."""
    from cutaway import TSNE
    from cutaway.embedding import warm_up

    warm_up()
    points = np.load(file)

    def call():
        start = time.perf_counter()
        xy = TSNE(perplexity=PERPLEXITY).fit_transform(points)
        return time.perf_counter() - start, xy, {}

    return call


def scikit_learn(file: str):
    from sklearn.manifold import TSNE

    points = np.load(file)

    def call():
        start = time.perf_counter()
        xy = TSNE(perplexity=PERPLEXITY, n_jobs=-1, random_state=0).fit_transform(points)
        return time.perf_counter() - start, xy, {}

    return call


def umap_learn(file: str):
    from umap import UMAP

    points = np.load(file)

    def call(points=points):
        start = time.perf_counter()
        xy = UMAP(n_jobs=len(os.sched_getaffinity(0))).fit_transform(points)
        return time.perf_counter() - start, np.asarray(xy, np.float32), {}

    call(points[:500])
    return call


def divergences(points: np.ndarray, layouts: dict[str, np.ndarray]) -> dict[str, float]:
    """KL of several layouts with the affinities of exact neighbors."""
    from cutaway.embedding.tsne.affinities import joint_affinities, kl_divergence, neighbors_for
    from cutaway.neighbors import nearest_neighbors

    affinities = joint_affinities(nearest_neighbors(points, neighbors_for(PERPLEXITY, len(points))), PERPLEXITY)
    return {name: kl_divergence(affinities, xy) for name, xy in layouts.items()}


def divergence(points: np.ndarray, layouts: dict[str, np.ndarray]) -> dict[str, float]:
    """KL of several layouts of the same points."""
    if len(points) != 10_000:
        return divergences(points, layouts)
    from scipy.spatial.distance import pdist, squareform
    from sklearn.manifold._t_sne import _joint_probabilities

    p = _joint_probabilities(squareform(pdist(points, "sqeuclidean")).astype(np.float32), PERPLEXITY, 0)
    found = {}
    for name, xy in layouts.items():
        q = 1 / (1 + pdist(xy.astype(np.float64), "sqeuclidean"))
        found[name] = float(np.sum(p * np.log(p / (q / (2 * q.sum())))))  # p is of unordered pairs, 2 p sums to 1
    return {name: 2 * value for name, value in found.items()}


def recall(points: np.ndarray, xy: np.ndarray, k: int = 15) -> float:
    """Mean share of the k nearest points that are among the k nearest in the layout."""
    from cutaway.neighbors import nearest_neighbors

    one, two = nearest_neighbors(points, k).index, nearest_neighbors(xy, k).index
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(one, two, strict=True)]))


CONTESTANTS = {"cutaway": ours, "openTSNE": opentsne}
PEERS = {"cutaway": estimator, "openTSNE": opentsne, "scikit-learn": scikit_learn, "umap-learn": umap_learn}
PEERS_SAMPLES = {10_000: tuple(PEERS), 70_000: ("cutaway", "openTSNE")}


def race(points: np.ndarray, file: str, *, n: int, contestants: Mapping[str, Callable] = CONTESTANTS) -> dict:
    np.save(file, points)
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    results = {}
    with ExitStack() as stack:
        calls = {name: stack.enter_context(waiting(make, file)) for name, make in contestants.items()}
        for _ in range(n):
            results = {name: call() for name, call in calls.items()}
            for name, result in results.items():
                seconds[name].append(result[0])
    layouts = {name: result[1] for name, result in results.items()}
    return {
        "seconds": seconds,
        "kl": divergence(points, layouts),
        "recall": {name: recall(points, xy) for name, xy in layouts.items()},
        "stages": results["cutaway"][2],
    }


CHILD = """
import sys, time
import numpy as np
from cutaway.embedding import embed, warm_up


def memory(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1e6


warm_up()
points = np.load(sys.argv[1])
open("/proc/self/clear_refs", "w").write("5")  # resets the peak
before, start, first = memory("VmRSS"), time.perf_counter(), []
layout = embed(points, callback=lambda _: first.append(time.perf_counter() - start))
spent = layout.seconds["total"] - layout.seconds["quality"]
print(spent, memory("VmHWM") - before, first[0], layout.seconds["quality"] / spent)
"""


def whole(points: np.ndarray, file: str) -> tuple[float, float, float, float]:
    """Lay out in a new process and measure the quality.

    Returns:
        Seconds without the quality, GB of memory beyond the data (with it), seconds to the first layout step, and the
        time of the quality as a share of the time of the layout.
    """
    np.save(file, points)
    done = subprocess.run([sys.executable, "-c", CHILD, file], check=True, capture_output=True, text=True)
    seconds, memory, first, quality = (float(word) for word in done.stdout.split())
    return seconds, memory, first, quality


def compilation(folder: str) -> float:
    """Seconds to compile every kernel with an empty cache."""
    environment = {**os.environ, "XDG_CACHE_HOME": f"{folder}/bare"}
    program = "import time, numba, scipy.fft; s = time.perf_counter(); from cutaway.embedding import warm_up; warm_up()"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; print(time.perf_counter() - s)"],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    return float(done.stdout)


def placing(h: np.ndarray) -> tuple[float, float]:
    """Seconds to place one new sample, and 1,000, among 69,000."""
    from cutaway.embedding import embed, place, placement

    old, new = h[:-1000], h[-1000:]
    at = placement(old, embed(old).xy)
    place(new[:1], at)
    times = []
    for count in (1, 1, 1, 1, 1, 1000):
        start = time.perf_counter()
        place(new[:count], at)
        times.append(time.perf_counter() - start)
    return statistics.median(times[:5]), times[5]


def peers(folder: str, rounds: int, chosen_samples: list[int]) -> int:
    """Race `cutaway.TSNE`, with its quality, against what others use."""
    import cutaway as ct
    from cutaway.data import split_dataset
    from cutaway.embedding import pca

    print(f"cutaway.TSNE with its quality, and its peers\n  {machine()}")
    data = ct.load_dataset("mnist")
    split = split_dataset(data, seed=0)
    pixels = np.concatenate([data.inputs(ids) for ids in (split.train, split.val, split.test)])
    makers = {"pixels": pca(pixels, 50), "hidden layer": pca(layer(folder)[0], 50), "blobs": blobs(70_000)}
    results: dict[str, dict] = {}
    for name, points in makers.items():
        for samples in chosen_samples:
            names = PEERS_SAMPLES[samples]
            rows = np.sort(np.random.default_rng(0).permutation(len(points))[:samples])
            print(f"  {name}", flush=True)
            chosen = {each: PEERS[each] for each in names}
            found = race(points[rows], f"{folder}/points.npy", n=rounds, contestants=chosen)
            show(samples, found)
            results[f"{name}, {samples}"] = found
    keep("embedding_peers", {"results": results})
    large = [found for name, found in results.items() if name.endswith("70000")]
    return verdict(
        {
            "70,000 in at most 1/25 of openTSNE's time": all(ratio_of(found) <= 1 / 25 for found in large),
            "KL no higher than openTSNE's": all(
                found["kl"]["cutaway"] <= found["kl"]["openTSNE"] for found in results.values()
            ),
        }
    )


def main() -> int:
    from cutaway.data import stratified_sample
    from cutaway.embedding import pca

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--rounds", type=int, default=1, help="of --peers")
    sizes = list(PEERS_SAMPLES)
    parser.add_argument("--samples", type=int, nargs="*", choices=sizes, default=sizes, help="of --peers")
    given = parser.parse_args()
    if given.peers:
        with tempfile.TemporaryDirectory() as folder:
            return peers(folder, given.rounds, given.samples)
    print(f"t-SNE of a hidden layer\n  {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        compiled = compilation(folder)
        print(f"  compiling every kernel with an empty cache {compiled:.1f} s", flush=True)
        file = str(Path(folder) / "points.npy")
        h, labels = layer(folder)
        results = {}
        for samples, rounds in ROUNDS.items():
            rows = stratified_sample(labels, samples, seed=0)
            results[samples] = race(pca(h[rows], 50), file, n=rounds)
            show(samples, results[samples])
        wholes = [whole(h, file) for _ in range(MEMORY_ROUNDS)]
        seconds, memory, first, quality = (statistics.median(values) for values in zip(*wholes, strict=True))
        one, thousand = placing(h)
    print(f"  70,000 x 512: {seconds:.1f} s, {memory:.2f} GB beyond the data, first layout step after {first:.2f} s")
    print(f"  its quality takes {quality:.2f} of that time besides (median of {len(wholes)})")
    print(f"  placing a new sample {1000 * one:.0f} ms, 1,000 of them {thousand:.2f} s")
    extra = {
        "compiled": compiled,
        "memory_gb": memory,
        "first_step": first,
        "quality": [each[3] for each in wholes],
        "place": [one, thousand],
    }
    keep("embedding", {"results": {str(key): value for key, value in results.items()}, **extra})
    shares = {samples: ratio_of(result) for samples, result in results.items()}
    return verdict(
        {
            "70,000 in at most a sixth of openTSNE's time": shares[70_000] <= 1 / 6,
            "2,000 and 10,000 in at most a quarter": max(shares[2_000], shares[10_000]) <= 1 / 4,
            "KL no higher than openTSNE's": all(r["kl"]["cutaway"] <= r["kl"]["openTSNE"] for r in results.values()),
            "less than 1.5 GB beyond the data": memory < 1.5,
            "first layout step in less than 1 s": first < 1,
            "quality in at most a third of the time of the layout": quality <= 1 / 3,
            "a new sample in less than 50 ms, 1,000 in less than 2 s": one < 0.05 and thousand < 2,
            "kernels compile in at most 12 s": compiled <= 12,
        }
    )


def ratio_of(result: dict) -> float:
    return statistics.median(
        a / b for a, b in zip(result["seconds"]["cutaway"], result["seconds"]["openTSNE"], strict=True)
    )


def show(samples: int, result: dict) -> None:
    for name, values in result["seconds"].items():
        words = f"KL {result['kl'][name]:.4f}, recall of 15 neighbors {result['recall'][name]:.3f}"
        print(f"  {samples:>6,}  {name:<9} {spread(values, digits=2)}, {words}")
    stages = ", ".join(f"{name} {value:.2f}" for name, value in result["stages"].items())
    print(
        f"  {samples:>6,}  cutaway / openTSNE {ratio_of(result):.3f} (1/{1 / ratio_of(result):.0f}); stages: {stages}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
