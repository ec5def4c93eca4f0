"""The settings of `cutaway.train`: a picture of what each does, and a table of what it costs."""

import numpy as np

from cutaway.augmentation import PRESETS
from cutaway.training import make_config
from cutaway.training.loop.optimizer import make_optimizer

from .bench import PLAIN, Bench, Row, epoch_seconds, epochs_of, row, seconds_of, uneven
from .style import LINES, bars, by_epoch, curves, legend, name, panels, save

STEPS = 1000


def epochs(bench: Bench) -> list[Row]:
    """More passes give a better model, up to a point."""
    runs = {value: bench.train(epochs=value) for value in (3, 6, 12)}
    figure, (axes,) = panels()
    curves(axes, {f"epochs={value}": epochs_of(run, "val_accuracy") for value, run in runs.items()})
    by_epoch(axes, "validation accuracy (%)")
    legend(axes, loc="lower right")
    save(figure, "epochs")
    return [row("epochs", value, run) for value, run in runs.items()]


def batch_size(bench: Bench) -> list[Row]:
    """Small batches take more steps per epoch, so the axis is time."""
    runs = {value: bench.train(batch_size=value) for value in (32, 128, 512)}
    figure, (axes,) = panels()
    curves(axes, {f"batch_size={value}": seconds_of(run) for value, run in runs.items()})
    name(axes, "CPU seconds", "validation accuracy (%)")
    legend(axes, loc="lower right")
    save(figure, "batch_size")
    return [row("batch_size", value, run) for value, run in runs.items()]


def optimizer(bench: Bench) -> list[Row]:
    """Each optimizer with the learning rate that "auto" gives it."""
    runs = {value: bench.train(optimizer=value, learning_rate="auto") for value in ("adam", "adamw", "sgd")}
    figure, (axes,) = panels()
    curves(axes, {value: epochs_of(run, "val_accuracy") for value, run in runs.items()}, nested=True)
    by_epoch(axes, "validation accuracy (%)")
    legend(axes, loc="lower right")
    save(figure, "optimizer")
    rates = {value: {"learning rate": run.config["learning_rate"]} for value, run in runs.items()}
    return [row("optimizer", value, run, **rates[value]) for value, run in runs.items()]


def learning_rate(bench: Bench) -> list[Row]:
    """With a small learning rate the model learns slowly, with a large one not at all."""
    runs = {value: bench.train(learning_rate=value) for value in (0.0001, 0.003, 0.03, 0.1)}
    figure, (axes,) = panels()
    curves(axes, {f"{value:g}": epochs_of(run, "val_loss") for value, run in runs.items()})
    by_epoch(axes, "validation loss")
    axes.set_yscale("log")
    axes.set_yticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
    axes.minorticks_off()
    legend(axes, loc="center right", title="learning_rate", title_fontsize=8)
    save(figure, "learning_rate")
    return [row("learning_rate", value, run) for value, run in runs.items()]


def momentum(bench: Bench) -> list[Row]:
    """SGD with and without momentum."""
    runs = {value: bench.train(optimizer="sgd", momentum=value) for value in (0.0, 0.5, 0.9)}
    figure, (axes,) = panels()
    curves(axes, {f"momentum={value:g}": epochs_of(run, "val_accuracy") for value, run in runs.items()})
    by_epoch(axes, "validation accuracy (%)")
    legend(axes, loc="lower right")
    save(figure, "momentum")
    return [row("momentum", value, run) for value, run in runs.items()]


def weight_decay(bench: Bench) -> list[Row]:
    """Weight decay shrinks the weights toward zero."""
    runs = {value: bench.train(optimizer="adamw", learning_rate=0.003, weight_decay=value) for value in (0.0, 0.1, 1.0)}
    figure, (axes,) = panels()
    for color, (value, run) in zip(LINES, runs.items(), strict=False):
        weights = run.model().get_layer("dense_2").get_weights()[0].ravel()
        axes.hist(
            weights, bins=np.linspace(-0.3, 0.3, 121), histtype="step", color=color, label=f"weight_decay={value:g}"
        )
    name(axes, "weights of the second hidden layer", "count")
    legend(axes, loc="upper right")
    save(figure, "weight_decay")
    return [row("weight_decay", value, run) for value, run in runs.items()]


