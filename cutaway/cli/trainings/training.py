"""Commands that train: demo, train and resume."""

import shlex
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cutaway.cli.options import (
    CategoryOption,
    CenteringOption,
    ClassNamesOption,
    DataOption,
    GroupOption,
    HeaderOption,
    IdOption,
    IgnoreOption,
    JsonOption,
    LabelOption,
    MissingOption,
    MonthFirstOption,
    NumbersOption,
    RunArgument,
    RunsOption,
    SeedOption,
    SizeOption,
    TestOption,
    TestShareOption,
    TimeOption,
    UseOption,
    WeightOption,
    given_options,
    with_options,
)
from cutaway.cli.output import print_findings, print_json, print_quality, print_result, say
from cutaway.errors import UsageError, printable

from .distributed import connected, process_options


def demo(
    runs: Annotated[str, typer.Option("--runs", help="Folder in which the run is kept.")] = "runs",
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Show what cutaway does, on the bundled MNIST: train, look inside, embed, and write a report."""
    from cutaway.api.documents import demo_document
    from cutaway.api.recipe import demo as make_demo

    run, embedding, report = make_demo(runs=runs, seed=seed)
    if as_json:
        print_json(demo_document(run, embedding=embedding, report=report))
        return
    print_history(run)
    print_result(run.layers())
    print_findings(run.findings(progress=True))
    say(f"\n{embedding.title} in {embedding.layout.seconds['total']:.1f} s")
    if embedding.quality:
        print_quality(embedding.quality, misplaced=embedding.misplaced)
    say(f"\n  run        {run.path}\n  embedding  {embedding.file or 'not cached'}")
    say(f"  report     {report.resolve().as_uri()}")
    folder = "" if runs == "runs" else f" {shlex.quote(runs)}"
    say(f"\nNext: open the report, or all of it live in your browser:  cutaway studio{folder}")


@with_options(process_options)
def train(
    context: typer.Context,
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="A dataset's name (see: cutaway datasets) or a path.")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="Train this run's model again; options beside it change training settings, not the model.",
        ),
    ] = None,
    from_epoch: Annotated[
        int | None,
        typer.Option(help="With --like: begin with the weights after this epoch of the run; -1 is the last."),
    ] = None,
    moved: DataOption = None,
    recipe: Annotated[str | None, typer.Option(help="default (if not given; of a table: table), lesson, ...")] = None,
    hidden: Annotated[str | None, typer.Option(help="Units of each hidden layer, such as 512,512.")] = None,
    dropout: Annotated[float | None, typer.Option(help="Share of hidden units dropped in training.")] = None,
    activation: Annotated[str | None, typer.Option(help="Activation of the hidden layers. Default: relu.")] = None,
    ensemble: Annotated[
        int | None, typer.Option(help="Train so many models side by side and average their logits.")
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="sgd, adam or adamw.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Learning rate.")] = None,
    momentum: Annotated[float | None, typer.Option(help="Momentum (SGD only).")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Weight decay (AdamW only).")] = None,
    schedule: Annotated[str | None, typer.Option(help="constant, cosine, one-cycle or step.")] = None,
    precision: Annotated[str | None, typer.Option(help="Matrix products: float32, bfloat16 or auto.")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a better val_loss; keep the best.")
    ] = None,
    class_weight: Annotated[str | None, typer.Option(help="balanced, or weights such as 0=2.0,3=0.5.")] = None,
    loss: Annotated[str | None, typer.Option(help="Keras' name, such as categorical_crossentropy.")] = None,
    label_smoothing: Annotated[float | None, typer.Option(help="Label smoothing, from 0 up to 1.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Number of epochs.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Batch size.")] = None,
    validation: Annotated[float | None, typer.Option(help="Share of training samples for validation.")] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed. Default: 0.")] = None,
    label: LabelOption = None,
    test: TestOption = None,
    test_share: TestShareOption = None,
    group: GroupOption = None,
    time_column: TimeOption = None,
    weight: WeightOption = None,
    id_column: IdOption = None,
    ignore: IgnoreOption = None,
    use: UseOption = None,
    category: CategoryOption = None,
    numbers: NumbersOption = None,
    missing: MissingOption = None,
    header: HeaderOption = None,
    month_first: MonthFirstOption = False,
    class_names: ClassNamesOption = None,
    size: SizeOption = None,
    centering: CenteringOption = None,
    labels: Annotated[
        str | None, typer.Option(metavar="FILE", help="Decisions on labels: samples to keep, relabel or drop.")
    ] = None,
    runs: Annotated[str, typer.Option(help="Folder in which the run is kept.")] = "runs",
    name: Annotated[str | None, typer.Option(help="Middle part of the run's name.")] = None,
    as_json: JsonOption = False,
    **processes: Any,
) -> None:
    """Train a model and keep everything about it in a run folder."""
    start = time.perf_counter()
    from cutaway.api.recipe import train_recipe
    from cutaway.api.train import train_like

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
        "seed": seed,
    }
    model = {
        "recipe": recipe,
        "hidden": None if hidden is None else parse_hidden(hidden),
        "dropout": dropout,
        "activation": activation,
        "ensemble": ensemble,
    }
    options = given_options(context.params)
    settings = {key: value for key, value in given.items() if value is not None}
    of_model = {key: value for key, value in model.items() if value is not None}
    data = _one_place(data, moved)
    if like is not None:
        _check_like(of_model | options)
        branch = {} if from_epoch is None else {"from_epoch": from_epoch}
        begin = partial(train_like, like, data=data, **branch)
    elif from_epoch is not None:
        raise UsageError("--from-epoch is of a run", got="none", hint="name it with --like RUN")
    elif data is None:
        raise UsageError("train needs data, or a run to train like", got="neither", hint="try cutaway train mnist")
    else:
        begin = partial(train_recipe, data, options=options, **of_model)
    before = None if labels is None else _decided_on(like, labels, runs=runs)
    with connected(**processes) as shared:
        run = begin(labels=labels, runs=runs, name=name, **settings, **shared)
    _print_run(run, start=start, as_json=as_json, first=shared.get("progress", True), before=before)


def _decided_on(like: str | None, labels: str, *, runs: str) -> Path | None:
    """The run that a training with decisions on labels is to be compared with, if one is known.

    Raises:
        UnknownNameError, RunError: There is no run of this name, or it is damaged.
    """
    from cutaway.runs import find_run

    if like is not None:
        return find_run(like, runs=runs).path
    folder = Path(labels).parent  # the decisions of a run are in its folder
    return folder.absolute() if (folder / "run.json").is_file() else None


@with_options(process_options)
def resume(
    run: RunArgument,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
    **processes: Any,
) -> None:
    """Resume a training that was stopped or died; it ends as one that was never interrupted."""
    start = time.perf_counter()
    from cutaway.api.train import resume as continue_training

    with connected(**processes) as shared:
        resumed = continue_training(run, data=data, runs=runs, **shared)
    _print_run(resumed, start=start, as_json=as_json, first=shared.get("progress", True))


def _print_run(run: Any, *, start: float, as_json: bool, first: bool = True, before: Path | None = None) -> None:
    if not first:  # another process says it
        return
    if as_json:
        from cutaway.api.documents import run_document

        print_json(run_document(run, total=time.perf_counter() - start))
        return
    from cutaway.runs import run_command

    print_history(run)
    say(f"\n  run  {run.path}\n\nNext: {_comparison(before, run) or run_command('report', run.path)}")


def _comparison(before: Path | None, run: Any) -> str | None:
    """The command that compares a run with the one before, as it works for these two; None where none does."""
    from cutaway.api.comparing import comparing_options
    from cutaway.api.opening import open_run
    from cutaway.errors import CutawayError
    from cutaway.runs import run_argument, run_command

    if before is None:
        return None
    try:
        options = comparing_options(open_run(before), run)
    except CutawayError:  # it was deleted or damaged meanwhile
        return None
    return (
        None if options is None else f"{run_command('compare', before)} {shlex.quote(run_argument(run.path))}{options}"
    )


def _one_place(data: str | None, moved: str | None) -> str | None:
    """Where the data are: as the argument, or as ``--data``, which every other command takes as well.

    Raises:
        UsageError: Both are given.
    """
    if data is not None and moved is not None:
        raise UsageError("data are named once", got=f'"{data}" and --data "{moved}"', hint="leave one of the two out")
    return data if moved is None else moved


def _check_like(given: dict[str, Any]) -> None:
    """Refuse options on the model or the data beside ``--like``.

    Raises:
        UsageError: There is one.
    """
    if given:
        raise UsageError(
            "--like takes the model, the data and all other settings from the run",
            got=f"--like and --{next(iter(given)).replace('_', '-')}",
            hint="leave one of the two out",
        )


def parse_hidden(text: str) -> tuple[int, ...]:
    """Parse ``"512,512"``.

    Raises:
        UsageError: It is not a list of whole numbers.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            "--hidden is a list of whole numbers separated by commas", got=f'"{text}"', hint="try --hidden 512,512"
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
            "--class-weight is balanced, or class=weight pairs separated by commas",
            got=f'"{text}"',
            hint="try --class-weight 0=2.0,3=0.5",
        ) from None


