"""Whether causes are named first, and healthy runs raise nothing: ``python -m benchmarks.findings [HALF] [SEED]``.

72 sick and 72 healthy runs on 18 data sets, from images to tables of counts. Which sickness is tried on which data
set, and whether the case belongs to the half "development" or to the half "judging", is drawn from a seed, and so are
the data. The development half tells of each run what was found; thresholds may be changed with its help. The judging
half prints only numbers. Those of seeds 29 and 30 were judged once each (31 and 32 of 36 named first) and then looked
at; those of seeds 31 and 32 were never looked at. Settings that do a model no harm are counted apart: two of the four
misses of the development half of seed 30 were models as good as those of common settings. With ``remedies``, those of
the sick runs are tried too, with three trainings on each side: how many help, change nothing that chance does not, or
make a run worse and say so.
"""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("KERAS_BACKEND", "jax")  # Keras reads it when it is imported

import keras
import numpy as np
import sklearn.datasets

import cutaway as ct
from benchmarks.harness import keep, machine, verdict
from cutaway.topics.doctor.remedy_tests import MEASURES, Answers, answers, judge_trainings
from cutaway.topics.findings.simpler_models import known_simpler_models

CASES, SEED = 72, 31
NAMED, FALSE = 0.9, 0.05
CHANCE = 0.05
HALVES = ("development", "judging")
PLAIN: dict[str, Any] = {"schedule": "constant", "label_smoothing": 0.0}


class Problem(NamedTuple):
    """Samples in a random order, tables standardized and images in 0..1, and their classes."""

    name: str
    x: np.ndarray
    y: np.ndarray

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.y.max()) + 1

    @property
    def is_table(self) -> bool:
        """Whether samples are rows."""
        return self.x.ndim == 2

    def replaced(self, **parts: np.ndarray) -> "Problem":
        """The same with other samples or classes."""
        return self._replace(**parts)


