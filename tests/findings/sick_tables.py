"""Tables with one sickness each, and healthy tables of many kinds; another seed makes another table."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

Given = tuple[pd.DataFrame, dict[str, Any]]
"""A table, and what is said about it to `load_dataset`; its label is in the column "target"."""

Maker = Callable[[np.random.Generator], Given]


def measured(random: np.random.Generator, rows: int = 900, *, columns: int = 6, classes: int = 2) -> pd.DataFrame:
    """Columns of which two tell a class a little."""
    y = random.integers(0, classes, rows)
    x = random.normal(size=(rows, columns))
    x[:, :2] += 0.8 * y[:, None]
    return pd.DataFrame(x, columns=[f"x{i}" for i in range(columns)]).assign(target=y)


def some(random: np.random.Generator, frame: pd.DataFrame, share: float) -> np.ndarray:
    """A random share of the rows, as a mask."""
    return random.random(len(frame)) < share


def with_sentinel(random: np.random.Generator) -> Given:
    frame = measured(random).assign(weight=random.normal(70, 12, 900).round(1))
    value = random.choice([-999.0, 999.0, 9999.0, -9999.0])
    frame.loc[some(random, frame, random.uniform(0.03, 0.3)), "weight"] = value
    return frame, {}


def with_two_sentinels(random: np.random.Generator) -> Given:
    frame = measured(random).assign(age=random.integers(18, 80, 900).astype(float))
    frame.loc[some(random, frame, 0.05), "age"] = -99
    frame.loc[some(random, frame, 0.05), "age"] = 999
    return frame, {}


def with_words(random: np.random.Generator) -> Given:
    frame = measured(random).assign(age=random.integers(18, 80, 900).astype(str))
    frame.loc[some(random, frame, 0.2), "age"] = "unknown"
    return frame, {}


def in_two_units(random: np.random.Generator, *, factor: float | None = None) -> Given:
    factor = float(random.choice([1000, 100, 2.54])) if factor is None else factor
    spread = 4.0 if factor < 10 else 12.0  # heights are more alike than weights
    frame = measured(random).assign(size=random.normal(68, spread, 900).clip(35))
    frame.loc[some(random, frame, random.uniform(0.1, 0.5)), "size"] *= factor
    return frame, {}


def with_near_copies(random: np.random.Generator) -> Given:
    frame = measured(random)
    copies = frame.sample(150, random_state=random).reset_index(drop=True)
    copies.iloc[:, :6] += random.normal(size=(150, 6)) * random.uniform(0.005, 0.05)
    return pd.concat([frame, copies], ignore_index=True).sample(frac=1, random_state=random).reset_index(drop=True), {}


def patients(random: np.random.Generator, *, told: bool = True) -> pd.DataFrame:
    """Rows of patients: each has measurements of his own, and where these are told one label, otherwise any."""
    who = random.integers(0, 90, 900)
    x = random.normal(size=(90, 6))[who] + 0.3 * random.normal(size=(900, 6))
    y = random.integers(0, 2, 90)[who] if told else random.integers(0, 2, 900)
    x[:, 0] += 0.4 * y
    return pd.DataFrame(x, columns=[f"x{i}" for i in range(6)]).assign(patient=[f"P{i:03}" for i in who], target=y)


def persons(random: np.random.Generator, *, named: str = "who") -> Given:
    """Rows of a few persons, of every class, and each moves in a way of his own in each class."""
    who, y = random.integers(0, 16, 1280), random.integers(0, 3, 1280)
    own = random.normal(size=(3, 6)) + random.normal(size=(16, 3, 6))
    x = own[who, y] + 0.5 * random.normal(size=(1280, 6))
    return pd.DataFrame(x, columns=list("abcdef")).assign(**{named: [f"p{n}" for n in who]}, target=y), {}


def with_units(random: np.random.Generator) -> Given:
    return measured(random).assign(way=[f"{n:,} km" for n in random.integers(500, 90_000, 900)]), {}


def blocks(random: np.random.Generator) -> Given:
    """Sessions of twenty rows, one after the other in the file, each of one label, and no column that names them."""
    who = np.repeat(np.arange(50), 20)
    x = random.normal(size=(50, 6))[who] + 0.3 * random.normal(size=(1000, 6))
    return pd.DataFrame(x, columns=[f"x{i}" for i in range(6)]).assign(target=random.integers(0, 2, 50)[who]), {}


def drifting(random: np.random.Generator) -> Given:
    """What a column says of the label changes in time."""
    y, time = random.integers(0, 2, 1200), np.linspace(0, 4, 1200)
    x = random.normal(size=(1200, 4))
    x[:, 0] += 2 * (2 * y - 1) * np.sin(time * 2)
    frame = pd.DataFrame(x, columns=list("abcd")).assign(day=pd.date_range("2020-01-01", periods=1200), target=y)
    return frame, {}


def telling_text(random: np.random.Generator) -> Given:
    frame = measured(random)
    words = np.where(frame["target"] == 1, "will cancel the contract", "is content with the contract")
    numbers = random.integers(1_000_000, size=900)
    return frame.assign(
        note=[f"customer {n} {text} of {i}" for i, (n, text) in enumerate(zip(numbers, words, strict=True))]
    ), {}


def telling_names(random: np.random.Generator) -> Given:
    frame = measured(random)
    return frame.assign(file=[f"{'tumor' if k else 'benign'}_{i:05}" for i, k in enumerate(frame["target"])]), {}


def shifted(random: np.random.Generator) -> Given:
    """One column of the test rows is measured in another way."""
    frame, test = measured(random), measured(random, 300)
    test["x4"] += random.choice([-1.0, 1.0]) * random.uniform(0.8, 2)
    return frame, {"test": test}


def shifted_category(random: np.random.Generator) -> Given:
    frame, test = measured(random), measured(random, 300)
    frame["city"], test["city"] = random.choice(["Oslo", "Bonn", "Rom"], 900), random.choice(["Oslo", "Bonn"], 300)
    return frame, {"test": test}


def equal_rows(random: np.random.Generator) -> Given:
    frame = measured(random)
    return pd.concat([frame, frame.sample(300, random_state=random)], ignore_index=True), {}


def with_encoded_target(random: np.random.Generator) -> Given:
    """For each shop the share of label 1, as a target encoder gives it that saw all rows."""
    frame, smoothing = measured(random), float(random.choice([0, 5, 20]))
    shops = random.integers(0, int(random.integers(20, 150)), 900)
    sums = frame["target"].groupby(shops).agg(["sum", "count"]).reindex(shops)
    means = (sums["sum"] + smoothing * frame["target"].mean()) / (sums["count"] + smoothing)
    return frame.assign(shop=means.to_numpy().round(int(random.choice([4, 12])))), {}


SICK_TABLES: dict[str, tuple[str, Maker]] = {
    "sentinel": ("sentinel-values", with_sentinel),
    "two sentinels": ("sentinel-values", with_two_sentinels),
    "words among numbers": ("sentinel-values", with_words),
    "two units": ("mixed-units", in_two_units),
    "near copies": ("near-duplicates", with_near_copies),
    "patients": ("group-leakage", lambda random: (patients(random), {})),
    "patients left out": ("group-leakage", lambda random: (patients(random), {"ignore": "patient"})),
    "persons": ("group-leakage", lambda random: persons(random, named="person")),
    "units": ("numbers-as-text", with_units),
    "blocks": ("group-leakage", blocks),
    "drift in time": ("group-leakage", drifting),
    "telling text": ("left-out-columns", telling_text),
    "telling names": ("left-out-columns", telling_names),
    "shifted column": ("shifted-test-samples", shifted),
    "shifted category": ("shifted-test-samples", shifted_category),
    "equal rows": ("duplicates", equal_rows),
    "encoded target": ("target-encoding", with_encoded_target),
}
"""What a table suffers from -> the kind of the warning that names it, and the function that makes it."""


def counts(random: np.random.Generator) -> Given:
    """Counts and amounts with long tails, many of them zero, and rounded prices."""
    n = 900
    frame = measured(random).assign(
        visits=random.poisson(random.uniform(0.2, 20), n),
        amount=np.where(some(random, measured(random), 0.6), 0, random.lognormal(5, 1.5, n).round(2)),
        pages=random.geometric(0.03, n),
        debt=(random.pareto(1.1, n) * 100).round(),
        price=random.choice([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], n),
        share=random.beta(0.3, 0.3, n).round(2),
    )
    return frame, {}


def categories(random: np.random.Generator) -> Given:
    """Categories of many sizes, cells that are missing, and identifiers that differ in every row."""
    n = 900
    frame = measured(random).assign(
        city=random.choice([f"c{i}" for i in range(40)], n, p=random.dirichlet(np.ones(40))),
        code=[f"K-{i:06}" for i in random.permutation(100_000)[:n]],
        floor=random.choice([*map(str, range(1, 8)), "ground"], n),
        zip=random.integers(1000, 1300, n),
        born=random.integers(1940, 2005, n),
    )
    frame.loc[some(random, frame, 0.1), "x3"] = np.nan
    return frame, {}


def dated(random: np.random.Generator) -> Given:
    return measured(random).assign(day=pd.date_range("2019-01-01", periods=900)), {}


def in_groups(random: np.random.Generator) -> Given:
    """Patients whose rows have labels of their own, divided by patient."""
    return patients(random, told=False), {"group": "patient"}


def groups_that_tell_nothing(random: np.random.Generator) -> Given:
    return patients(random, told=False), {}


def sites_of_classes(random: np.random.Generator) -> Given:
    """A category whose share of a class differs, and other columns that have nothing to do with it."""
    frame, branch = measured(random), random.integers(0, 15, 900)
    target = np.where(some(random, frame, 0.5), frame["target"], random.integers(0, 2, 15)[branch])
    return frame.assign(site=[f"s{n}" for n in branch], target=target), {}


def two_populations(random: np.random.Generator) -> Given:
    """Small and large animals, of which most of one kind are of one class."""
    frame = measured(random)
    is_large = (frame["target"] == 1) ^ some(random, frame, 0.2)
    return frame.assign(weight=random.lognormal(0, 0.2, 900) * np.where(is_large, 70.0, random.uniform(0.15, 0.3))), {}


def clusters(random: np.random.Generator) -> Given:
    """Tight groups of samples of every class."""
    who = random.integers(0, 30, 900)
    x = random.normal(size=(30, 5))[who] * 4 + random.normal(size=(900, 5)) * random.uniform(0.1, 1)
    return pd.DataFrame(x, columns=list("abcde")).assign(target=random.integers(0, 3, 30)[who]), {}


def curves(random: np.random.Generator) -> Given:
    """Samples along a curve, as those of a slow process, in the order of the file."""
    time = np.linspace(0, 20, 900)
    x = np.stack([np.sin(time * k / 3) for k in range(1, 7)], axis=1) + random.normal(size=(900, 6)) * 0.02
    y = (x[:, 0] + random.normal(size=900) * 0.7 > 0).astype(int)
    return pd.DataFrame(x, columns=list("abcdef")).assign(target=y), {}


def sorted_by_class(random: np.random.Generator) -> Given:
    return measured(random, classes=3).sort_values("target", ignore_index=True), {}


def free_text(random: np.random.Generator) -> Given:
    words = "the house garden red quick walks runs sees tall old new river stone bread"
    return measured(random).assign(note=[" ".join(random.choice(words.split(), 8)) for _ in range(900)]), {}


def alike_test(random: np.random.Generator) -> Given:
    frame = measured(random, 1200, columns=30)
    frame["city"] = random.choice(["Oslo", "Bonn", "Rom"], 1200)
    return frame.iloc[:900].reset_index(drop=True), {"test": frame.iloc[900:].reset_index(drop=True)}


def encoded_by_training_rows(random: np.random.Generator) -> Given:
    """The encoder saw no test row; and a rate that is known from elsewhere, and predicts the class."""
    frame, test = measured(random), measured(random, 300)
    shops, others = random.integers(0, 40, 900), random.integers(0, 40, 300)
    means = frame["target"].groupby(shops).mean()
    rates = random.beta(4, 4, 40).round(3)
    frame, test = (
        each.assign(shop=means.reindex(at).to_numpy(), rate=rates[at]) for each, at in ((frame, shops), (test, others))
    )
    return frame, {"test": test}


def unbalanced(random: np.random.Generator) -> Given:
    frame = measured(random, 3000)
    return frame[(frame["target"] == 0) | some(random, frame, 0.15)].reset_index(drop=True), {}


def of_sklearn(name: str) -> Maker:
    def make(random: np.random.Generator) -> Given:
        import sklearn.datasets

        frame: pd.DataFrame = getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
        if name == "diabetes":
            frame = frame.assign(target=(frame["target"] > frame["target"].median()).astype(int))
        return frame.sample(frac=1, random_state=random).reset_index(drop=True), {}

    return make


HEALTHY: tuple[Maker, ...] = (
    *(counts, categories, dated, encoded_by_training_rows, in_groups, groups_that_tell_nothing, sites_of_classes),
    *(two_populations, clusters, curves, sorted_by_class, free_text, alike_test, unbalanced),
)
HEALTHY_TABLES: dict[str, Maker] = {
    "measured": lambda random: (measured(random, classes=int(random.integers(2, 6))), {}),
    **{each.__name__.replace("_", " "): each for each in HEALTHY},
    **{name: of_sklearn(name) for name in ("iris", "wine", "breast_cancer", "diabetes", "digits")},
}
"""Tables of which no warning is true."""
