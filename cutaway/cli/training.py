"""Commands that train: demo and train."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cutaway.errors import UsageError

from .output import (
    JsonOption,
    RunArgument,
    RunsOption,
    print_findings,
    print_json,
    print_layers,
    print_quality,
    print_table,
)

if TYPE_CHECKING:
    from cutaway.data import Dataset


def demo(
    runs: Annotated[str, typer.Option("--runs", help="Folder in which the run is kept.")] = "runs",
    seed: Annotated[int, typer.Option("--seed", help="Decides everything random.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Do the main job on the bundled MNIST: train, diagnose, look inside, embed, write a report, say where it is."""
    import threading

    from cutaway.api.train import mlp
    from cutaway.api.train import train as train_model
    from cutaway.embedding import warm_up
    from cutaway.models import import_lean_keras
    from cutaway.training import find_recipe

    import_lean_keras()
    recipe = find_recipe("default")
    # where they are not in the cache yet, t-SNE's kernels compile while the model trains
    warming = threading.Thread(target=warm_up, daemon=True)
    warming.start()
    run = train_model(mlp(recipe.hidden, dropout=recipe.dropout), "mnist", seed=seed, runs=runs)
    layers = run.layers(progress=True)
    warming.join()
    embedding = run.embed()
    page = run.report()
    findings = run.findings(progress=True)
    if as_json:
        print_json(
            {**summary(run), "layers": layers, "findings": findings, "embedding": embedding.file, "report": page}
        )
        return
    print_history(run)
    print_layers(layers, title="Layers")
    print_findings(findings)
    print(f"\n{embedding.title} in {embedding.layout.seconds['total']:.1f} s")
    if embedding.quality:
        print_quality(embedding.quality, misplaced=embedding.misplaced)
    print(f"\n  run        {run.path}\n  embedding  {embedding.file}\n  report     {page.resolve().as_uri()}")
    print(f"\nNext: open the report, or look further:  cutaway layers {run.path.name}")


