"""Train on all devices of this process and on one: ``python on_devices.py FOLDER``."""

import json
import sys
from pathlib import Path
from unittest.mock import patch

import jax
import keras
import numpy as np

import cutaway as ct
from cutaway.errors import Canceled
from cutaway.training.loop import placement, trainer

PLACE = "cutaway.training.loop.trainer.placement_of"
MEMORY = "cutaway.training.loop.trainer.accelerator_memory"
CLASSES, SHAPE = 6, (4, 5)
FEATURES = 20


def data(rows: int = 400) -> ct.Dataset:
    generator = np.random.default_rng(7)
    y = generator.integers(0, CLASSES, rows)
    centers = generator.normal(size=(CLASSES, FEATURES))
    x = np.clip(generator.normal(size=(rows, FEATURES)) * 40 + 30 * centers[y] + 120, 0, 255).astype(np.uint8)
    x = x.reshape(rows, *SHAPE)
    return ct.Dataset.from_arrays(x[:320], y[:320], x_test=x[320:], y_test=y[320:])


def plain() -> keras.Model:
    return ct.mlp((24, 12), dropout=0.2)


def normalized() -> keras.Model:
    return keras.Sequential(
        [
            keras.layers.Dense(16, activation="relu", name="first"),
            keras.layers.BatchNormalization(name="normalization"),
            keras.layers.Dense(CLASSES, activation="softmax", name="last"),
        ]
    )


SCENARIOS = {
    # 240 training samples: 8 steps an epoch, 200 in all
    "plain": (plain, {"epochs": 25, "batch_size": 32, "schedule": "cosine", "learning_rate": 0.003}),
    # a batch that 2 devices divide and 4 do not, and a last one of 20 rows
    "normalized": (normalized, {"epochs": 3, "batch_size": 22, "optimizer": "sgd", "momentum": 0.9}),
    "augmented": (plain, {"epochs": 3, "batch_size": 50, "augment": "shift=0.2, rotation=30, elastic=0.05"}),
    "stopped": (plain, {"epochs": 60, "batch_size": 240, "learning_rate": 0.2, "patience": 2}),
}


def train(name: str, runs: Path) -> ct.Run:
    make, settings = SCENARIOS[name]
    settings = {"precision": "float32", "optimizer": "adam", "label_smoothing": 0.0, **settings}
    return ct.train(make(), data(), runs=runs, name=name, seed=3, progress=False, **settings)


def difference(ours: ct.Run, theirs: ct.Run) -> dict[str, float]:
    """The largest differences between two runs of the same training."""
    last = theirs.folder.epochs[-1]
    weights, others = (run.folder.snapshot(last) for run in (ours, theirs))
    files = [np.load(run.path / f"predictions/epoch-{last:04d}.npy").astype(float) for run in (ours, theirs)]
    losses = [[row["val_loss"] for row in run.history.rows] for run in (ours, theirs)]
    return {
        "weights": max(float(np.abs(weights[name] - others[name]).max()) for name in others),
        "predictions": float(np.abs(files[0] - files[1]).max()),
        "val_loss": float(np.abs(np.subtract(*losses)).max()),
        "test_loss": abs(ours.test["loss"] - theirs.test["loss"]),
        "epochs": abs(len(losses[0]) - len(losses[1]))
        + abs(ours.context.manifest.kept_epoch - theirs.context.manifest.kept_epoch),
    }


def interrupted(runs: Path) -> ct.Run:
    """A training on four devices that is canceled in the middle of an epoch and goes on with one."""
    token = ct.CancelToken()

    def cancel(now: ct.Progress) -> None:
        if now.done > 240 * 12:
            token.cancel()

    make, settings = SCENARIOS["plain"]
    settings = {"precision": "float32", "optimizer": "adam", "label_smoothing": 0.0, **settings}
    try:
        with token:
            ct.train(make(), data(), runs=runs, seed=3, progress=cancel, **settings)
    except Canceled:
        pass
    with patch(PLACE, lambda: placement.ONE_DEVICE):
        return ct.resume("latest", runs=runs, data=data(), progress=False)


def shares() -> list[float]:
    """The share of the first kernel, and of the rows of a batch, that one device holds."""
    many = placement.placement_of()
    kernel = many.place([np.zeros((20, 24), np.float32)])[0]
    rows, *_ = many.put(np.zeros((99, 20), np.uint8), np.zeros((2, 8), int))
    return [of.addressable_shards[0].data.size / of.size for of in (kernel, rows)]


def main(runs: Path) -> None:
    assert jax.device_count() == 4
    assert trainer.placement_of is placement.placement_of
    differences, one = {}, {}
    for name in SCENARIOS:
        with patch(PLACE, lambda: placement.ONE_DEVICE):
            one[name] = train(name, runs)
        differences[name] = difference(train(name, runs), one[name])
    with patch(MEMORY, lambda: 2**20):
        differences["plain, rows on devices"] = difference(train("plain", runs), one["plain"])
    resumed = difference(interrupted(runs / "resumed"), one["plain"])["weights"]
    answer = {"differences": differences, "resumed": resumed, "shares": shares()}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
