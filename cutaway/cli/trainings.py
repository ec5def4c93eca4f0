"""Commands that train: demo, train and resume."""

import shlex
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cutaway.api.training_options import ModelOptions, TrainingOptions
from cutaway.errors import UsageError, printable
from cutaway.log import survive
from cutaway.options import typed_options
from cutaway.words import counted, listed, percent

from .options import (
    DataOption,
    GivenDataOptions,
    JsonOption,
    OptionsGiven,
    RunArgument,
    RunsOption,
    SeedOption,
    with_records,
)
from .output import as_typed, print_findings, print_json, print_result, print_tables, say


def demo(
    runs: Annotated[str, typer.Option("--runs", help="Folder for the run.")] = "runs",
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Show what cutaway does, on the bundled MNIST: train, look inside, embed, and write a report."""
    from cutaway.api.documents import demo_document
    from cutaway.api.train import demo as make_demo

    run, embedding, report = make_demo(runs=runs, seed=seed)
    if as_json:
        print_json(demo_document(run, embedding=embedding, report=report))
        return
    print_history(run)
    print_tables(run.layers().tables("Layers"))
    print_findings(run.findings(progress=True))
    say(f"\n{embedding.title} in {embedding.layout.seconds['total']:.1f} s")
    if embedding.quality:
        print_tables((embedding.quality_table(),))
    say(f"\n  run        {run.path}\n  embedding  {embedding.file or 'not cached'}")
    say(f"  report     {report.resolve().as_uri()}")
    folder = "" if runs == "runs" else f" {shlex.quote(runs)}"
    say(f"\nNext: open the report, or all of it live in your browser:  cutaway studio{folder}")


GivenModel = Annotated[dict[str, Any], OptionsGiven(ModelOptions)]
GivenSettings = Annotated[dict[str, Any], OptionsGiven(TrainingOptions)]


def recipe_and_form(given: dict[str, Any]) -> dict[str, Any]:
    """The recipe and the form of the model, from the options that the user gave on both."""
    return {"recipe": given.get("recipe", "default"), "form": {name: given[name] for name in given if name != "recipe"}}


@with_records
def train(
    *,
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="A dataset's name (see: cutaway datasets) or a path.")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="Train this run's model again. Other options can change training settings, but not the model; "
            "--ignore leaves out columns.",
        ),
    ] = None,
    from_epoch: Annotated[
        int | None,
        typer.Option(help="With --like: begin with the weights after this epoch of the run; -1 is the last."),
    ] = None,
    moved: DataOption = None,
    model: GivenModel,
    settings: GivenSettings,
    options: GivenDataOptions,
    labels: Annotated[
        str | None, typer.Option(metavar="FILE", help="Decisions on labels: samples to keep, relabel or drop.")
    ] = None,
    runs: Annotated[str, typer.Option(help="Folder for the run.")] = "runs",
    name: Annotated[
        str | None,
        typer.Option(help="Your name for the run; it becomes part of the folder name. Default: the dataset's name."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model and keep everything about it in a run folder."""
    start = time.perf_counter()
    from cutaway.api.train import train_like, train_recipe

    data = _one_place(data, moved)
    if like is not None:
        _check_like(model | {name: value for name, value in options.items() if name != "ignore"})
        begin = partial(train_like, like, data=data, from_epoch=from_epoch, ignore=options.get("ignore", ()))
    elif from_epoch is not None:
        raise UsageError("--from-epoch needs a run", hint="name it with --like RUN")
    elif data is None:
        raise UsageError("train needs data, or a run to train like", hint="try cutaway train mnist")
    else:
        begin = partial(train_recipe, data, options=options, **recipe_and_form(model))
    before = _run_before(like, labels, runs=runs)
    kept = 0 if labels is None else _count_kept(labels)  # now, since the file may be another one after the training
    run = begin(labels=labels, runs=runs, name=name, **settings)
    _print_run(run, start=start, as_json=as_json, before=before, kept=kept, given={**model, **settings})


def _run_before(like: str | None, labels: str | None, *, runs: str) -> Path | None:
    """The run that a training is to be compared with: the one it is like, or on whose labels was decided; or None.

    Raises:
        UnknownNameError, RunError: There is no run of this name, or it is damaged.
    """
    from cutaway.runs import find_run

    if like is not None:
        return find_run(like, runs=runs).path
    folder = None if labels is None else Path(labels).parent  # the decisions of a run are in its folder
    return folder.absolute() if folder is not None and (folder / "run.json").is_file() else None


@with_records
def resume(
    *,
    run: RunArgument,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Resume a training that was stopped or died; it ends as one that was never interrupted."""
    start = time.perf_counter()
    from cutaway.api.train import resume as continue_training

    _print_run(continue_training(run, data=data, runs=runs), start=start, as_json=as_json)


def _print_run(
    run: Any,
    *,
    start: float,
    as_json: bool,
    before: Path | None = None,
    kept: int = 0,
    given: Mapping[str, Any] | None = None,
) -> None:
    if as_json:
        from cutaway.api.documents import run_document

        print_json(run_document(run, total=time.perf_counter() - start))
        return
    print_history(run, unchanged=kept)
    if before is None and given is not None and (meant := _meant_by_default(run, given)) is not None:
        say(f'Settings that you did not give come from the recipe "{meant}", since {OTHER_RECIPES[meant]}.')
    verdict = dict(run.verdict().lines())
    comparison = _comparison(before, run)
    words = [verdict.get("worth", ""), verdict["next"] if comparison is None else f"Next: {comparison}"]
    say(f"\n  run  {run.path}\n\n" + "\n".join(as_typed(each) for each in words if each))


OTHER_RECIPES = {
    "table": "the data are a table",
    "photos": "the data are bright images",
    "numbers": "the targets are numbers",
}
"""Recipes that "default" means for some data, and why, in words."""


def _meant_by_default(run: Any, given: Mapping[str, Any]) -> str | None:
    """The recipe that "default" meant for the data of a run; None if this is itself, or the user gave another one."""
    from cutaway.training import recipe_for

    asked = given.get("recipe", "default")
    meant = recipe_for(asked, run.context.loaded, given)
    return meant if meant != asked else None


def _comparison(before: Path | None, run: Any) -> str | None:
    """The command that compares a run with the one before, as it works for these two; None if none does."""
    from cutaway.api.comparing import comparing_options
    from cutaway.api.opening import open_run
    from cutaway.errors import CutawayError
    from cutaway.runs import run_argument, run_command

    if before is None:
        return None
    with survive(__name__, f"comparing with {before.name}", CutawayError):  # it may be deleted or damaged meanwhile
        if (options := comparing_options(open_run(before), run)) is not None:
            return f"{run_command('compare', before)} {shlex.quote(run_argument(run.path))}{options}"
    return None


def _one_place(data: str | None, moved: str | None) -> str | None:
    """Where the data are: as the argument, or as ``--data``, which every other command takes as well.

    Raises:
        UsageError: Both are given.
    """
    if data is not None and moved is not None:
        raise UsageError(f'the data is given twice, as "{data}" and as --data "{moved}"', hint="leave one out")
    return data if moved is None else moved


def _check_like(given: dict[str, Any]) -> None:
    """Refuse options on the model or the data together with ``--like``.

    Raises:
        UsageError: There is one.
    """
    if given:
        option = typed_options(given)[0]
        raise UsageError(
            f"{option} cannot be used with --like, which takes the model and the options of the data from the run",
            hint="leave one of the two out",
        )


def _count_kept(labels: str) -> int:
    """How many samples a file of decisions leaves as they are; the last decision on a sample counts."""
    from cutaway.data import read_decisions

    return list({each.sample: each.action for each in read_decisions(labels)}.values()).count("keep")


def _relabeled_held_out(run: Any, places: list[str]) -> str:
    """How many of the relabeled samples the model does not learn from, as the end of a sentence; where the data are."""
    from cutaway.errors import CutawayError
    from cutaway.topics.label_issues.decisions import count_held_out

    count = 0
    with survive(__name__, "counting the relabeled samples that are held out", CutawayError):
        count = count_held_out(run.context, places)
    if not count:
        return ""
    which = f"{counted(count, 'relabeled sample')} {'is' if count == 1 else 'are'}"
    return f"; {which} held out for validation or test: this changes what the model is judged by, not what it learns"


def print_history(run: Any, *, unchanged: int = 0, is_judged: bool = False) -> None:
    """Print a run's epochs, whether it overfits, and how good it is on test samples.

    Args:
        run: The run.
        unchanged: Samples that a person decided to keep as they are, which a run folder does not say.
        is_judged: Whether its accuracy, or its R2 and errors, were printed before.
    """
    from cutaway.data import UNIQUE, left_out_in_words, origin_options
    from cutaway.metrics import best_epoch
    from cutaway.runs import kept_so_far
    from cutaway.topics.common.data_words import columns_left_out, test_losses

    print_result(run.history)
    why = columns_left_out(run.context.manifest.dataset)
    if words := left_out_in_words(why):
        named = origin_options(run.context.manifest.dataset.origin).get("id")
        names = "; to name the rows by it: --id COLUMN" if UNIQUE in why.values() and not named else ""
        say(f"Columns left out: {printable(words, 2_000)}.  To use one anyway: --use COLUMN{names}")
    relabeled, dropped = run.context.manifest.dataset.relabeled or {}, run.split.dropped
    if (of_sweep := run.context.manifest.sweep) is not None:
        say(f"Trial {of_sweep.trial} of the sweep {of_sweep.name}, which leaves the test samples out of all trials.")
    elif relabeled or dropped is not None:
        left_out = 0 if dropped is None else len(dropped)
        held = _relabeled_held_out(run, list(relabeled))
        kept_too = f", {unchanged:,} kept" if unchanged else ""
        if relabeled:
            again = counted(len(relabeled), "sample")
            say(f"Decisions on labels: {again} relabeled, {left_out:,} left out{kept_too}{held}.")
        else:  # which of the two it was is not written down
            say(f"Left out, by decisions on labels or as the test samples of a sweep: {left_out:,}.")
    config = run.context.manifest.config
    if (lowest := run.history.lowest_loss(config, classes=len(run.context.task.names))) is not None:
        say(f"With label smoothing {config['label_smoothing']:g} the loss cannot fall below {lowest:.3f}.")
    turned = run.history.turned
    if turned:
        say(f"The validation loss was lowest in epoch {turned}, and higher after it.")
    kept, rows = kept_so_far(run.context.manifest, run.history.rows), run.history.rows
    if kept is not None and rows:
        reasons = {"the last one": rows[-1]["epoch"], "the one with the lowest validation loss": best_epoch(rows)}
        which = listed([words for words, epoch in reasons.items() if epoch == kept])
        say(f"The run keeps the weights of epoch {kept}{which and f', {which}'}; what follows is about that epoch.")
    if run.test and not (is_judged and run.context.task.is_numbers):
        accuracy = {} if is_judged or "accuracy" not in run.test else {"accuracy": percent(run.test["accuracy"])}
        found = accuracy | test_losses(run.context.manifest)
        say(f"Test {', '.join(f'{name} {value}' for name, value in found.items())}")
