"""How long influences take, and whether training without the most supporting samples changes an answer.

    python -m benchmarks.influence [times | proof | full]

`times`: of 60,000 training samples of MNIST (784-512-512-10, dropout 0.2, 8 epochs), the ten that support and the ten
that oppose one answer, and 100 answers. From the call to the result, with weights read from the run folder; the first
call of each kind, which compiles, is reported separately. Then how many of the supporting samples by all snapshots are
found by those that "auto" chooses.

`proof`: 30 wrong answers of a model trained on 4,500 samples (784-128-10, 10 epochs). Each time it is trained again
with the same seed without the 50 samples that support the answer most, without 50 random ones, and without 50 random
ones of the class that it answered. A sample is left out by a weight of 0, so that all batches stay as they were. What
counts is the probability of the wrong answer afterward. `full` does the same with 54,000 samples and the model of
`times`. Without an argument: `times` and `proof`.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

import cutaway as ct
from benchmarks.harness import keep, machine, spread, timed, verdict
from cutaway.cache import cache_folder

ROUNDS = 5
ANSWERS = 30
LEFT_OUT = 50
LIMITS = {"1 answer": 1.0, "100 answers": 5.0}
"""Seconds that each may take."""


def times(folder: Path) -> tuple[dict[str, Any], dict[str, bool]]:
    """Seconds of everything, and whether they are within the limits."""
    run = ct.train(
        ct.mlp((512, 512), dropout=0.2), "mnist", epochs=8, validation=0.001, seed=0, runs=folder, progress=False
    )
    names, count = run.split.test.names()[:100], len(run.split.train)
    used = run.influence(names[0])[0].epochs
    print(f"\n{count:,} training samples; snapshots of epochs {', '.join(map(str, used))} of 8")
    run = ct.open_run(run.path)  # nothing is compiled yet
    run.predictions()

    def influence(*asked: Any, **options: Any) -> Any:
        for result in cache_folder("results").glob("influence-*"):  # what is kept would only be read
            result.unlink()
        return run.influence(*asked, **options)

    calls = {
        "1 answer": lambda: influence(names[0]),
        "100 answers": lambda: influence(names),
        "1 answer, all snapshots": lambda: influence(names[0], epochs=None),
        "100 answers, all snapshots": lambda: influence(names, epochs=None),
    }
    seconds = {name: timed(call, n=ROUNDS) for name, call in calls.items()}
    for name, found in seconds.items():
        print(f"  {name:<30} {spread(found['further'], digits=2)}, the first {found['first'][0]:.2f} s")
    wrong = run.mistakes(ANSWERS).ids.names()
    few, all_of_them = (run.influence(wrong, LEFT_OUT, epochs=epochs) for epochs in ("auto", None))
    found = {n: _shared(few, all_of_them, n) for n in (10, LEFT_OUT)}
    for n, share in found.items():
        print(
            f"  of the {n} most supporting samples by all snapshots, those chosen find {share:.0%} (mean of {ANSWERS})"
        )
    median = {name: float(np.median(taken["further"])) for name, taken in seconds.items()}
    kept = {f"{name} in less than {limit:g} s": median[name] < limit for name, limit in LIMITS.items()}
    return {"samples": count, "epochs": list(used), "seconds": seconds, "found": found}, kept


def _shared(few: tuple[ct.Influences, ...], all_of_them: tuple[ct.Influences, ...], n: int) -> float:
    """The mean share of the n most supporting samples by all snapshots that are among the n by a few."""
    pairs = [
        [{each.sample for each in found.supporting[:n]} for found in both]
        for both in zip(few, all_of_them, strict=True)
    ]
    return float(np.mean([len(one & other) / n for one, other in pairs]))


def proof(folder: Path, *, full: bool) -> tuple[dict[str, Any], dict[str, bool]]:
    """What becomes of wrong answers without the samples that support them, and without others."""
    mnist = ct.load_dataset("mnist")
    assert isinstance(mnist, ct.Dataset)
    train, test = mnist.sources["train"], mnist.sources["test"]
    size = len(train.y) if full else 5000
    data = ct.Dataset.from_arrays(train.x[:size], train.y[:size], x_test=test.x, y_test=test.y)
    hidden, epochs, dropout = ((512, 512), 8, 0.2) if full else ((128,), 10, 0.0)

    def trained(left_out: np.ndarray) -> ct.Run:
        weight = np.ones(size, np.float32)
        weight[left_out] = 0
        model, settings = ct.mlp(hidden, dropout=dropout), {"epochs": epochs, "batch_size": 128, "validation": 0.1}
        return ct.train(model, data, sample_weight=weight, seed=0, runs=folder, progress=False, **settings)

    base = trained(np.zeros(0, int))
    rng, ids = np.random.default_rng(0), base.split.train
    place = dict(zip(ids.names(), ids.index, strict=True))
    wrong = np.flatnonzero(base.predictions().argmax(axis=1) != base.labels())
    chosen = np.sort(rng.choice(wrong, ANSWERS, replace=False))
    start = time.perf_counter()
    influences = base.influence([base.split.test[int(i)] for i in chosen], LEFT_OUT)
    print(f"\n{base}\n{ANSWERS} of {len(wrong)} wrong answers, {LEFT_OUT} of {len(ids):,} samples left out")
    print(f"influences by {len(influences[0].rates)} snapshots in {time.perf_counter() - start:.1f} s")
    kinds: list[str] = ["supporting", "random", "random of the class"]
    after: dict[str, list[float]] = {kind: [] for kind in kinds}
    flipped: dict[str, int] = dict.fromkeys(kinds, 0)
    labels = base.labels(split="train")
    for i, found in zip(chosen, influences, strict=True):
        answer = base.class_names.index(found.target)
        groups = {
            "supporting": np.array([place[each.sample] for each in found.supporting]),
            "random": rng.choice(ids.index, LEFT_OUT, replace=False),
            "random of the class": rng.choice(ids.index[labels == answer], LEFT_OUT, replace=False),
        }
        for kind, group in groups.items():
            again = trained(group)
            given = again.predictions()[i]
            after[kind].append(float(given[answer]))
            flipped[kind] += int(given.argmax() != answer)
            shutil.rmtree(again.path)
    before = [found.probability for found in influences]
    return _judged(before, after, flipped)


def _judged(
    before: list[float], after: dict[str, list[float]], flipped: dict[str, int]
) -> tuple[dict[str, Any], dict[str, bool]]:
    """Print the changes and compare them by Wilcoxon's signed-rank test, answer by answer."""
    print(f"  probability of the wrong answer before: mean {np.mean(before):.3f}")
    for kind, values in after.items():
        fall = np.subtract(before, values)
        quarters = np.percentile(fall, [25, 50, 75])
        print(
            f"  without {kind:<20} mean {np.mean(values):.3f}; fell by {quarters[1]:.3f} (quartiles {quarters[0]:.3f} "
            f"to {quarters[2]:.3f}); {flipped[kind]} of {len(before)} answers changed"
        )
    p = {}
    for kind in ("random", "random of the class"):
        found: Any = wilcoxon(after["supporting"], after[kind], alternative="less")
        p[kind] = float(found.pvalue)
    for kind, value in p.items():
        print(f"  lower without supporting samples than without {kind}: p = {value:.2g} (Wilcoxon, one-sided)")
    kept = {f"supporting samples matter more than {kind} ones (p < 0.01)": value < 0.01 for kind, value in p.items()}
    return {"before": before, "after": after, "changed": flipped, "p": p}, kept


def main(arguments: list[str]) -> int:
    print(machine())
    wanted = arguments or ["times", "proof"]
    result: dict[str, Any] = {}
    kept: dict[str, bool] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            call = times if name == "times" else lambda path, name=name: proof(path, full=name == "full")
            result[name], promises = call(Path(folder))
            kept |= promises
    keep("influence", result)
    return verdict(kept)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
