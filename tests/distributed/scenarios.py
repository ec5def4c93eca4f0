"""Small trainings, the same in one process, in several, and on several devices."""

import sys
from pathlib import Path

import keras
import numpy as np

import cutaway as ct

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


def train(name: str, runs: Path, **more) -> ct.Run:
    make, settings = SCENARIOS[name]
    settings = {"precision": "float32", "optimizer": "adam", "label_smoothing": 0.0, **settings, **more}
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


def main(runs: Path, coordinator: str, processes: int, index: int, names: list[str]) -> None:
    joined = ct.join_processes(coordinator, processes=processes, process_index=index, wait=300)
    assert (joined.index, joined.count) == (index, processes)
    for name in names:
        run = train(name, runs)
        assert run.folder.status == "finished"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
