"""How far influences can be trusted: the linear datamodeling score (LDS) of several kinds of training.

    python -m benchmarks.influence_lds [SUBSETS] [KIND ...]

A model is trained on up to 800 training samples of digits, and of the table of breast cancer, and its influences on the
answers to 80 test samples are computed. Then it is trained again on each of SUBSETS (16) random halves, with the same
seed and settings. LDS is Spearman's rank correlation, over the halves, of the log-probability of an answer with the sum
of the influences of the samples in the half; the mean over the answers (Park et al. 2023, "TRAK", section 3). Its
standard error comes from 200 draws of the halves with replacement. Beside it stand TracIn without the second moments
of the inputs, the seconds of both, and the correlation of a third of the trainings with others of another seed: what
the seed alone decides can be predicted by no influence. The damping was chosen on digits, with other test samples,
halves and numbers of epochs. Each kind is kept on its own, so that kinds can be measured one at a time.
"""

import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.datasets import load_breast_cancer, load_digits

import cutaway as ct
from benchmarks.harness import keep, machine, verdict

SUBSETS = 16
ANSWERS = 80
SAMPLES = 800
FULL: dict[str, Any] = {"optimizer": "sgd", "batch_size": SAMPLES}
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "linear, full batch": ({"hidden": ()}, {**FULL, "learning_rate": 0.5, "epochs": 40}),
    "full batch": ({"hidden": (64,)}, {**FULL, "learning_rate": 0.5, "epochs": 50}),
    "SGD": (
        {"hidden": (64,)},
        {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.02, "batch_size": 32, "epochs": 12},
    ),
    "Adam": ({"hidden": (64,)}, {"optimizer": "adam", "batch_size": 32, "epochs": 15}),
    "Adam, dropout": ({"hidden": (64, 64), "dropout": 0.2}, {"optimizer": "adam", "batch_size": 32, "epochs": 15}),
}
"""Kind of training -> the model and the settings."""


def data_sets() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    sets: list[Any] = [load_digits(), load_breast_cancer()]
    digits, cancer = sets
    table = (cancer.data - cancer.data.mean(axis=0)) / cancer.data.std(axis=0)
    return {
        "digits": (digits.data.astype(np.float32) / 16, digits.target),
        "breast cancer": (table.astype(np.float32), cancer.target),
    }


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """The mean over columns of the rank correlation of two arrays (half, answer)."""
    ranks = [rankdata(each, axis=0) for each in (one, other)]
    centered = [each - each.mean(axis=0) for each in ranks]
    norms = np.sqrt((centered[0] ** 2).sum(axis=0) * (centered[1] ** 2).sum(axis=0))
    return float(((centered[0] * centered[1]).sum(axis=0) / np.maximum(norms, 1e-12)).mean())


def influences_of(run: ct.Run, targets: np.ndarray, **settings: Any) -> tuple[np.ndarray, float]:
    """The influences of all training samples on all answers, and the seconds of a call that compiles nothing."""
    from cutaway.interpret import TrainingSamples, influences
    from cutaway.topics.common.snapshots import objective_of, snapshot_rates

    context = run.context
    ids, epoch = context.part("train"), context.epoch(None)
    call = partial(
        influences,
        context.model(epoch),
        context.data.x(context.split.test),
        targets,
        samples=TrainingSamples(context.data.x(ids), context.data.y(ids)),
        objective=objective_of(context)[0],
        scale=context.data.scale,
        snapshot=context.snapshot,
        rates=snapshot_rates(context, epoch=epoch),
        **settings,
    )
    call()
    start = time.perf_counter()
    return call(), time.perf_counter() - start


def measure(x: np.ndarray, y: np.ndarray, kind: str, *, subsets: int, folder: Path) -> dict[str, float]:
    """The LDS of a kind of training on a data set."""
    rng = np.random.default_rng(7)
    order = rng.permutation(len(x))
    count = min(SAMPLES, len(x) - ANSWERS)
    train, test = order[:count], order[-ANSWERS:]
    model, settings = KINDS[kind]

    def trained(rows: np.ndarray, seed: int = 0) -> ct.Run:
        data = ct.Dataset.from_arrays(x[rows], y[rows], x_test=x[test], y_test=y[test])
        batch = min(settings["batch_size"], len(rows))
        given = {"schedule": "constant", "validation": 0.05, **settings, "batch_size": batch}
        return ct.train(ct.mlp(**model), data, seed=seed, runs=folder, progress=False, **given)

    def answered(run: ct.Run, targets: np.ndarray) -> np.ndarray:
        found = run.predictions()[np.arange(ANSWERS), targets].astype(np.float64)
        shutil.rmtree(run.path)
        return found

    base = trained(train)
    targets = base.predictions().argmax(axis=1)
    ours, seconds = influences_of(base, targets)
    plain, plain_seconds = influences_of(base, targets, damping=None)
    members = train[base.context.part("train").index]
    halves = [rng.choice(train, count // 2, replace=False) for _ in range(subsets)]
    after = np.array([answered(trained(half), targets) for half in halves])
    again = np.array([answered(trained(half, seed=1), targets) for half in halves[: subsets // 3]])
    inside = np.array([np.isin(members, half) for half in halves], float)
    draws = rng.integers(0, subsets, (200, subsets))
    predicted = {"LDS": inside @ ours.T, "TracIn": inside @ plain.T}
    result = {name: spearman(values, after) for name, values in predicted.items()}
    for name, values in predicted.items():
        result[f"{name} error"] = float(np.std([spearman(values[draw], after[draw]) for draw in draws]))
    result |= {"seed": spearman(after[: len(again)], again), "seconds": seconds, "TracIn seconds": plain_seconds}
    return result | {"accuracy": float((targets == y[test]).mean())}


def main(arguments: list[str]) -> int:
    print(machine())
    subsets = int(arguments[0]) if arguments else SUBSETS
    chosen = arguments[1:] or list(KINDS)
    result: dict[str, dict[str, dict[str, float]]] = {kind: {} for kind in chosen}
    with tempfile.TemporaryDirectory() as folder:
        for kind in chosen:
            for name, (x, y) in data_sets().items():
                found = measure(x, y, kind, subsets=subsets, folder=Path(folder))
                result[kind][name] = found
                print(
                    f"  {kind:<20} {name:<14} LDS {found['LDS']:.2f} ± {found['LDS error']:.2f}, TracIn alone "
                    f"{found['TracIn']:.2f} ± {found['TracIn error']:.2f}, another seed {found['seed']:.2f}; "
                    f"{found['seconds']:.2f} s, {found['TracIn seconds']:.2f} s; accuracy {found['accuracy']:.1%}",
                    flush=True,
                )
            keep("influence_lds", {"subsets": subsets, kind: result[kind]})
    every = [found for kinds in result.values() for found in kinds.values()]
    gain = float(np.mean([found["LDS"] - found["TracIn"] for found in every]))
    print(f"  gain over TracIn alone {gain:.2f} in the mean")
    return verdict({"second moments raise the LDS in the mean": gain > 0})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
