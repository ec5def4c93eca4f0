"""How often the interval of the number of wrong labels holds the true number, on labels changed on purpose.

    python -m benchmarks label_estimates [develop | judge | trainings]

Each case has data, noise and models, all drawn by its seed. Data are separable, or their classes overlap; among the
latter are rare classes of which part has causes that no input shows. Noise is symmetric (any other class), asymmetric
(of each class, a share of its own becomes one other class), or depends on the inputs (more where classes are close, or
on one side of a plane), for 0.5% to 20% of the labels; or there is none. Models are scikit-learn's logistic regression
and small networks, cross-validated as `cutaway.label_issues` does it. Even seeds (``develop``) served to develop the
method; odd ones (``judge``) were looked at once, in the end. ``trainings`` are cross-validations by cutaway itself.
"""

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import numpy as np
import sklearn.datasets
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

import cutaway as ct
from benchmarks.harness import keep, machine, verdict
from cutaway.findings import HeldOut, bound_count, deal_folds, keep_highest, why_withheld

CASES = 240
"""Seeds from 0 on, half of them even."""

FOLDS = 5
SHARES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2)
NOISES = ("none", "symmetric", "asymmetric", "by inputs")
MODELS = ("logistic regression", "network", "network, 3 seeds", "long-trained network")

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Case:
    """What models say of labels of which some were made wrong.

    Attributes:
        data: Name of the data.
        is_separable: Whether a model errs on few of the clean labels.
        noise: One of `NOISES`.
        model: One of `MODELS`.
        held: The probabilities.
        wrong: bool ``(sample,)``, whether the label was made wrong.
    """

    data: str
    is_separable: bool
    noise: str
    model: str
    held: HeldOut = field(repr=False)
    wrong: np.ndarray = field(repr=False)


def make_case(seed: int) -> Case:
    """The case of a seed."""
    random = np.random.default_rng(seed)
    is_separable = bool(random.random() < 0.5)
    data = random.choice(sorted(SEPARABLE if is_separable else OVERLAPPING))
    x, y = (SEPARABLE if is_separable else OVERLAPPING)[data](random)
    x = ((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-6)).astype(np.float32)
    noise, share = str(random.choice(NOISES)), float(random.choice(SHARES))
    model = str(random.choice(MODELS))
    labels = y if noise == "none" else PLANT[noise](x, y, share, random)
    return Case(str(data), is_separable, noise, model, cross_validate(x, labels, model, seed), labels != y)


def cross_validate(x: np.ndarray, y: np.ndarray, model: str, seed: int) -> HeldOut:
    """Out-of-sample probabilities of all samples, and the margins of training."""
    classes, seeds = int(y.max()) + 1, 3 if model == "network, 3 seeds" else 1
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    margins = np.zeros(len(y))
    for repeat in range(seeds):
        folds = deal_folds(y, FOLDS, seed=seed + repeat)
        probabilities = np.zeros((len(y), classes), np.float32)
        for fold in range(FOLDS):
            rest = folds != fold
            fitted, margin = _fit(x[rest], y[rest], model, classes, seed + repeat)
            columns = cast("Any", fitted).classes_
            probabilities[np.ix_(~rest, columns)] = fitted.predict_proba(x[~rest])
            margins[rest] += margin / (seeds * (FOLDS - 1))
        parts.append(keep_highest(probabilities, y))
    given, others, shares = (np.stack([each[part] for each in parts]) for part in range(3))
    return HeldOut(y, given, others, shares, margins.astype(np.float32), classes)


