"""How many of the held-out rows 90% intervals hold, on tables of mixed columns with different noise, and bundled ones.

    python -m benchmarks.interval_coverage [SEEDS]

Each table is made and divided again for each seed: 60% of its rows for training, 20% for validation, 20% held out.
"""

import sys
import tempfile
import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

import cutaway as ct
from benchmarks.harness import keep, machine, verdict

NOISE: dict[str, Any] = {
    "normal": lambda signal, draw: signal + draw.normal(size=len(signal)),
    "heavy tails": lambda signal, draw: signal + draw.standard_t(3, len(signal)),
    "outliers": lambda signal, draw: signal + draw.normal(0, np.where(draw.random(len(signal)) < 0.05, 10, 0.5)),
    "growing spread": lambda signal, draw: signal + draw.normal(size=len(signal)) * np.exp(signal / 3),
    "skewed": lambda signal, draw: signal + draw.exponential(2, len(signal)),
    "counts": lambda signal, draw: draw.poisson(np.exp(1 + signal / 3)).astype(float),
    "log-normal": lambda signal, draw: np.exp(signal / 2 + draw.normal(0, 0.3, len(signal))),
}
BUNDLED: dict[str, Any] = {"progression": load_diabetes, "alcohol": load_wine, "mean area": load_breast_cancer}


def main(seeds: int) -> int:
    print(machine())
    tables = [(name, rows, False) for name in NOISE for rows in (300, 1500)] + [("log-normal", 1500, True)]
    found = {f"{name}, {rows:,} rows{log * ', log'}": (name, rows, log) for name, rows, log in tables}
    found |= {name: (name, 0, False) for name in BUNDLED}
    shares = {n: [_coverage(*t, 100 * k + i) for i in range(seeds)] for k, (n, t) in enumerate(found.items())}
    for name, each in shares.items():
        print(f"{name:28} {np.mean(each):6.1%} ({min(each):.1%} to {max(each):.1%}), n={seeds}")
    mean = float(np.mean([np.mean(each) for each in shares.values()]))
    keep("interval_coverage", {"shares": shares, "mean": mean})
    return verdict({f"90% intervals hold 88% to 92% of held-out rows ({mean:.1%})": 0.88 <= mean <= 0.92})


def _coverage(name: str, rows: int, log: bool, seed: int) -> float:
    frame, draw = pd.DataFrame(), np.random.default_rng(seed)
    if name in BUNDLED:
        frame = BUNDLED[name](as_frame=True).frame.rename(columns={"target": "progression"})
    else:
        frame = pd.DataFrame({f"x{k}": draw.normal(size=rows) for k in range(5)}).round(3)
        frame["city"] = draw.choice(["Rome", "Oslo", "Bern"], rows)
        signal = 2 * frame.x0 + np.sin(2 * frame.x1) * frame.x2 + 2 * (frame.city == "Oslo")
        frame[name] = NOISE[name](signal.to_numpy(), draw)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
        data = ct.load_dataset(frame, target=name, log=log)
        run = ct.train(ct.mlp((32,)), data, epochs=30, seed=seed, runs=folder, progress=False)
        return run.errors().table().records()[0]["coverage"]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 5))
