"""How well wrong labels are found that were planted, against cleanlab on the same probabilities, and how long it takes.

    python -m benchmarks.label_issues [scores | times]
    python -m benchmarks.label_issues judges FOLDER

Three kinds of noise: 1% and 5% of the labels become another class at random, and 1% become the class that a model
confuses most with theirs. Scores are compared by average precision over all samples, and by the recall among as many
samples as labels were planted. Real datasets hold wrong labels of their own, which count against every score alike.
MNIST is measured with one noise seed. Next to our score and its two parts stands one that is not part of it: how many
of the ten nearest samples in the inputs are labeled otherwise. "judges" compares models that judge, on 1% confusable
labels of MNIST and of Fashion-MNIST, whose four files are in the folder. The last part times our cross-validation of
MNIST against what a user would type: scikit-learn's cross_val_predict with an MLPClassifier of the same size, of which
one fold of one seed is measured.
"""

import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import average_precision_score

import cutaway as ct
from benchmarks.harness import keep, machine, verdict
from cutaway.findings import HeldOut, label_scores
from cutaway.neighbors import nearest_among
from cutaway.progress import ignore_progress
from cutaway.topics.label_issues.cross_validation import of_data
from cutaway.topics.label_issues.folds import held_out
from cutaway.topics.label_issues.options import LabelIssuesOptions

JUDGES: dict[str, tuple[int, float, dict[str, Any]]] = {
    "default recipe": (3, 0.2, {}),
    "default recipe, once": (1, 0.2, {}),
    "changed images, once": (1, 0.0, {"augment": "characters", "schedule": "one-cycle"}),
    "changed images, once, twice the epochs": (
        1,
        0.0,
        {"augment": "characters", "schedule": "one-cycle", "epochs": 16},
    ),
}
"""Number of trainings of each fold, dropout and settings."""

KINDS = {"1% random": (0.01, False), "5% random": (0.05, False), "1% confusable": (0.01, True)}
FOLDS, SEEDS = 5, 3
NEIGHBORS = 10
NOISE_SEEDS = 3


def main(what: str, folder: str) -> int:
    print(machine())
    if what == "judges":
        keep("label_issues", {"judges": _judges(folder)})
        return 0
    result: dict[str, Any] = {}
    kept: dict[str, bool] = {}
    if what in ("scores", ""):
        result["scores"] = _all_scores()
        gains = [
            each["score, average precision"] - each["cleanlab, average precision"]
            for kinds in result["scores"].values()
            for measured in kinds.values()
            for each in measured
        ]
        print(
            f"average precision above cleanlab's: mean {np.mean(gains):+.3f}, least {min(gains):+.3f}, n={len(gains)}"
        )
        kept["at least cleanlab's average precision on every one"] = min(gains) >= 0
        kept["0.05 above it in the mean"] = float(np.mean(gains)) >= 0.05
    if what in ("times", ""):
        result["times"] = _times()
        kept["MNIST in under 4 minutes"] = result["times"]["cutaway"] < 240
    keep("label_issues", result)
    return verdict(kept)


def _all_scores() -> dict[str, dict[str, list[dict[str, float]]]]:
    """What each score reaches, by dataset and kind of noise, once for each noise seed."""
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for name, data in _datasets().items():
        x, y = data.sources["train"].x, data.labels["train"]
        neighbors = _neighbors(x)
        clean = _probabilities(_held_out(x, y, data, seeds=1))
        for kind in KINDS:
            seeds = range(1 if name == "mnist" else NOISE_SEEDS)
            measured = [_measure(data, clean, neighbors, kind, seed) for seed in seeds]
            found.setdefault(name, {})[kind] = measured
            for score in measured[0]:
                values = [each[score] for each in measured]
                spread = f"{min(values):.3f} to {max(values):.3f}"
                print(f"{name:14} {kind:14} {score:34} {np.mean(values):.3f} ({spread}, n={len(values)})", flush=True)
    return found


def _datasets() -> dict[str, ct.Dataset]:
    x, y = load_breast_cancer(return_X_y=True)
    table = (x - x.mean(axis=0)) / x.std(axis=0)
    whole: Any = ct.load_dataset("mnist")
    images = [np.concatenate([getattr(s, part) for s in whole.sources.values()]) for part in ("x", "y")]
    digits: Any = ct.load_dataset("digits")
    return {
        "breast cancer": ct.Dataset.from_arrays(table, y),
        "digits": digits,
        "mnist": ct.Dataset.from_arrays(*images),
    }


def _held_out(x: np.ndarray, y: np.ndarray, data: ct.Dataset, *, seeds: int) -> HeldOut:
    given = ct.Dataset.from_arrays(x, y, scale=data.scale)
    setup = of_data(given, LabelIssuesOptions(folds=FOLDS, seeds=seeds), on_progress=ignore_progress)
    return held_out(setup, on_progress=ignore_progress)[0]


def _probabilities(held: HeldOut) -> np.ndarray:
    """The mean probabilities ``(sample, class)``; what is not among the highest is spread evenly over the others."""
    models, samples = held.given.shape
    total = np.zeros((samples, held.classes))
    rows = np.arange(samples)
    for model in range(models):
        each = np.zeros_like(total)
        each[rows, held.labels] = held.given[model]
        each[rows[:, None], held.others[model]] = held.probabilities[model]
        rest = np.maximum(1 - each.sum(axis=1), 0) / max(held.classes - 1 - held.others.shape[2], 1)
        total += np.where(each > 0, each, rest[:, None])
    return total / total.sum(axis=1, keepdims=True)


