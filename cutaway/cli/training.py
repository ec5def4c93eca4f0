"""Commands that train: demo and train."""

from typing import Annotated, Any

import typer

from cutaway.errors import UsageError

from .output import JsonOption, print_findings, print_json, print_table


def demo(
    runs: Annotated[str, typer.Option("--runs", help="Folder in which the run is kept.")] = "runs",
    seed: Annotated[int, typer.Option("--seed", help="Decides everything random.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Do the main job on the bundled MNIST: train, diagnose, look inside, embed, write a report, say where it is."""
    from cutaway.api.report import layer_row
    from cutaway.api.train import mlp
    from cutaway.api.train import train as train_net
    from cutaway.training import find_recipe

    recipe = find_recipe("default")
    run = train_net(mlp(recipe.hidden, dropout=recipe.dropout), "mnist", seed=seed, runs=runs)
    layers = run.layers(progress=True)
    embedding = run.embed(split="test")
    page = run.report()
    findings = run.findings()
    if as_json:
        print_json(
            {**summary(run), "layers": layers, "findings": findings, "embedding": embedding.file, "report": page}
        )
        return
    print_history(run)
    print_table([layer_row(record) for record in layers], title="Layers")
    print_findings(findings)
    trust = embedding.trust
    kept = f", {trust.neighbors_kept:.0%} of the {trust.k} nearest neighbours kept" if trust else ""
    print(f"\n{embedding.title}{kept}")
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
    schedule: Annotated[str | None, typer.Option(help="Of the learning rate: constant or cosine.")] = None,
    loss: Annotated[str | None, typer.Option(help="Keras' name, such as categorical_crossentropy.")] = None,
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
    from cutaway.api.train import train as train_net
    from cutaway.data import load_dataset
    from cutaway.training import find_recipe

    base = find_recipe(recipe)
    given = {
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "momentum": momentum,
        "weight_decay": weight_decay,
        "schedule": schedule,
        "loss": loss,
        "epochs": epochs,
        "batch_size": batch_size,
        "validation": validation,
    }
    settings = {key: value for key, value in given.items() if value is not None}
    if optimizer is not None and optimizer != base.settings["optimizer"] and learning_rate is None:
        settings["learning_rate"] = "auto"  # the recipe's rate was chosen for its own optimizer
    net = mlp(
        parse_hidden(hidden) if hidden is not None else base.hidden,
        dropout=base.dropout if dropout is None else dropout,
        activation=activation,
    )
    run = train_net(net, load_dataset(data), recipe=recipe, seed=seed, runs=runs, name=name, **settings)
    if as_json:
        print_json(summary(run, total=time.perf_counter() - start))
        return
    print_history(run)
    print(f"\n  run  {run.path}\n\nNext: cutaway report {run.path.name}")


def parse_hidden(text: str) -> tuple[int, ...]:
    """Parse ``"512,512"``.

    Raises:
        UsageError: It is not a list of whole numbers.
    """
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(
            "--hidden is a list of whole numbers with commas between", came=f'"{text}"', fix="try --hidden 512,512"
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
        "plan": run.plan,
    }


def print_history(run: Any) -> None:
    """Print a run's epochs, what they say of overfitting, and its test accuracy."""
    rows = [
        {
            "Epoch": row["epoch"],
            "Loss": f"{row['loss']:.4f}",
            "Accuracy": f"{row['accuracy']:.4f}",
            "Val loss": f"{row['val_loss']:.4f}",
            "Val accuracy": f"{row['val_accuracy']:.4f}",
            "Learning rate": f"{row['learning_rate']:.2e}",
            "Seconds": f"{row['seconds']:.2f}",
            "Samples/s": f"{row['samples_per_second']:,.0f}",
        }
        for row in run.history.rows
    ]
    print_table(rows)
    turned = run.history.turned
    if turned:
        print(f"Validation loss was lowest in epoch {turned} and has risen since: later epochs overfit.")
    if run.test:
        print(f"Test accuracy {run.test['accuracy']:.4f}, test loss {run.test['loss']:.4f}")
