"""The runs that tests read, each trained once in a session for all workers, and the files that may train themselves.

A test opens one with the fixture `ready_run`, and never writes into it; one that writes asks `copied_run` for a copy.
Add a run here only if no other will do: three shapes of models are enough, since each new one is compiled.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SETTINGS = {"epochs": 5, "batch_size": 16, "learning_rate": 0.01, "seed": 0}

MAY_TRAIN = (
    "tests/api/test_estimators.py",
    "tests/api/test_label_issues.py",
    "tests/api/test_learning_curve.py",
    "tests/api/test_train.py",
    "tests/api/test_train_like.py",
    "tests/augmentation/test_training.py",
    "tests/findings/test_remedy_tests.py",
    "tests/page/test_playground_training.py",
    "tests/sweeps/test_sweep.py",
    "tests/training/test_against_keras.py",
    "tests/training/test_resume.py",
    "tests/training/test_training.py",
)
"""Only these train in `make test`; a long form may train anywhere."""


def write_table(path: Path, rows: int = 160) -> Path:
    """A table with numbers, a category, a date, missing values and two classes, the same in every call."""
    random = np.random.default_rng(7)
    age, income = random.integers(18, 80, rows), random.normal(30_000, 9_000, rows).round(2)
    city = np.array(["Bern", "Oslo", "Rome"])[random.integers(0, 3, rows)]
    days = np.datetime64("2024-01-01") + random.integers(0, 700, rows)
    churned = np.where((age > 45) ^ (random.random(rows) < 0.15), "yes", "no")
    lines = ["age,income,city,since,churned"]
    for k in range(rows):
        lines.append(f"{age[k]},{'' if k % 23 == 0 else income[k]},{city[k]},{days[k]},{churned[k]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def digits(folder: Path) -> None:
    """Six epochs of 64-32-16-10 on scikit-learn's digits, with dropout."""
    import cutaway as ct

    settings = {"epochs": 6, "batch_size": 32, "learning_rate": 0.01, "seed": 0}
    ct.train(ct.mlp((32, 16), dropout=0.1), "digits", runs=folder / "runs", progress=False, **settings)


def other_digits(folder: Path) -> None:
    """Three epochs of 64-16-10 on the same samples: another model to compare with."""
    import cutaway as ct

    ct.train(ct.mlp((16,)), "digits", epochs=3, seed=0, runs=folder / "runs", progress=False)


def table(folder: Path) -> None:
    """Five epochs of a small model on `write_table`, which lies beside the run as table.csv."""
    import cutaway as ct

    data = ct.load_dataset(write_table(folder / "table.csv"), label="churned")
    with warnings.catch_warnings(action="ignore"):  # that the rows have dates, and are split at random
        ct.train(ct.mlp((16,)), data, runs=folder / "runs", progress=False, **SETTINGS)


def wine(folder: Path) -> None:
    """Five epochs of a small model on the 13 numbers of scikit-learn's wines, which lie beside it as wine.csv."""
    from sklearn.datasets import load_wine

    import cutaway as ct

    load_wine(as_frame=True).frame.to_csv(folder / "wine.csv", index=False)
    data = ct.load_dataset(folder / "wine.csv", label="target")
    ct.train(ct.mlp((16,)), data, runs=folder / "runs", progress=False, **SETTINGS)


def colors(folder: Path) -> None:
    """Five epochs of a small model on 180 colored PNG files of 8 x 8 pixels in three classes, six in a wrong folder."""
    from PIL import Image

    import cutaway as ct

    random = np.random.default_rng(0)
    for channel, name in enumerate(("red", "green", "blue")):
        (folder / "images" / name).mkdir(parents=True)
        for k in range(60):
            pixels = random.integers(0, 90, (8, 8, 3), dtype=np.uint8)
            pixels[..., (channel + (k % 30 == 0)) % 3] += 120
            Image.fromarray(pixels).save(folder / "images" / name / f"{k:02}.png")
    data = ct.load_dataset(folder / "images")
    ct.train(ct.mlp((16,)), data, runs=folder / "runs", progress=False, **SETTINGS)