def _relabeled_held_out(run: Any, places: list[str]) -> str:
    """How many of the relabeled samples the model does not learn from, as the end of a sentence; where the data are."""
    from cutaway.errors import CutawayError
    from cutaway.topics.labels.deciding import count_held_out

    try:
        count = count_held_out(run.context, places)
    except CutawayError:
        return ""
    if not count:
        return ""
    which = "1 relabeled sample is" if count == 1 else f"{count:,} relabeled samples are"
    return f"; {which} held out for validation or test: this changes what the model is judged by, not what it learns"


def print_history(run: Any) -> None:
    """Print a run's epochs, whether it overfits, and its test accuracy."""
    from cutaway.runs import kept_so_far
    from cutaway.topics.common.data_words import test_losses

    print_result(run.history)
    from cutaway.data import left_out_in_words
    from cutaway.topics.common.data_words import columns_left_out

    if words := left_out_in_words(columns_left_out(run.context.manifest.dataset)):
        say(f"Columns left out: {printable(words, 2_000)}.  To use one all the same: --use COLUMN")
    relabeled, dropped = run.context.manifest.dataset.relabeled or {}, run.split.dropped
    if (of_sweep := run.context.manifest.sweep) is not None:
        say(f"Trial {of_sweep.trial} of the sweep {of_sweep.name}, which leaves the test samples out of all trials.")
    elif relabeled or dropped is not None:
        left_out = 0 if dropped is None else len(dropped)
        samples = "sample" if len(relabeled) == 1 else "samples"
        held = _relabeled_held_out(run, list(relabeled))
        if relabeled:
            say(f"Decisions on labels: {len(relabeled):,} {samples} relabeled, {left_out:,} left out{held}.")
        else:  # which of the two it was is not written down
            say(f"Left out, by decisions on labels or as the test samples of a sweep: {left_out:,}.")
    config = run.context.manifest.config
    if (lowest := run.history.lowest_loss(config, classes=len(run.class_names))) is not None:
        smoothing = config["label_smoothing"]
        say(f"With label smoothing {smoothing:g} the loss cannot fall below {lowest:.3f}.")
    turned = run.history.turned
    if turned:
        say(f"The validation loss was lowest in epoch {turned} and has risen since: later epochs overfit.")
    kept = kept_so_far(run.context.manifest, run.history.rows)
    if kept is not None and run.history.rows and kept != run.history.rows[-1]["epoch"]:
        say(f"The run keeps the weights of epoch {kept}; what follows is of that epoch.")
    if run.test:
        losses = "".join(f", {name} {value}" for name, value in test_losses(run.context.manifest).items())
        say(f"Test accuracy {run.test['accuracy']:.2%}{losses}")