def schedule(bench: Bench) -> list[Row]:
    """The learning rate over the steps, and the accuracy with each schedule."""
    runs = {value: bench.train(schedule=value) for value in ("constant", "cosine", "one-cycle", "step")}
    figure, (left, right) = panels(2)
    lines = {}
    for value in runs:
        built = make_optimizer(make_config(schedule=value, learning_rate=0.003), steps=STEPS)
        rates = []
        for step in range(0, STEPS, 5):
            built.iterations.assign(step)
            rates.append(float(built.learning_rate))
        lines[value] = (np.arange(0, STEPS, 5) / STEPS * 100, rates)
    curves(left, lines, dots=False)
    name(left, "share of the steps (%)", "learning rate")
    curves(right, {value: epochs_of(run, "val_accuracy") for value, run in runs.items()})
    by_epoch(right, "validation accuracy (%)")
    legend(right, loc="lower right")
    save(figure, "schedule")
    return [row("schedule", value, run) for value, run in runs.items()]


def loss(bench: Bench) -> list[Row]:
    """Three losses that reach the same accuracy."""
    values = ("categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy")
    runs = {value: bench.train(loss=value, label_smoothing=0.0) for value in values}
    figure, (left, right) = panels(2, height=2.3)
    lines = {value.removesuffix("_crossentropy"): epochs_of(run, "val_loss") for value, run in runs.items()}
    curves(left, lines, nested=True)
    by_epoch(left, "validation loss")
    legend(left)
    curves(right, {value: epochs_of(run, "val_accuracy") for value, run in runs.items()}, nested=True)
    by_epoch(right, "validation accuracy (%)")
    save(figure, "loss")
    return [row("loss", value, run) for value, run in runs.items()]


def label_smoothing(bench: Bench) -> list[Row]:
    """With label smoothing the predicted probabilities are smaller."""
    runs = {value: bench.train(label_smoothing=value) for value in (0.0, 0.05, 0.2)}
    figure, (axes,) = panels()
    for color, (value, run) in zip(LINES, runs.items(), strict=False):
        top = run.predictions(split="test").max(axis=1)
        axes.hist(top, bins=np.linspace(0.4, 1, 61), histtype="step", color=color, label=f"label_smoothing={value:g}")
    axes.set_yscale("log")
    name(axes, "probability of the predicted class, test samples", "count")
    legend(axes, loc="upper left")
    save(figure, "label_smoothing")
    return [row("label_smoothing", value, run) for value, run in runs.items()]


def virtual_adversarial(bench: Bench) -> list[Row]:
    """The smoother the predictions, the later the model overfits, and the longer an epoch."""
    runs = {value: bench.train(virtual_adversarial=value, **PLAIN) for value in (0.0, 1.0, 2.0)}
    figure, (axes,) = panels()
    lines = {f"virtual_adversarial={value:g}": epochs_of(run, "val_cross_entropy") for value, run in runs.items()}
    curves(axes, lines)
    by_epoch(axes, "validation cross-entropy")
    legend(axes, loc="upper right")
    save(figure, "virtual_adversarial")
    return [row("virtual_adversarial", f"{value:g}", run) for value, run in runs.items()]


def augment(bench: Bench) -> list[Row]:
    """What the model sees, and how much longer it gets better."""
    figure, (images, axes) = panels(2)
    digits = np.asarray(bench.data.sources["train"].x[2:8])
    epochs = [digits, *(PRESETS["characters"].apply(digits, epoch=epoch) for epoch in (1, 2, 3))]
    images.imshow(255 - np.concatenate([np.concatenate(list(each), axis=1) for each in epochs]), cmap="gray")
    images.set_xticks([])
    images.set_yticks([14, 42, 70, 98], ["as it is", "epoch 1", "epoch 2", "epoch 3"])
    images.spines[:].set_visible(False)
    runs = {value: bench.train(augment=value, epochs=24) for value in ("none", "characters")}
    curves(axes, {value: epochs_of(run, "val_accuracy") for value, run in runs.items()}, dots=False)
    axes.set_ylim(97, 99.5)
    by_epoch(axes, "validation accuracy (%)")
    legend(axes, loc="lower right")
    save(figure, "augment")
    return [row("augment", value, run) for value, run in runs.items()]