def _spirals(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    y = np.arange(1500) % 3
    radius = random.random(1500) ** 0.5
    angle = 4 * radius + y * 2 * np.pi / 3 + random.normal(size=1500) * 0.12
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y


def _counts(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    y = np.arange(1600) % 4
    rates = np.exp(random.normal(size=(4, 24)) * 0.7 + 0.5)
    return random.poisson(rates[y]), y


def _correlated(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    y = np.arange(1500) % 5
    hidden = random.normal(size=(5, 6))[y] * 1.6 + random.normal(size=(1500, 6))
    return hidden @ random.normal(size=(6, 40)) + 0.3 * random.normal(size=(1500, 40)), y


def _bars(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Images of 10 x 10 with a horizontal, vertical or slanted bar, or a square."""
    y = np.arange(1600) % 4
    x = random.random((1600, 10, 10)) * 0.35
    for image, kind in zip(x, y, strict=True):
        at, left = random.integers(1, 8, 2)
        for step in range(8):
            row, column = ((at, step + 1), (step + 1, at), (step + 1, step + 1), (at, left))[kind]
            image[row, column] += 0.6
        if kind == 3:
            image[at : at + 3, left : left + 3] += 0.5
    return np.clip(x, 0, 1), y


def _skewed(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    y = np.arange(1500) % 3
    return np.exp(random.normal(size=(3, 15))[y] * 0.7 + random.normal(size=(1500, 15)) * 0.6), y


def _mixed(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Numbers beside columns of 0 and 1."""
    y = np.arange(1800) % 2
    numbers = random.normal(size=(2, 8))[y] * 0.7 + random.normal(size=(1800, 8))
    flags = random.random((1800, 12)) < random.uniform(0.2, 0.8, size=(2, 12))[y]
    return np.concatenate([numbers, flags], axis=1), y


def _of_sklearn(make: Callable[..., Any], **settings: Any) -> Callable[[np.random.Generator], Any]:
    return lambda random: make(random_state=int(random.integers(1 << 31)), **settings)


def _bundled(name: str, count: int) -> Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]:
    def load(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        data = ct.load_dataset(name)
        rows = random.permutation(len(data.labels["train"]))[:count]
        return data.sources["train"].x[rows] / data.scale, data.labels["train"][rows]

    return load


_CLASSIFICATION = {"n_informative": 8, "n_redundant": 4, "n_clusters_per_class": 1, "flip_y": 0.0}
PROBLEMS: dict[str, Callable[[np.random.Generator], Any]] = {
    "digits": _bundled("digits", 1797),
    "mnist": _bundled("mnist", 3000),
    "bars": _bars,
    "wine": lambda _: sklearn.datasets.load_wine(return_X_y=True),
    "breast cancer": lambda _: sklearn.datasets.load_breast_cancer(return_X_y=True),
    "iris": lambda _: sklearn.datasets.load_iris(return_X_y=True),
    "blobs": _of_sklearn(sklearn.datasets.make_blobs, n_samples=1200, centers=6, n_features=10, cluster_std=4.0),
    "many blobs": _of_sklearn(sklearn.datasets.make_blobs, n_samples=3000, centers=15, n_features=12, cluster_std=3.0),
    "moons": _of_sklearn(sklearn.datasets.make_moons, n_samples=1200, noise=0.15),
    "circles": _of_sklearn(sklearn.datasets.make_circles, n_samples=1200, noise=0.08, factor=0.5),
    "quantiles": _of_sklearn(sklearn.datasets.make_gaussian_quantiles, n_samples=2000, n_features=5, n_classes=3),
    "classification": _of_sklearn(sklearn.datasets.make_classification, n_samples=2000, n_classes=3, **_CLASSIFICATION),
    "wide": _of_sklearn(
        sklearn.datasets.make_classification, n_samples=1500, n_classes=4, n_features=60, **_CLASSIFICATION
    ),
    "spirals": _spirals,
    "counts": _counts,
    "correlated": _correlated,
    "skewed": _skewed,
    "mixed": _mixed,
}


def problem(name: str, seed: int) -> Problem:
    """Make a data set."""
    random = np.random.default_rng([seed, *name.encode()])
    x, y = PROBLEMS[name](random)
    order = random.permutation(len(y))
    x = np.asarray(x, np.float32)[order]
    if x.ndim == 2:
        x = (x - x.mean(axis=0)) / x.std(axis=0)
    return Problem(name, x.astype(np.float32), np.asarray(y, np.int64)[order])


def train(model: Any, given: Problem, runs: Path, *, test: Problem | None = None, **settings: Any) -> ct.Run:
    """A run of a model on a data set, by the recipe for tables or the one for images."""
    tests = {} if test is None else {"x_test": test.x, "y_test": test.y}
    scale = {"scale": settings.pop("scale")} if "scale" in settings else {}
    data = ct.Dataset.from_arrays(given.x, given.y, **tests, **scale)
    recipe = {"recipe": "table"} if given.is_table and settings.keys() <= {"seed"} else {}
    return ct.train(model, data, runs=runs, progress=False, **recipe, **settings)


def layers_of(given: Problem, *layers: Any) -> Any:
    """A Keras model with these hidden layers."""
    return keras.Sequential([*layers, keras.layers.Dense(given.classes, "softmax")])


def divided(given: Problem) -> tuple[Problem, Problem]:
    """Training samples, and a quarter of them for tests."""
    first = len(given.y) * 3 // 4
    return given.replaced(x=given.x[:first], y=given.y[:first]), given.replaced(x=given.x[first:], y=given.y[first:])


Maker = Callable[[Problem, Path, np.random.Generator], ct.Run]


def _trained(**settings: Any) -> Maker:
    return lambda given, runs, _: train(ct.mlp((64,)), given, runs, **{"epochs": 12, **PLAIN, **settings})


def _of_layers(make: Callable[[], list[Any]], **settings: Any) -> Maker:
    return lambda given, runs, _: train(layers_of(given, *make()), given, runs, **{"epochs": 12, **PLAIN, **settings})


def _unscaled(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    x = given.x * 300 + 2000 if given.is_table else given.x * 255
    return train(ct.mlp((64,)), given.replaced(x=x), runs, scale=1.0, epochs=12)


def _diverged(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    try:
        return train(ct.mlp((64,)), given, runs, optimizer="sgd", learning_rate=1e5, epochs=6, **PLAIN)
    except ct.CutawayError:
        return ct.open_run("latest", runs=runs, data=ct.Dataset.from_arrays(given.x, given.y))


def _imbalanced(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    kept = (given.y == 0) | (random.random(len(given.y)) < 0.06)
    return train(ct.mlp((32,)), given.replaced(x=given.x[kept], y=given.y[kept]), runs, epochs=12)


def _wrong_labels(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    wrong = random.random(len(given.y)) < 0.15
    other = (given.y + random.integers(1, given.classes, len(given.y))) % given.classes
    return train(ct.mlp((64,)), given.replaced(y=np.where(wrong, other, given.y)), runs, epochs=15)


def _random_labels(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    return train(ct.mlp((32,)), given.replaced(y=random.permutation(given.y)), runs, epochs=12)


def _telling(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    x = given.x.reshape(len(given.x), -1).copy()
    x[:, random.integers(x.shape[1])] = given.y / given.classes + random.normal(size=len(given.y)) * 0.01
    return train(ct.mlp((32,)), given.replaced(x=x.reshape(given.x.shape)), runs, epochs=12)


def _repeated(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    rows = np.r_[np.arange(len(given.y)), random.permutation(len(given.y))[: len(given.y) // 3]]
    return train(ct.mlp((32,)), given.replaced(x=given.x[rows], y=given.y[rows]), runs, epochs=12)


def _shifted(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    first, test = divided(given)
    test = test.replaced(x=test.x + 1.5 if given.is_table else test.x * 0.5 + 0.4)
    return train(ct.mlp((64,)), first, runs, test=test, epochs=15)


def _shuffled_tests(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    first, test = divided(given)
    return train(ct.mlp((64,)), first, runs, test=test.replaced(y=random.permutation(test.y)), epochs=20)


def _renumbered_tests(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    first, test = divided(given)
    return train(ct.mlp((64,)), first, runs, test=test.replaced(y=(test.y + 1) % given.classes), epochs=20)


def _not_shuffled(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    order = np.argsort(given.y, kind="stable")
    count = len(order) * 3 // 4
    some = np.concatenate([np.flatnonzero(given.y[order] == label)[:6] for label in range(given.classes)])
    first = np.union1d(np.arange(count), some)
    rest = np.setdiff1d(np.arange(len(order)), first)
    parts = [given.replaced(x=given.x[order][rows], y=given.y[order][rows]) for rows in (first, rest)]
    return train(ct.mlp((64,)), parts[0], runs, test=parts[1], epochs=12)


def _constant(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    x = np.concatenate([given.x, np.ones_like(given.x)], axis=1)
    return train(ct.mlp((32,)), given.replaced(x=x), runs, epochs=12)


def _overfitted(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    """Few samples, most of their values noise."""
    rows = np.concatenate([np.flatnonzero(given.y == label)[:60] for label in range(given.classes)])
    x = given.x[rows].reshape(len(rows), -1)
    x = np.concatenate([0.6 * x + random.normal(size=x.shape), random.normal(size=(len(rows), 40))], axis=1)
    small = given.replaced(x=x.astype(np.float32), y=given.y[rows])
    return train(ct.mlp((256, 256)), small, runs, epochs=60, **PLAIN)


def _alike(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    model = layers_of(given, keras.layers.Flatten(), keras.layers.Dense(64, "tanh"))
    model.build((None, *given.x.shape[1:]))
    kernel, bias, output, last = model.get_weights()
    model.set_weights([np.tile(kernel[:, :8], 8), bias, np.tile(output[:8], (8, 1)), last])
    return train(model, given, runs, epochs=12)


def _large_batches(given: Problem, runs: Path, random: np.random.Generator) -> ct.Run:
    return train(ct.mlp((64,)), given, runs, batch_size=len(given.y), epochs=6)


def _dense(activation: str, **initializers: Any) -> Any:
    return keras.layers.Dense(64, activation, **initializers)


def _wide(stddev: float) -> dict[str, Any]:
    return {"kernel_initializer": keras.initializers.RandomNormal(stddev=stddev)}


def _flat(*layers: Any) -> list[Any]:
    return [keras.layers.Flatten(), *layers]


def _any(given: Problem) -> bool:
    return True


SICK: dict[str, tuple[tuple[str, ...], Callable[[Problem], bool], Maker]] = {
    "rate too high": (("learning-rate-too-high",), _any, _trained(learning_rate=1.0)),
    "rate too low": (
        ("learning-rate-too-low",),
        lambda p: len(p.y) > 1000,
        _trained(optimizer="sgd", learning_rate=1e-4),
    ),
    "diverged": (("divergence", "learning-rate-too-high"), _any, _diverged),
    "stalled": (
        ("stalled", "learning-rate-too-low"),
        _any,
        _trained(optimizer="sgd", learning_rate=1e-9, epochs=4),
    ),
    "oscillating": (
        ("oscillation", "learning-rate-too-high"),
        lambda p: len(p.y) > 500,
        _trained(optimizer="sgd", learning_rate=3.0, momentum=0.9, batch_size=16),
    ),
    "one epoch": (
        ("too-few-epochs",),
        lambda p: len(p.y) > 500,
        _trained(optimizer="sgd", learning_rate=0.01, epochs=1),
    ),
    "large batches": (("batch-too-large",), lambda p: len(p.y) > 1000, _large_batches),
    "dropout of 0.95": (
        ("over-regularized",),
        lambda p: len(p.y) > 500,
        _of_layers(lambda: _flat(_dense("relu"), keras.layers.Dropout(0.95))),
    ),
    "penalty of 0.3": (
        ("over-regularized",),
        lambda p: len(p.y) > 500,
        _of_layers(lambda: _flat(_dense("relu", kernel_regularizer=keras.regularizers.L2(0.3)))),
    ),
    "dead units": (
        ("dead-units",),
        _any,
        _of_layers(lambda: _flat(_dense("relu", bias_initializer=keras.initializers.Constant(-4.0)))),
    ),
    "saturated units": (("saturated-units",), _any, _of_layers(lambda: _flat(_dense("tanh", **_wide(4.0))))),
    "vanishing gradients": (
        ("vanishing-gradients",),
        lambda p: len(p.y) > 1000,
        _of_layers(lambda: _flat(*(keras.layers.Dense(32, "sigmoid") for _ in range(6)))),
    ),
    "exploding gradients": (
        ("exploding-gradients",),
        lambda p: len(p.y) > 500,
        _of_layers(lambda: _flat(*(_dense("relu", **_wide(1.5)) for _ in range(4))), learning_rate=1e-4),
    ),
    "narrow layer": (
        ("bottleneck",),
        lambda p: p.classes >= 4,
        _of_layers(lambda: _flat(keras.layers.Dense(1, "linear"), _dense("relu"))),
    ),
    "units alike": (("equal-weights", "redundant-units", "low-rank"), lambda p: len(p.x[0].ravel()) > 8, _alike),
    "overfitted": (("overfitting",), lambda p: p.is_table and p.classes <= 6, _overfitted),
    "underconfident": (("miscalibration",), lambda p: len(p.y) > 1000, _trained(label_smoothing=0.5)),
    "unscaled": (("unscaled-inputs",), _any, _unscaled),
    "constant columns": (("constant-inputs",), lambda p: p.is_table, _constant),
    "imbalanced": (("class-imbalance",), lambda p: len(p.y) >= 1500 and p.classes <= 4, _imbalanced),
    "wrong labels": (("label-issues",), lambda p: len(p.y) > 1000, _wrong_labels),
    "random labels": (("baseline", "label-issues"), lambda p: len(p.y) > 1000, _random_labels),
    "telling input": (("target-leakage",), _any, _telling),
    "repeated samples": (("duplicates",), _any, _repeated),
    "shifted tests": (("shifted-test-samples",), _any, _shifted),
    "test labels shuffled": (("test-labels",), lambda p: len(p.y) > 500, _shuffled_tests),
    "test labels renumbered": (("test-labels",), lambda p: len(p.y) > 500 and p.classes > 2, _renumbered_tests),
    "not shuffled": (("unshuffled-split",), lambda p: p.classes >= 4, _not_shuffled),
}
"""What a run suffers from -> the kinds of findings that name it, the data sets it is tried on, and what makes it."""

OF_DATA = {
    "overfitted",
    "unscaled",
    "constant columns",
    "imbalanced",
    "wrong labels",
    "random labels",
    "telling input",
    "repeated samples",
    "shifted tests",
    "test labels shuffled",
    "test labels renumbered",
    "not shuffled",
}
"""What is wrong with the samples, whatever it does to this model."""


def _healthy(given: Problem, runs: Path, random: np.random.Generator, *, seed: int = 0) -> ct.Run:
    """A model of common size with the recipe of its kind of data."""
    activation = str(random.choice(["relu", "relu", "tanh", "gelu"]))
    hidden = [(32,), (64,), (64, 64), (128, 64), (256,)][random.integers(5)]
    dropout = float(random.choice([0.0, 0.1, 0.2]))
    return train(ct.mlp(hidden, activation=activation, dropout=dropout), given, runs, seed=seed)


class Case(NamedTuple):
    """One run: a sickness, or "healthy", and a data set; and the seed of its suite."""

    seed: int
    number: int
    sickness: str
    problem: str
    half: str


def cases(seed: int) -> list[Case]:
    """All cases: each sickness equally often, on data sets that are drawn for it."""
    random = np.random.default_rng(seed)
    problems = {name: problem(name, seed) for name in PROBLEMS}
    drawn: list[tuple[str, str]] = []
    for number in range(CASES):
        sickness = list(SICK)[number % len(SICK)]
        possible = [name for name, each in problems.items() if SICK[sickness][1](each)]
        left = [name for name in possible if (sickness, name) not in drawn] or possible
        drawn.append((sickness, str(random.choice(left))))
    drawn += [("healthy", list(PROBLEMS)[number % len(PROBLEMS)]) for number in range(CASES)]
    halves = np.concatenate([random.permutation(CASES) % 2, random.permutation(CASES) % 2])
    return [
        Case(seed, number, *each, HALVES[half]) for number, (each, half) in enumerate(zip(drawn, halves, strict=True))
    ]


class Found(NamedTuple):
    """Kinds of the warnings of a run that stand for themselves, the first one first; what its remedies changed; harm.

    The last is False of a sick run that is as good as one of common settings.
    """

    kinds: list[str]
    remedy_tests: tuple[Any, ...]
    harms: bool = True


def found_in(case: Case, *, try_remedies: bool) -> Found:
    """Make a run, and ask what is wrong with it."""
    random = np.random.default_rng([case.seed, case.number])
    make = _healthy if case.sickness == "healthy" else SICK[case.sickness][2]
    with tempfile.TemporaryDirectory() as runs, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = make(problem(case.problem, case.seed), Path(runs), random)
        told = ct.doctor(run, try_remedies=try_remedies and case.sickness != "healthy", seeds=3, progress=False)
        harms = case.sickness == "healthy" or case.sickness in OF_DATA or does_harm(case, run)
    kinds = [each.kind for each in told.findings if each.severity == "warning" and each.cause is None]
    return Found(kinds, told.remedy_tests, harms)


def _held_out(run: ct.Run) -> Answers:
    parts = [vars(answers(run.context, ids)) for ids in (run.split.val, run.split.test)]
    return Answers(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def does_harm(case: Case, sick: ct.Run) -> bool:
    """Whether the same samples and a network of common settings give a better model, by more than chance.

    Settings that are unusual but do a model no harm are no cause of anything: nothing that is measured can name them.
    One training on each side is compared, so that small test sets may not show a harm that is there.
    """
    kinds = SICK[case.sickness][0]
    with tempfile.TemporaryDirectory() as runs, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        well = _trained()(problem(case.problem, case.seed), Path(runs), np.random.default_rng(0))
        try:
            found = judge_trainings(MEASURES.get(kinds[0], "accuracy"), [_held_out(well)], [_held_out(sick)])
        except ct.CutawayError:  # the sick model has no weights that could be asked
            return True
    is_less = found.after < found.before
    return found.p_value < CHANCE and is_less == (found.measure not in ("loss", "calibration error"))


def is_another_tool_better(case: Case) -> bool:
    """Whether another kind of model is better on a data set with three other splits as well, in the mean.

    A healthy run is told rightly that boosted trees would do better where that is so.
    """
    differences: list[float] = []
    for seed in (1, 2, 3):
        random = np.random.default_rng([case.seed, case.number])
        with tempfile.TemporaryDirectory() as runs, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = _healthy(problem(case.problem, case.seed), Path(runs), random, seed=seed)
            ct.doctor(run, progress=False)
            models = known_simpler_models(run.context) or ()
            differences.append(max((each.won - each.lost) / each.samples for each in models))
    return float(np.mean(differences)) > 0


def main() -> int:
    """Make the runs of one half, and count."""
    half = next((each for each in sys.argv[1:] if each in HALVES), "judging")
    try_remedies = "remedies" in sys.argv[1:]
    seed = next((int(each) for each in sys.argv[1:] if each.isdigit()), SEED)
    print(f"{machine()}\n  half: {half}, seed {seed}")
    named: list[bool] = []
    harmless: list[bool] = []
    quiet: list[bool] = []
    tried: list[Any] = []
    confirmed = 0
    for case in [each for each in cases(seed) if each.half == half]:
        found = Found([], ())
        with contextlib.suppress(ct.CutawayError):
            found = found_in(case, try_remedies=try_remedies)
        kinds = found.kinds
        if case.sickness == "healthy" and kinds == ["simpler-model"] and is_another_tool_better(case):
            confirmed, kinds = confirmed + 1, []
        is_right = not kinds if case.sickness == "healthy" else kinds[:1] and kinds[0] in SICK[case.sickness][0]
        (quiet if case.sickness == "healthy" else named if found.harms else harmless).append(bool(is_right))
        tried += [each for each in found.remedy_tests if each.judgments]
        if half == "development":
            harm = "" if found.harms else " (no harm)"
            told = "right" if is_right else kinds
            print(f"  {case.number:3} {case.sickness} on {case.problem}{harm}: {told}", flush=True)
            for each in found.remedy_tests:
                print(f"      {each.kind}: {each.words}", flush=True)
    shares = {"named first": float(np.mean(named)), "false warnings": 1 - float(np.mean(quiet))}
    print(f"  named first: {sum(named)} of {len(named)}; {sum(named + harmless)} of {len(named + harmless)} with those")
    print(f"  whose settings do no harm that one training on each side shows: {sum(harmless)} of {len(harmless)}")
    print(f"  healthy runs with a warning: {quiet.count(False)} of {len(quiet)}")
    print(f"  healthy runs that were told of a better kind of model, which other splits confirm: {confirmed}")
    counts = {
        "remedies tried": len(tried),
        "help": sum(each.helped for each in tried),
        "make worse and say so": sum(bool(each.worse) for each in tried),
    }
    if try_remedies:
        print("  " + ", ".join(f"{name}: {count}" for name, count in counts.items()))
    keep(
        f"findings_{half}",
        {
            "seed": seed,
            "sick": len(named),
            "no harm": [sum(harmless), len(harmless)],
            "healthy": len(quiet),
            **shares,
            "better tool": confirmed,
            **(counts if try_remedies else {}),
        },
    )
    return verdict(
        {
            f"{NAMED:.0%} of the causes are named first": shares["named first"] >= NAMED,
            f"at most {FALSE:.0%} of the healthy runs raise a warning": shares["false warnings"] <= FALSE,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