def _fit(x: np.ndarray, y: np.ndarray, model: str, classes: int, seed: int) -> tuple[Any, np.ndarray]:
    """A model, and for each of its samples the mean margin in training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if model == "logistic regression":
            fitted = LogisticRegression(max_iter=200).fit(x, y)
            return fitted, _margin(fitted, x, y)
        fitted = cast("Any", MLPClassifier)((64,), batch_size=32, learning_rate_init=0.003, random_state=seed)
        epochs = 40 if model == "long-trained network" else 12
        total = np.zeros(len(y))
        for _ in range(epochs):
            fitted.partial_fit(x, y, classes=np.arange(classes))
            total += _margin(fitted, x, y)
    return fitted, total / epochs


def _margin(fitted: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    p = fitted.predict_proba(x)
    rows, columns = np.arange(len(y)), np.searchsorted(fitted.classes_, y)
    own = p[rows, columns]
    p[rows, columns] = -1
    return own - p.max(axis=1)


def _random_rows(x: np.ndarray, y: np.ndarray, most: int, random: np.random.Generator) -> Arrays:
    rows = random.permutation(len(y))[: int(random.integers(min(400, most), most + 1))]
    kept = np.unique(y[rows])
    return x[rows].reshape(len(rows), -1).astype(np.float64), np.searchsorted(kept, y[rows])


@cache
def _mnist() -> Arrays:
    data: Any = ct.load_dataset("mnist")
    x = data.sources["train"].x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    return x.reshape(len(x), -1), data.labels["train"].astype(np.int64)


def _of_sklearn(name: str, most: int) -> Callable[[np.random.Generator], Arrays]:
    def load(random: np.random.Generator) -> Arrays:
        data: Any = getattr(sklearn.datasets, f"load_{name}")()
        return _random_rows(data.data, data.target, most, random)

    return load


def _gaussians(random: np.random.Generator, *, low: float, high: float) -> Arrays:
    """Classes of unequal size around centers, any two of which are so many standard deviations apart at least."""
    classes, inputs = int(random.choice([2, 2, 3, 4, 6, 10, 20])), int(random.choice([2, 5, 10, 20]))
    rows = int(random.integers(500, 3001))
    centers = random.normal(size=(classes, inputs))
    between = np.linalg.norm(centers[:, None] - centers, axis=2) + np.eye(classes) * 1e9
    centers *= random.uniform(low, high) / between.min(initial=1e9)
    y = random.choice(classes, rows, p=random.dirichlet(np.full(classes, 8.0)))
    x = centers[y] + random.normal(size=(rows, inputs))
    kept = np.unique(y)
    return x, np.searchsorted(kept, y)


def _moons(random: np.random.Generator, *, noise: float) -> Arrays:
    made: Any = sklearn.datasets.make_moons(
        int(random.integers(500, 3001)), noise=noise, random_state=int(random.integers(1_000_000))
    )
    return made


def _clusters(random: np.random.Generator, *, low: float, high: float) -> Arrays:
    classes = int(random.choice([2, 3, 5]))
    made: Any = sklearn.datasets.make_classification(
        int(random.integers(600, 3001)),
        n_features=20,
        n_informative=8,
        n_classes=classes,
        n_clusters_per_class=int(random.choice([1, 2])),
        class_sep=random.uniform(low, high),
        flip_y=0,
        weights=random.dirichlet(np.full(classes, 6.0)),
        random_state=int(random.integers(1_000_000)),
    )
    return made


def _drawn(random: np.random.Generator) -> Arrays:
    """Two classes drawn by a probability that follows from the inputs, as whether customers leave."""
    rows = int(random.integers(1000, 4001))
    x = random.normal(size=(rows, 10))
    x[:, 5:] = x[:, 5:] > random.normal(size=5)
    score = x @ random.normal(size=10) * random.uniform(0.5, 2) + random.uniform(-2.5, 0)
    score += x[:, 0] * x[:, 1] * random.uniform(0, 1)
    return x, (random.random(rows) < 1 / (1 + np.exp(-score))).astype(np.int64)


def _ordered_times(random: np.random.Generator) -> Arrays:
    """Four classes of 51%, 29%, 14% and 6%: how long jobs take, by their sizes, kinds and settings."""
    rows = int(random.integers(1500, 4001))
    kind = random.integers(0, 8, rows)
    sizes = random.lognormal(0, 1, size=(rows, 4))
    times = random.normal(size=8)[kind] + np.log(sizes) @ random.normal(size=4) + np.log(sizes[:, 0]) * (kind > 4)
    times += random.normal(size=rows) * random.uniform(0.2, 0.7)
    y = np.searchsorted(np.quantile(times, [0.51, 0.8, 0.94]), times)
    return np.concatenate([sizes, np.eye(8)[kind], random.normal(size=(rows, 2))], axis=1), y


def _hidden_cause(random: np.random.Generator) -> Arrays:
    """A rare class of which a part shows in the inputs and the rest has causes that none shows."""
    x, y = _gaussians(random, low=4, high=6)
    rare = random.random(len(y)) < random.uniform(0.02, 0.1)
    classes = int(y.max()) + 1
    shown = rare & (random.random(len(y)) < random.uniform(0.3, 0.8))
    x[shown] += random.uniform(3, 6) * np.eye(x.shape[1])[0] + 3
    return x, np.where(rare, classes, y)


def _shaken_digits(random: np.random.Generator) -> Arrays:
    x, y = _of_sklearn("digits", 1797)(random)
    return x + random.normal(size=x.shape) * random.uniform(4, 10), y


SEPARABLE: dict[str, Callable[[np.random.Generator], Arrays]] = {
    "digits": _of_sklearn("digits", 1797),
    "MNIST": lambda random: _random_rows(*_mnist(), 3000, random),
    "wine": _of_sklearn("wine", 178),
    "breast cancer": _of_sklearn("breast_cancer", 569),
    "distant Gaussians": lambda random: _gaussians(random, low=4.5, high=8),
    "moons": lambda random: _moons(random, noise=0.1),
    "distant clusters": lambda random: _clusters(random, low=2.5, high=4),
}
OVERLAPPING: dict[str, Callable[[np.random.Generator], Arrays]] = {
    "close Gaussians": lambda random: _gaussians(random, low=0.5, high=3.5),
    "noisy moons": lambda random: _moons(random, noise=random.uniform(0.2, 0.5)),
    "close clusters": lambda random: _clusters(random, low=0.3, high=1.5),
    "drawn by probability": _drawn,
    "ordered times": _ordered_times,
    "hidden cause": _hidden_cause,
    "shaken digits": _shaken_digits,
}


def _symmetric(x: np.ndarray, y: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    del x
    classes, wrong = int(y.max()) + 1, random.random(len(y)) < share
    return np.where(wrong, (y + random.integers(1, classes, len(y))) % classes, y)


def _asymmetric(x: np.ndarray, y: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    del x
    classes = int(y.max()) + 1
    rates = random.gamma(1.0, size=classes)
    rates = np.minimum(rates * share / rates[y].mean(), 0.4)
    to = (np.arange(classes) + random.integers(1, classes, classes)) % classes
    return np.where(random.random(len(y)) < rates[y], to[y], y)


def _by_inputs(x: np.ndarray, y: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    fitted = LogisticRegression(max_iter=200).fit(x, y)
    p = fitted.predict_proba(x)
    p[np.arange(len(y)), y] = 0
    other = p.argmax(axis=1)
    if random.random() < 0.5:
        rates = p.max(axis=1) ** 0.5 + 0.02
    else:
        side = x @ random.normal(size=x.shape[1])
        rates = 1 / (1 + np.exp(-3 * side / side.std()))
    rates = np.minimum(rates * share / rates.mean(), 0.5)
    return np.where(random.random(len(y)) < rates, other, y)


PLANT: dict[str, Callable[..., np.ndarray]] = {
    "symmetric": _symmetric,
    "asymmetric": _asymmetric,
    "by inputs": _by_inputs,
}


@dataclass(frozen=True)
class Measured:
    """What was estimated of a case, in shares of its samples.

    Attributes:
        seed: The seed of the case.
        kind: What it is a case of.
        is_separable: As of `Case`.
        samples: Number of samples.
        wrong: The true share of wrong labels.
        low: Lower end of the interval.
        high: Its upper end.
        is_given: Whether a user sees it.
    """

    seed: int
    kind: str
    is_separable: bool
    samples: int
    wrong: float
    low: float
    high: float
    is_given: bool

    @property
    def holds(self) -> bool:
        """Whether the interval holds the true number."""
        return self.low <= self.wrong <= self.high


def measure(seed: int) -> Measured:
    """Make a case and estimate."""
    case = make_case(seed)
    kind = f"{'separable' if case.is_separable else 'overlapping'}, {case.noise}"
    return measured(seed, kind, case.is_separable, case.held, case.wrong)


def measured(seed: int, kind: str, is_separable: bool, held: HeldOut, wrong: np.ndarray) -> Measured:
    bounds, n = bound_count(held), len(wrong)
    is_given = not why_withheld(bounds, held.labels)
    return Measured(seed, kind, is_separable, n, int(wrong.sum()) / n, bounds.low / n, bounds.high / n, is_given)


def summary(found: Sequence[Measured]) -> dict[str, float]:
    """How many intervals were given, how often they held the truth, and how wide they were."""
    given = [each for each in found if each.is_given]
    return {
        "cases": len(found),
        "given": len(given) / len(found),
        "held when given": float(np.mean([each.holds for each in given])) if given else float("nan"),
        "held in all": float(np.mean([each.holds for each in found])),
        "median width when given": float(np.median([each.high - each.low for each in given]))
        if given
        else float("nan"),
        "3% or more wrong for sure": float(np.mean([each.low >= 0.03 for each in found])),
    }


def simulated(half: str) -> dict[str, dict[str, float]]:
    """The summaries of one half of the cases, by kind."""
    found = [measure(seed) for seed in range(half == "judge", CASES, 2)]
    kinds = sorted({each.kind for each in found})
    groups = {kind: [each for each in found if each.kind == kind] for kind in kinds}
    groups["all separable"] = [each for each in found if each.is_separable]
    groups["all overlapping"] = [each for each in found if not each.is_separable]
    groups["all"] = found
    return {kind: summary(group) for kind, group in groups.items()}


def trainings() -> dict[str, dict[str, Any]]:
    """Estimates by cutaway's own cross-validation, at its defaults."""
    random = np.random.default_rng(0)
    x, y = _of_sklearn("digits", 1797)(random)
    draws = np.random.default_rng(1)
    center = draws.normal(size=(20, 10)) * 1.2
    label = np.arange(400) % 20
    close = center[label] + draws.normal(size=(400, 10)), label
    leaving = _leaving(np.random.default_rng(2))
    churned = leaving[1].copy()
    churned[np.random.default_rng(3).choice(len(churned), 120, replace=False)] ^= 1
    cases = {
        "digits as they are": (x, y, y),
        "digits, 5% symmetric": (x, y, _symmetric(x, y, 0.05, random)),
        "digits, 10% asymmetric": (x, y, _asymmetric(x, y, 0.1, random)),
        "20 Gaussians that overlap": (*close, close[1]),
        "6,000 customers, 120 changed": (*leaving, churned),
    }
    found: dict[str, dict[str, Any]] = {}
    for name, (inputs, true, labels) in cases.items():
        issues = ct.label_issues(inputs.astype(np.float32), labels, progress=False)
        number = None if issues.count is None else vars(issues.count)
        found[name] = {
            "samples": len(true),
            "wrong": int((labels != true).sum()),
            "estimate": number,
            "note": issues.note,
        }
        print(f"{name}: {found[name]['wrong']} of {len(true):,} wrong; {issues.line()}", flush=True)
    return found


