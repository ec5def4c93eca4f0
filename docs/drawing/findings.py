"""Pictures of runs with a finding and of runs without it, for ten common kinds: ``python -m docs.drawing.findings``.

It trains them on the small digits and on clouds of points, and writes docs/images/findings. It fails if a run on the
left lacks its finding, or if one on the right has it.
"""

import functools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.axes import Axes

import cutaway as ct
from cutaway.plots.theme import BLUE, GRAY

from . import style

IMAGES = Path(__file__).parents[1] / "images" / "findings"
PLAIN: dict[str, Any] = {"schedule": "constant", "label_smoothing": 0.0, "epochs": 12, "seed": 0}

Draw = Callable[[Axes, ct.Run], None]


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """The digits in 0..1 in a random order, and their classes."""
    data = ct.load_dataset("digits")
    order = np.random.default_rng(0).permutation(1797)
    return data.sources["train"].x[order].astype(np.float32) / 16, data.labels["train"][order]


def clouds(rows: int, *, inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of three classes that overlap much."""
    random = np.random.default_rng(0)
    y = random.permutation(np.arange(rows) % 3)
    x = 0.45 * random.normal(size=(3, inputs))[y] + random.normal(size=(rows, inputs))
    return x.astype(np.float32), y


class Trainer:
    """Trains into a folder, with plain settings but for those that are given."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, *layers: Any, x: Any = None, y: Any = None, scale: float = 1.0, **settings: Any) -> ct.Run:
        """Train hidden layers, one of 64 units by default, on the digits by default."""
        data = ct.Dataset.from_arrays(*(digits() if x is None else (x, y)), scale=scale)
        output = keras.layers.Dense(data.classes, "softmax")
        model = keras.Sequential([*layers, output]) if layers else ct.mlp((64,))
        return ct.train(model, data, runs=self.folder, progress=False, **{**PLAIN, **settings})


def losses(axes: Axes, run: ct.Run) -> None:
    """Training and validation loss by epoch."""
    rows = run.history.rows
    epochs = [row["epoch"] for row in rows]
    named = {"training": "loss", "validation": "val_loss"}
    style.curves(axes, {name: (epochs, [row[key] for row in rows]) for name, key in named.items()}, dots=len(rows) < 20)
    style.by_epoch(axes, "loss")
    axes.set_ylim(0, 1.1 * axes.get_ylim()[1])
    style.legend(axes)


def fires(axes: Axes, run: ct.Run) -> None:
    """How often each unit of the first layer is not 0, in order."""
    layer = next(each.name for each in run.layers() if each.name.startswith("dense"))
    often = np.sort((run.activations(layer, split="all") > 0).mean(axis=0))[::-1]
    axes.bar(range(len(often)), 100 * often, color=BLUE, width=1.0)
    axes.set_ylim(0, 100)
    style.name(axes, "unit", "% of samples")


def outputs(axes: Axes, run: ct.Run) -> None:
    """What the units of the first layer say."""
    layer = next(each.name for each in run.layers() if each.name.startswith("dense"))
    axes.hist(run.activations(layer, split="test").ravel(), bins=40, color=BLUE, density=True)
    style.name(axes, "output of tanh", "density")


def inputs(axes: Axes, run: ct.Run) -> None:
    """The inputs of the model."""
    axes.hist(run.data.inputs(run.split.train).ravel(), bins=40, color=BLUE)
    style.name(axes, "input", "values")


def classes(axes: Axes, run: ct.Run) -> None:
    """Training samples of each class."""
    counts = np.bincount(run.data.y(run.split.train), minlength=run.data.classes)
    axes.bar(range(len(counts)), counts, color=BLUE)
    style.name(axes, "class", "training samples")


def reliability(axes: Axes, run: ct.Run) -> None:
    """Confidence against accuracy."""
    curve = run.calibration().curve
    axes.plot([0, 1], [0, 1], color=GRAY, lw=1)
    axes.plot(curve.confidence, curve.accuracy, color=BLUE, marker="o", markersize=3, lw=1.4)
    style.name(axes, "confidence", "accuracy")


def dead(train: Trainer) -> ct.Run:
    """All units begin far below 0."""
    below: Any = keras.initializers.Constant(-3)
    return train(keras.layers.Flatten(), keras.layers.Dense(64, "relu", bias_initializer=below))


def wide(train: Trainer) -> ct.Run:
    """First weights that are far too large."""
    return train(keras.layers.Flatten(), tanh(keras.initializers.RandomNormal(stddev=3.0)))


def tanh(initializer: Any = "glorot_uniform") -> Any:
    """A layer of tanh."""
    return keras.layers.Dense(64, "tanh", kernel_initializer=initializer)


def imbalanced(train: Trainer) -> ct.Run:
    """A fifteenth of one class."""
    x, y = digits()
    kept = (y != 3) | (np.arange(len(y)) % 15 == 0)
    return train(x=x[kept], y=y[kept])


def overfitted(train: Trainer) -> ct.Run:
    """A large model of few samples."""
    x, y = clouds(260, inputs=20)
    return train(*(keras.layers.Dense(256, "relu") for _ in range(2)), x=x, y=y, epochs=60)


def oscillating(train: Trainer) -> ct.Run:
    """Steps that are too large for its small batches."""
    x, y = clouds(900, inputs=12)
    return train(x=x, y=y, optimizer="sgd", learning_rate=0.3, momentum=0.9, batch_size=16)


PICTURES: dict[str, tuple[Draw, Callable[[Trainer], ct.Run], Callable[[Trainer], ct.Run]]] = {
    "overfitting": (losses, overfitted, lambda train: train()),
    "learning-rate-too-high": (losses, lambda train: train(learning_rate=1.0), lambda train: train()),
    "learning-rate-too-low": (
        losses,
        lambda train: train(optimizer="sgd", learning_rate=1e-4),
        lambda train: train(),
    ),
    "too-few-epochs": (
        losses,
        lambda train: train(optimizer="sgd", learning_rate=0.01, epochs=2),
        lambda train: train(optimizer="sgd", learning_rate=0.1, epochs=40),
    ),
    "oscillation": (losses, oscillating, lambda train: train()),
    "unscaled-inputs": (
        inputs,
        lambda train: train(x=digits()[0] * 255, y=digits()[1]),
        lambda train: train(),
    ),
    "class-imbalance": (classes, imbalanced, lambda train: train()),
    "dead-units": (fires, dead, lambda train: train()),
    "saturated-units": (outputs, wide, lambda train: train(keras.layers.Flatten(), tanh())),
    "miscalibration": (reliability, lambda train: train(label_smoothing=0.5), lambda train: train()),
}
"""Kind of finding -> what is drawn, and the runs with and without it."""


def main(names: list[str]) -> int:
    """Draw the pictures of all kinds, or of some."""
    with tempfile.TemporaryDirectory() as folder:
        train = Trainer(folder)
        for kind in names or PICTURES:
            draw, *made = PICTURES[kind]
            figure, axes = style.panels(2, height=1.9)
            for panel, make, has in zip(axes, made, (True, False), strict=True):
                run = make(train)
                warned = {each.kind for each in run.findings() if each.severity == "warning"}
                if (kind in warned) is not has:
                    sys.stderr.write(f"{kind}: the run has {', '.join(sorted(warned)) or 'no warnings'}\n")
                    return 1
                draw(panel, run)
                panel.set_title(f"{'with' if has else 'without'} {kind}", fontsize=9, loc="left")
            style.save(figure, kind, folder=IMAGES)
            sys.stderr.write(f"{kind}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
