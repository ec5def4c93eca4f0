"""What the lesson has defined before each exercise: the table, its file, and the run (trained on first use)."""

import os
import tempfile
from functools import cache
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

import cutaway as ct

temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)


def patients():
    """Ten measurements of each tumor with a patient id, a date, a clinic and a few gaps."""
    tumors = load_breast_cancer(as_frame=True)
    means = [column for column in tumors.data if column.startswith("mean ")]
    table = tumors.data[means].rename(columns=lambda column: column.removeprefix("mean "))
    random = np.random.default_rng(8)  # try another: all that chance decides will be different
    rows = len(table)
    for column in ("texture", "concavity"):
        table.loc[random.random(rows) < 0.05, column] = np.nan
    numbers = random.permutation(np.arange(1000, 10_000))[:rows]
    days = pd.to_timedelta(random.integers(0, 731, rows), "D")
    table.insert(0, "patient", [f"P{number}" for number in numbers])
    table.insert(1, "visit", pd.Timestamp("2024-01-01") + days)
    table.insert(2, "clinic", random.choice(["North", "South", "Lakeside"], rows))
    table["diagnosis"] = tumors.target_names[tumors.target]
    return table.sort_values("visit", ignore_index=True)


table = patients()
table[:-40].to_csv(folder / "tumors.csv", index=False)


@cache
def lesson_run() -> ct.Run:
    """The network that the lesson looks at."""
    data = ct.load_dataset(folder / "tumors.csv", label="diagnosis", id="patient", time="visit")
    return ct.train(
        ct.mlp((128, 128), dropout=0.2), data, seed=0, runs=folder / "runs", progress=False
    )