def _measure(data: ct.Dataset, clean: np.ndarray, neighbors: np.ndarray, kind: str, seed: int) -> dict[str, float]:
    x, y = data.sources["train"].x, data.labels["train"]
    labels, planted = _plant(y, data.classes, clean, kind, seed)
    scores = _scores(_held_out(x, labels, data, seeds=SEEDS))
    scores["labels of neighbors"] = (labels[neighbors] != labels[:, None]).mean(axis=1)
    wrong = np.zeros(len(y), bool)
    wrong[planted] = True
    found = {}
    for name, score in scores.items():
        first = np.argsort(-score, kind="stable")[: len(planted)]
        found[f"{name}, average precision"] = float(average_precision_score(wrong, score))
        found[f"{name}, recall"] = float(wrong[first].mean())
    return found


def _neighbors(x: np.ndarray) -> np.ndarray:
    """The ten nearest other samples of each, in the inputs."""
    points = x.reshape(len(x), -1).astype(np.float32)
    found = nearest_among(points, points, NEIGHBORS + 1).index
    return found[:, 1:]


def _plant(y: np.ndarray, classes: int, clean: np.ndarray, kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    share, confusable = KINDS[kind]
    random, labels = np.random.default_rng(seed), y.copy()
    planted = random.choice(len(y), round(share * len(y)), replace=False)
    if confusable:
        mean = np.stack([clean[y == label].mean(axis=0) for label in range(classes)])
        np.fill_diagonal(mean, -1)
        labels[planted] = mean.argmax(axis=1)[y[planted]]
    else:
        labels[planted] = (y[planted] + random.integers(1, classes, len(planted))) % classes
    return labels, planted


def _scores(held: HeldOut) -> dict[str, np.ndarray]:
    """The score of each label, by ours, by its parts, and by cleanlab's default and its other method."""
    from cleanlab.rank import get_label_quality_scores

    mean = _probabilities(held)
    alone = HeldOut(held.labels, held.given, held.others, held.probabilities, None, held.classes)
    assert held.margins is not None
    return {
        "score": label_scores(held),
        "out-of-sample margin": label_scores(alone),
        "margin in training": -held.margins,
        "cleanlab": -get_label_quality_scores(held.labels, mean, method="self_confidence"),
        "cleanlab normalized margin": -get_label_quality_scores(held.labels, mean, method="normalized_margin"),
    }


def _judges(folder: str) -> dict[str, dict[str, dict[str, float]]]:
    """Average precision, recall and CPU time by dataset and judge."""
    from cutaway import models, training

    found: dict[str, dict[str, dict[str, float]]] = {}
    for place in ("mnist", folder):
        whole: Any = ct.load_dataset(place)
        x, y = (np.concatenate([getattr(source, part) for source in whole.sources.values()]) for part in ("x", "y"))
        clean = _probabilities(_held_out(x, y, whole, seeds=1))
        labels, planted = _plant(y, whole.classes, clean, "1% confusable", 0)
        wrong = np.zeros(len(y), bool)
        wrong[planted] = True
        given = ct.Dataset.from_arrays(x, labels, scale=whole.scale)
        for name, (seeds, dropout, settings) in JUDGES.items():
            setup = of_data(given, LabelIssuesOptions(folds=FOLDS, seeds=seeds), on_progress=ignore_progress)
            model = models.mlp((512, 512), dropout=dropout)
            models.build_model(model, shape=given.shape, classes=given.classes, seed=0)
            config = training.TrainingConfig.model_validate({**setup.config.model_dump(), **settings})
            setup = replace(setup, spec=models.spec_of(model), config=config, store=None)
            start = time.process_time()
            held, accuracy, _ = held_out(setup, on_progress=ignore_progress)
            seconds, score = time.process_time() - start, label_scores(held)
            first = np.argsort(-score, kind="stable")[: len(planted)]
            precision, recall = float(average_precision_score(wrong, score)), float(wrong[first].mean())
            measured = {"precision": precision, "recall": recall, "CPU seconds": seconds, "accuracy": accuracy}
            found.setdefault(whole.name, {})[name] = measured
            print(f"{whole.name:14} {name:40} {precision:.3f} ({recall:.3f}) {seconds:.0f} CPU s", flush=True)
    return found


def _times() -> dict[str, float]:
    """Seconds of `cutaway label-issues mnist`, and of one fold of scikit-learn's times their number."""
    from sklearn.neural_network import MLPClassifier

    with tempfile.TemporaryDirectory() as folder:
        import os

        os.environ["XDG_CACHE_HOME"] = str(Path(folder))
        start = time.perf_counter()
        issues = ct.label_issues("mnist", progress=False)
        ours = time.perf_counter() - start
    data: Any = ct.load_dataset("mnist")
    x = data.sources["train"].x[: 70_000 * (FOLDS - 1) // FOLDS].reshape(-1, 784) / np.float32(255)
    y = data.labels["train"][: len(x)]
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cast("Any", MLPClassifier)((512, 512), batch_size=256, max_iter=issues.epochs, random_state=0).fit(x, y)
    theirs = (time.perf_counter() - start) * FOLDS * SEEDS
    print(
        f"MNIST's 70,000 samples, {FOLDS} folds x {SEEDS} seeds x {issues.epochs} epochs: {ours:.0f} s (n=1); "
        f"cross_val_predict with an MLPClassifier {theirs:.0f} s ({theirs / ours:.1f} times, from one fold)"
    )
    return {"cutaway": ours, "scikit-learn": theirs}


if __name__ == "__main__":
    sys.exit(main(*[*sys.argv[1:], "", ""][:2]))