def precision(bench: Bench) -> list[Row]:
    """Half the bits in the large matrix products."""
    runs = {value: bench.train(precision=value) for value in ("float32", "bfloat16")}
    figure, (left, right) = panels(2, height=1.6)
    bars(left, {value: epoch_seconds(run) for value, run in runs.items()}, text="{:.2f} s")
    name(left, "CPU seconds per epoch")
    bars(right, {value: 100 * run.history["val_accuracy"][-1] for value, run in runs.items()}, text="{:.2f}%")
    name(right, "validation accuracy (%)")
    save(figure, "precision")
    return [row("precision", value, run) for value, run in runs.items()]


def validation(bench: Bench) -> list[Row]:
    """More validation samples leave fewer for training."""
    runs = {value: bench.train(validation=value) for value in (0.1, 0.25, 0.5)}
    figure, (left, right) = panels(2, height=1.9)
    names = [f"{value:g}" for value in runs]
    for part, color in (("train", LINES[0]), ("val", LINES[1])):
        sizes = [len(run.split.part(part)) for run in runs.values()]
        before = [len(run.split.train) if part == "val" else 0 for run in runs.values()]
        left.barh(names, sizes, left=before, color=color, label=part, height=0.6)
    left.invert_yaxis()
    name(left, "samples", "validation")
    legend(left, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    errors = {
        value: 100 * (1 - run.test["accuracy"]) for value, run in zip(names, runs.values(), strict=True) if run.test
    }
    bars(right, errors, text="{:.2f}%")
    name(right, "test error (%)")
    save(figure, "validation")
    return [row("validation", value, run) for value, run in runs.items()]


def patience(bench: Bench) -> list[Row]:
    """Stop when the validation loss no longer falls, and go back to the best epoch."""
    runs = {str(value): bench.train(dropout=0.0, **PLAIN, patience=value) for value in (None, 2)}
    figure, (axes,) = panels()
    curves(axes, {f"patience={value}": epochs_of(run, "val_loss") for value, run in runs.items()})
    kept_epoch = runs["2"].folder.manifest.kept_epoch
    assert kept_epoch is not None  # the run is finished
    lowest = runs["2"].history["val_loss"][kept_epoch - 1]
    axes.plot(kept_epoch, lowest, "o", ms=11, mfc="none", mec=LINES[1], label="kept epoch")
    by_epoch(axes, "validation loss")
    legend(axes)
    save(figure, "patience")
    return [row("patience", value, run, epochs=float(len(run.history))) for value, run in runs.items()]


def class_weight(bench: Bench) -> list[Row]:
    """Rare classes count as much as common ones."""
    data = uneven(bench.data)
    runs = {str(value): bench.train(data=data, class_weight=value, epochs=8) for value in (None, "balanced")}
    figure, (axes,) = panels()
    for place, (color, (value, run)) in enumerate(zip(LINES, runs.items(), strict=False)):
        matrix = run.confusion(split="test")
        shares = 100 * matrix.diagonal() / matrix.sum(axis=1)
        axes.bar(np.arange(10) + 0.4 * place - 0.2, shares, width=0.38, color=color, label=f"class_weight={value}")
    axes.set_ylim(60, 112)
    axes.set_xticks(range(10))
    name(axes, "digit (5 to 9 are rare in training)", "test accuracy (%)")
    legend(axes, loc="upper right", ncols=2)
    save(figure, "class_weight")
    tests = {value: f"{100 * run.test['accuracy']:.2f}%" for value, run in runs.items() if run.test}
    return [row("class_weight", value, run, **{"test accuracy": tests[value]}) for value, run in runs.items()]


def seed(bench: Bench) -> list[Row]:
    """How much is chance."""
    runs = {value: bench.train(seed=value) for value in range(5)}
    figure, (axes,) = panels(height=1.5)
    wrong = [100 * (1 - run.test["accuracy"]) for run in runs.values() if run.test]
    axes.scatter(wrong, [0] * len(wrong), color=LINES[0], s=36, alpha=0.8, linewidths=0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    name(axes, "test error (%) of the same training with seeds 0 to 4")
    save(figure, "seed")
    return [row("seed", value, run) for value, run in runs.items()]


SETTINGS = (
    epochs,
    batch_size,
    optimizer,
    learning_rate,
    momentum,
    weight_decay,
    schedule,
    loss,
    label_smoothing,
    virtual_adversarial,
    augment,
    precision,
    validation,
    patience,
    class_weight,
    seed,
)
