"""Why many units of the first layer never fire on Fashion-MNIST: their share after two epochs, by what is changed.

    python -m benchmarks.dead_units FOLDER

The folder holds the four files of Fashion-MNIST as its authors publish them.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import cutaway as ct
from benchmarks.harness import keep, machine
from cutaway.models import FORM

CHANGES: dict[str, dict[str, Any]] = {
    "the default recipe": {},
    "a rate of 0.001": {"learning_rate": 0.001},
    "a rate that rises first (one-cycle)": {"schedule": "one-cycle"},
    "no dropout": {"dropout": 0.0},
    "images less their mean": {"centered": True},
    "batch normalization": {"batch_norm": True},
}
SEEDS = 3


def main(data: ct.Dataset) -> int:
    print(f"dead units of the first of two layers of 512 on {data.name}\n  {machine()}")
    found: dict[str, Any] = {}
    for name, changes in CHANGES.items():
        measured = [measure(data, seed=seed, **changes) for seed in range(SEEDS)]
        first, last, error, loss = (np.array(each) for each in zip(*measured, strict=True))
        found[name] = {"epoch 1": first.tolist(), "last": last.tolist(), "error": error.tolist(), "loss": loss.tolist()}
        print(
            f"  {name:36} after epoch 1 {100 * first.mean():.1f}%, at the end {100 * last.mean():.1f}%; "
            f"validation error {100 * error.mean():.2f}%, cross-entropy {loss.mean():.4f}, n={SEEDS}",
            flush=True,
        )
        keep("dead_units", {data.name: found})
    return 0


def measure(
    data: ct.Dataset, *, seed: int, centered: bool = False, **changes: Any
) -> tuple[float, float, float, float]:
    """Shares of units dead on the validation samples after two epochs; validation error and cross-entropy."""
    form: dict[str, Any] = {"dropout": 0.2} | {name: changes.pop(name) for name in FORM if name in changes}
    with tempfile.TemporaryDirectory() as runs:
        given = without_mean(data) if centered else data
        run = ct.train(ct.mlp((512, 512), **form), given, seed=seed, runs=runs, progress=False, **changes)
        row = run.history.rows[-1]
        layer = "activation_1" if form.get("batch_norm") else "dense_1"
        shares = [
            float((run.activations(layer, split="val", epoch=epoch) <= 0).all(axis=0).mean())
            for epoch in (1, row["epoch"])
        ]
        return shares[0], shares[1], 1 - row["val_accuracy"], row["val_cross_entropy"]


def without_mean(data: ct.Dataset) -> ct.Dataset:
    """The same images with the mean of all pixels of the training images subtracted."""
    train, test = (data.sources[name] for name in ("train", "test"))
    mean = np.asarray(train.x, np.float32).mean() / np.float32(data.scale)
    x, x_test = (np.asarray(part.x, np.float32) / np.float32(data.scale) - mean for part in (train, test))
    return ct.Dataset.from_arrays(x, train.y, x_test=x_test, y_test=test.y)


if __name__ == "__main__":
    loaded = ct.load_dataset(Path(sys.argv[1]))
    assert isinstance(loaded, ct.Dataset)
    sys.exit(main(loaded))
