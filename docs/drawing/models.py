"""The settings of `cutaway.mlp`."""

import numpy as np

from .bench import PLAIN, Bench, Row, epochs_of, row, seconds_of
from .style import bars, by_epoch, curves, legend, name, panels, save


def hidden(bench: Bench) -> list[Row]:
    """Wider and deeper models take longer."""
    shapes = ((32,), (256, 256), (512, 512), (256, 256, 256, 256))
    runs = {", ".join(map(str, shape)): bench.train(hidden=shape) for shape in shapes}
    figure, (axes,) = panels()
    curves(axes, {value: seconds_of(run) for value, run in runs.items()})
    name(axes, "CPU seconds", "validation accuracy (%)")
    legend(axes, loc="lower right")
    save(figure, "hidden")
    return [row("hidden", value, run) for value, run in runs.items()]


def dropout(bench: Bench) -> list[Row]:
    """With dropout the model memorizes less."""
    runs = {f"{value:g}": bench.train(dropout=value, **PLAIN, patience=None) for value in (0.0, 0.2, 0.5)}
    figure, (left, right) = panels(2)
    curves(left, {f"dropout={value}": epochs_of(run, "loss") for value, run in runs.items()})
    by_epoch(left, "training loss")
    legend(left)
    curves(right, {f"dropout={value}": epochs_of(run, "val_loss") for value, run in runs.items()})
    by_epoch(right, "validation loss")
    save(figure, "dropout")
    return [row("dropout", value, run) for value, run in runs.items()]


def batch_norm(bench: Bench) -> list[Row]:
    """Deep models learn faster in their first epochs."""
    shapes = {"2 layers": (256, 256), "8 layers": (256,) * 8}
    runs = {
        f"{layers}, {'on' if on else 'off'}": bench.train(hidden=shape, batch_norm=on)
        for layers, shape in shapes.items()
        for on in (False, True)
    }
    figure, axes = panels(2)
    for panel, layers in zip(axes, shapes, strict=True):
        curves(panel, {value: epochs_of(run, "val_loss") for value, run in runs.items() if value.startswith(layers)})
        by_epoch(panel, "validation loss")
        legend(panel)
    save(figure, "batch_norm")
    return [row("batch_norm", value, run) for value, run in runs.items()]


def activation(bench: Bench) -> list[Row]:
    """Activation functions, and the validation error with each."""
    runs = {value: bench.train(activation=value) for value in ("relu", "softplus", "tanh", "sigmoid")}
    figure, (left, right) = panels(2)
    x = np.linspace(-4, 4, 81)
    shapes = {
        "relu": np.maximum(x, 0),
        "softplus": np.log1p(np.exp(x)),
        "tanh": np.tanh(x),
        "sigmoid": 1 / (1 + np.exp(-x)),
    }
    curves(left, {value: (x, shapes[value]) for value in runs}, dots=False)
    name(left, "sum of the inputs", "output of the unit")
    legend(left)
    bars(right, {value: 100 * (1 - run.history["val_accuracy"][-1]) for value, run in runs.items()}, text="{:.2f}%")
    name(right, "validation error (%)")
    save(figure, "activation")
    return [row("activation", value, run) for value, run in runs.items()]


def ensemble(bench: Bench) -> list[Row]:
    """More members predict better, and take longer."""
    runs = {str(members): bench.train(ensemble=members) for members in (1, 2, 4, 8)}
    figure, (left, right) = panels(2)
    curves(left, {f"ensemble={value}": epochs_of(run, "val_loss") for value, run in runs.items()})
    by_epoch(left, "validation loss")
    legend(left)
    bars(right, {value: 100 * (1 - run.history["val_accuracy"][-1]) for value, run in runs.items()}, text="{:.2f}%")
    name(right, "validation error (%)")
    save(figure, "ensemble")
    return [row("ensemble", value, run) for value, run in runs.items()]


SETTINGS = (hidden, dropout, batch_norm, activation, ensemble)
