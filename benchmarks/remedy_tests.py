"""How often a mere change of the seed passes for a remedy: tests of nothing, on real trainings.

    python -m benchmarks.remedy_tests

Six models on six data sets are trained with 40 seeds each, all else equal, split included, as a remedy test does. Of
each 40 trainings, two groups are drawn without replacement, time after time, and compared as such a test compares
trainings without and with a remedy; and pairs of single trainings are compared on their samples, as `seeds=1` does. A
test at the level of 5% is right where it finds a difference in 5% of cases; from 3% to 7% are wanted. Groups that are
drawn again and again from 40 trainings are not independent of each other, which changes no expected share.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.datasets

import cutaway as ct
from benchmarks.harness import keep, machine, verdict
from cutaway.api.train import start
from cutaway.topics.doctor.remedy_tests import NOTHING, Answers, Measure, answers, judge_trainings, planned_with
from cutaway.topics.doctor.result import LEVEL

TRAININGS = 40
PAIRS = 100
"""Pairs of groups that are drawn of the trainings of each data set, and pairs of single trainings."""

SIDES = (3, 5)
"""Trainings on each side."""

MEASURES: tuple[Measure, ...] = ("accuracy", "balanced accuracy", "loss", "calibration error")
WANTED = (0.03, 0.07)


def blobs(rows: int, *, classes: int, inputs: int, apart: float, seed: int) -> ct.Dataset:
    """Classes that overlap."""
    random = np.random.default_rng(seed)
    y = np.arange(rows) % classes
    x = random.normal(size=(classes, inputs))[y] * apart + random.normal(size=(rows, inputs))
    return ct.Dataset.from_arrays(x.astype(np.float32), y)


def of_sklearn(name: str) -> ct.Dataset:
    data = getattr(sklearn.datasets, f"load_{name}")()
    x = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    order = np.random.default_rng(0).permutation(len(x))
    return ct.Dataset.from_arrays(x[order].astype(np.float32), data.target[order])


CASES: dict[str, tuple[Callable[[], Any], Callable[[], ct.Dataset | str], dict[str, Any]]] = {
    "digits, 64": (lambda: ct.mlp((64,)), lambda: "digits", {"epochs": 8}),
    "digits, 32-32, dropout": (lambda: ct.mlp((32, 32), dropout=0.3), lambda: "digits", {"epochs": 12}),
    "breast cancer": (lambda: ct.mlp((32,)), lambda: of_sklearn("breast_cancer"), {"epochs": 15}),
    "wine": (lambda: ct.mlp((16,)), lambda: of_sklearn("wine"), {"epochs": 20}),
    "4 classes that overlap": (
        lambda: ct.mlp((64,)),
        lambda: blobs(1200, classes=4, inputs=10, apart=0.5, seed=0),
        {"epochs": 15},
    ),
    "2 classes, early stopping": (
        lambda: ct.mlp((64,)),
        lambda: blobs(900, classes=2, inputs=12, apart=0.4, seed=1),
        {"epochs": 30, "patience": 3},
    ),
}


def trainings(name: str, folder: Path) -> tuple[list[Answers], float]:
    """What the trainings of a data set say of its test samples, and the median seconds of one."""
    model, data, settings = CASES[name]
    run = ct.train(model(), data(), runs=folder, progress=False, **settings)
    ids = run.split.test
    found, seconds = [answers(run.context, ids)], list[float]()
    for seed in range(1, TRAININGS):
        began = time.perf_counter()
        planned = planned_with(run, NOTHING, run.data, run.split, seed=seed)
        again = start(planned, loaded=run.data, runs=folder, name=None, progress=False)
        found.append(answers(again.context, ids))
        seconds.append(time.perf_counter() - began)
    return found, float(np.median(seconds))


def significant(found: list[Answers], measure: Measure, *, side: int, seed: int = 0) -> float:
    """The share of pairs of groups that are told apart at the level of a remedy test."""
    random = np.random.default_rng(seed)
    if side == 1:
        pairs = list(combinations(range(len(found)), 2))
        drawn = [pairs[k] for k in random.choice(len(pairs), PAIRS, replace=False)]
        groups = [((a,), (b,)) for a, b in drawn]
    else:
        orders = [random.permutation(len(found)) for _ in range(PAIRS)]
        groups = [(tuple(order[:side]), tuple(order[side : 2 * side])) for order in orders]
    p_values = [
        judge_trainings(measure, [found[k] for k in before], [found[k] for k in after]).p_value
        for before, after in groups
    ]
    return float(np.mean(np.array(p_values) < LEVEL))


def main() -> int:
    print(machine())
    shares: dict[str, dict[str, dict[str, float]]] = {}
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        for name in CASES:
            found, seconds[name] = trainings(name, Path(place) / name.replace(" ", "-"))
            shares[name] = {
                str(side): {measure: significant(found, measure, side=side) for measure in MEASURES}
                for side in (1, *SIDES)
            }
            told = "; ".join(
                f"{side} a side: " + ", ".join(f"{measure} {share:.0%}" for measure, share in each.items())
                for side, each in shares[name].items()
            )
            print(f"  {name} ({seconds[name]:.2f} s each): {told}", flush=True)
    promises: dict[str, bool] = {}
    means: dict[str, dict[str, float]] = {}
    for side in (1, *SIDES):
        means[str(side)] = {m: float(np.mean([shares[name][str(side)][m] for name in CASES])) for m in MEASURES}
        print(f"{side} a side, {PAIRS * len(CASES)} pairs: {means[str(side)]}")
    for side in SIDES:
        for measure in MEASURES:
            share = means[str(side)][measure]
            promises[f"{side} a side, {measure}: {share:.1%}, of 3% to 7%"] = WANTED[0] <= share <= WANTED[1]
    keep("remedy_tests", {"pairs": PAIRS * len(CASES), "shares": shares, "means": means, "seconds": seconds})
    return verdict(promises)


if __name__ == "__main__":
    sys.exit(main())