def train(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A dataset's name (see: cutaway datasets) or a path.")],
    recipe: Annotated[str, typer.Option(help="default, lesson or lesson-dropout.")] = "default",
    hidden: Annotated[str | None, typer.Option(help="Units of each hidden layer, such as 512,512.")] = None,
    dropout: Annotated[float | None, typer.Option(help="Share of hidden units dropped in training.")] = None,
    activation: Annotated[str, typer.Option(help="Of the hidden layers.")] = "relu",
    optimizer: Annotated[str | None, typer.Option(help="sgd, adam or adamw.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Size of a step.")] = None,
    momentum: Annotated[float | None, typer.Option(help="Of sgd.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Of adamw.")] = None,
    schedule: Annotated[str | None, typer.Option(help="constant, cosine, one-cycle or step.")] = None,
    precision: Annotated[str | None, typer.Option(help="Of large products: float32, bfloat16 or auto.")] = None,
    patience: Annotated[int | None, typer.Option(help="Stop after so many epochs without a better val loss.")] = None,
    class_weight: Annotated[str | None, typer.Option(help="balanced, or 0=2.0,3=0.5.")] = None,
    loss: Annotated[str | None, typer.Option(help="Keras' name, such as categorical_crossentropy.")] = None,
    label_smoothing: Annotated[float | None, typer.Option(help="Share of a label spread over all classes.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training data.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples a step.")] = None,
    validation: Annotated[float | None, typer.Option(help="Share of training samples held out.")] = None,
    seed: Annotated[int, typer.Option(help="Decides everything random.")] = 0,
    runs: Annotated[str, typer.Option(help="Folder in which the run is kept.")] = "runs",
    name: Annotated[str | None, typer.Option(help="Middle part of the run's name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Train a network and keep everything about it in a run folder."""
    import time

    start = time.perf_counter()
    from cutaway.api.train import mlp
    from cutaway.api.train import train as train_model
    from cutaway.training import find_recipe, make_config

    base = find_recipe(recipe)
    given = {
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "momentum": momentum,
        "weight_decay": weight_decay,
        "schedule": schedule,
        "precision": precision,
        "patience": patience,
        "class_weight": parse_class_weight(class_weight),
        "loss": loss,
        "label_smoothing": label_smoothing,
        "epochs": epochs,
        "batch_size": batch_size,
        "validation": validation,
    }
    settings = {key: value for key, value in given.items() if value is not None}
    units = parse_hidden(hidden) if hidden is not None else base.hidden
    # what is wrong is said before Keras is loaded, which takes a second
    make_config(base.settings, **{key: value for key, value in settings.items() if key != "class_weight"}, seed=seed)
    dataset = _load_and_import_keras(data)
    model = mlp(
        units,
        dropout=base.dropout if dropout is None else dropout,
        activation=activation,
    )
    run = train_model(model, dataset, recipe=recipe, seed=seed, runs=runs, name=name, **settings)
    if as_json:
        print_json(summary(run, total=time.perf_counter() - start))
        return
    print_history(run)
    print(f"\n  run  {run.path}\n\nNext: cutaway report {run.path.name}")


def _load_and_import_keras(where: str) -> "Dataset":
    """Load a dataset, and import Keras for it."""
    from concurrent.futures import ThreadPoolExecutor

    from cutaway.data import load_dataset
    from cutaway.models import import_lean_keras

    if where != "mnist":  # it may import packages, which two threads should not do at a time
        dataset = load_dataset(where)
        import_lean_keras()
        return dataset
    with ThreadPoolExecutor(1) as thread:  # unpacking MNIST needs no Python: 0.25 s less
        loading = thread.submit(load_dataset, where)
        import_lean_keras()
        return loading.result()


def resume(
    run: RunArgument,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Go on with a training that was stopped or died; it ends as one that was never interrupted."""
    import time

    start = time.perf_counter()
    from cutaway.api.train import resume as go_on
    from cutaway.models import import_lean_keras

    import_lean_keras()
    finished = go_on(run, runs=runs)
    if as_json:
        print_json(summary(finished, total=time.perf_counter() - start))
        return
    print_history(finished)
    print(f"\n  run  {finished.path}\n\nNext: cutaway report {finished.path.name}")


def parse_hidden(text: str) -> tuple[int, ...]:
    """Parse ``"512,512"``.

    Raises:
        UsageError: It is not a list of whole numbers.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            "--hidden is a list of whole numbers with commas between", got=f'"{text}"', hint="try --hidden 512,512"
        ) from None


def parse_class_weight(text: str | None) -> dict[int, float] | str | None:
    """Parse ``"balanced"`` or ``"0=2.0,3=0.5"``.

    Raises:
        UsageError: It is neither.
    """
    if text is None or text == "balanced":
        return text
    try:
        pairs = (part.split("=") for part in text.split(","))
        return {int(number): float(weight) for number, weight in pairs}
    except ValueError:
        raise UsageError(
            "--class-weight is balanced, or class=weight pairs with commas between",
            got=f'"{text}"',
            hint="try --class-weight 0=2.0,3=0.5",
        ) from None


def summary(run: Any, *, total: float | None = None) -> dict[str, Any]:
    """What train, resume and show answer with ``--json``."""
    manifest = run.folder.manifest
    training = manifest.get("training_seconds")
    return {
        "run": str(run.path),
        "status": run.folder.status,
        "why": manifest["why"],
        "epochs": len(run.history),
        "history": run.history.rows,
        "test": run.test,
        "seconds": {"total": training if total is None else round(total, 3), "training": training},
        "device": manifest["device"],
        "dataset": {key: manifest["dataset"][key] for key in ("name", "sha256")},
        "config": run.config,
    }


_COLUMNS = {
    "epoch": ("Epoch", "d"),
    "loss": ("Loss", ".4f"),
    "accuracy": ("Acc.", ".4f"),
    "val_loss": ("Val loss", ".4f"),
    "val_accuracy": ("Val acc.", ".4f"),
    "learning_rate": ("Rate", ".1e"),
    "seconds": ("Seconds", ".2f"),
    "samples_per_second": ("Samples/s", ",.0f"),
}
"""Metric -> title and format of its column; what a run did not measure is left out."""


def print_history(run: Any) -> None:
    """Print a run's epochs, what they say of overfitting, and its test accuracy."""
    columns = {name: how for name, how in _COLUMNS.items() if name in run.history.history}
    print_table(
        [
            {title: "-" if row.get(name) is None else format(row[name], how) for name, (title, how) in columns.items()}
            for row in run.history.rows
        ]
    )
    if smoothing := run.config.get("label_smoothing"):
        from cutaway.training import lowest_loss

        classes = 2 if run.config["loss"] == "binary_crossentropy" else len(run.class_names)
        lowest = lowest_loss(smoothing, classes=classes)
        print(f"Losses are of labels smoothed by {smoothing:g}: {lowest:.3f} is the lowest they can be.")
    turned = run.history.turned
    if turned:
        print(f"Validation loss was lowest in epoch {turned} and has risen since: later epochs overfit.")
    if run.test:
        print(f"Test accuracy {run.test['accuracy']:.4f}, test loss {run.test['loss']:.4f}")