def plane(folder: Path) -> None:
    """Three epochs of 2-16-3 with momentum on three clouds of 80 points, as the playground trains it."""
    import cutaway as ct

    kinds, random = np.arange(240) % 3, np.random.default_rng(0)
    points = random.normal(size=(240, 2)) + np.array([[0, 4], [4, 0], [-4, -4]])[kinds]
    lines = [f"{x:.3f},{y:.3f},{'abc'[kind]}" for (x, y), kind in zip(points, kinds, strict=True)]
    (folder / "plane.csv").write_text("\n".join(["x,y,kind", *lines]) + "\n", encoding="utf-8")
    settings = {"epochs": 3, "batch_size": 16, "optimizer": "sgd", "learning_rate": 0.2, "momentum": 0.5, "seed": 0}
    with warnings.catch_warnings(action="ignore"):  # that the rows are split at random
        data = ct.load_dataset(folder / "plane.csv", label="kind", test_share=0.3)
        model = ct.mlp((16,), activation="tanh", dropout=0.1)
        ct.train(model, data, recipe="lesson", runs=folder / "runs", progress=False, **settings)


def people(folder: Path) -> None:
    """Five epochs of a small model on people.csv beside it: of 900 rows a number and a category matter, noise does not.

    Rows have an id, the number is missing in some, and 180 of them are test rows.
    """
    import cutaway as ct

    random = np.random.default_rng(0)
    age, noise = random.normal(50, 15, 900).round(2), random.normal(size=900).round(3)
    city = random.choice(["Oslo", "Rome", "Bern"], 900, p=[0.5, 0.3, 0.2])
    left = (age - 50) / 15 + (city == "Oslo") * 1.5 + random.normal(size=900) / 4 > 0.75
    lines = ["who,noise,city,age,left"]
    for k in range(900):
        given = "" if k % 9 == 0 else age[k]
        lines.append(f"c-{k},{noise[k]},{city[k]},{given},{'yes' if left[k] else 'no'}")
    (folder / "people.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = ct.load_dataset(folder / "people.csv", label="left", id="who")
    ct.train(ct.mlp((16,)), data, runs=folder / "runs", progress=False, **SETTINGS)


def homes(folder: Path) -> None:
    """Five epochs of a small model on homes.csv beside it: 600 rows with a price, which area and city explain.

    Rows have an id, the area is missing in some, and noise does not matter.
    """
    import cutaway as ct

    random = np.random.default_rng(0)
    area, noise = random.lognormal(4.6, 0.4, 600).round(1), random.normal(size=600).round(3)
    city = random.choice(["Oslo", "Rome", "Bern"], 600, p=[0.5, 0.3, 0.2])
    price = (1_800 * area * np.where(city == "Oslo", 1.3, 1.0) * np.exp(random.normal(0, 0.1, 600))).round(-2)
    lines = ["who,noise,city,area,price"]
    for k in range(600):
        lines.append(f"h-{k},{noise[k]},{city[k]},{'' if k % 25 == 0 else area[k]},{price[k]}")
    (folder / "homes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = ct.load_dataset(folder / "homes.csv", target="price", id="who")
    ct.train(ct.mlp((16,)), data, runs=folder / "runs", progress=False, **SETTINGS)


def record_untrained(
    data: Any, runs: Path, *, hidden: int | tuple[int, ...] = 8, activation="relu", seed=0, name: str | None = None
) -> Any:
    """A run of a model with its first weights, on arrays or on a table: for what needs a run and no training."""
    import keras

    import cutaway as ct

    prepared = data if isinstance(data, ct.Dataset) else data.prepare(data.split(seed=seed), warn=False)
    keras.utils.set_random_seed(seed)
    widths = [hidden] if isinstance(hidden, int) else hidden
    layers = [keras.layers.Dense(units, activation, name=f"dense_{k + 1}") for k, units in enumerate(widths)]
    model = keras.Sequential(
        [keras.Input((prepared.features,)), *layers, keras.layers.Dense(prepared.classes, "softmax", name="output")]
    )
    run = ct.record(model, prepared, seed=seed, runs=runs, name=name, progress=False)
    return ct.open_run(run.path, data=data)


RUNS: dict[str, Callable[[Path], None]] = {
    "digits": digits,
    "other": other_digits,
    "table": table,
    "wine": wine,
    "colors": colors,
    "plane": plane,
    "people": people,
    "homes": homes,
}
"""Name of a run -> the function that trains it into the folder ``runs`` inside the given one."""