def _leaving(random: np.random.Generator) -> Arrays:
    """Customers, of whom about a fifth leave, by a probability that follows from the inputs."""
    x = random.normal(size=(6000, 12))
    score = x @ random.normal(size=12) * 0.5 - 1.8 + x[:, 0] * x[:, 1] * 0.5
    return x, (random.random(6000) < 1 / (1 + np.exp(-score))).astype(np.int64)


def main(what: str) -> int:
    print(machine())
    result: dict[str, Any] = {}
    promises: dict[str, bool] = {}
    for half in ("develop", "judge"):
        if what not in (half, ""):
            continue
        result[half] = found = simulated(half)
        for kind, values in found.items():
            print(f"{half} {kind:26} " + ", ".join(f"{name} {value:.3g}" for name, value in values.items()), flush=True)
        everything = found["all"]
        promises[f"{half}: given intervals hold the number in 90% of cases"] = everything["held when given"] >= 0.9
        promises[f"{half}: their median width is at most 5 points"] = everything["median width when given"] <= 0.05
        promises[f"{half}: given in half of the separable cases"] = found["all separable"]["given"] >= 0.5
    if what in ("trainings", ""):
        result["trainings"] = trainings()
    keep("label_estimates", result)
    return verdict(promises)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if sys.argv[1:] else ""))
