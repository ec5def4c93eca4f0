"""The command sweep: many trainings with different settings, of which the best is chosen."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cutaway.cli.options import DataOption, JsonOption, given_options
from cutaway.cli.output import number, percent, print_json, print_table, say
from cutaway.errors import UsageError, escaped

from .training import parse_class_weight, parse_hidden, train

if TYPE_CHECKING:
    from cutaway.api.sweeps import Sweep
    from cutaway.execution import Trial

SWEEP = "sweep.json"

NOT_FIXED = ("context", "data", "like", "from_epoch", "moved", "labels", "runs", "name", "as_json")
"""Options of ``cutaway train`` that a sweep has none or its own of; all others are the same in every trial."""

BEST = 5
"""Trials that are printed at the end."""


def _with_fixed_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of ``cutaway train`` that are the same in every trial."""
    own = [each for each in inspect.signature(command).parameters.values() if each.kind is not each.VAR_KEYWORD]
    fixed = [each for name, each in inspect.signature(train).parameters.items() if name not in NOT_FIXED]
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *fixed)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": None}
    return command


@_with_fixed_settings
def sweep(
    context: typer.Context,
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="A dataset's name (see: cutaway datasets) or a path.")
    ] = None,
    space: Annotated[
        str | None, typer.Option(help="Settings that are tried: small, default, optimizer, or a TOML or JSON file.")
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Number of trials. Default: 50, or as many as before.")] = None,
    attach: Annotated[
        str | None, typer.Option(metavar="SWEEP", help="Work on a sweep that was begun: its folder, or its database.")
    ] = None,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="Database that workers on many machines share. Default: a file.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes on this machine.")] = 1,
    report: Annotated[bool, typer.Option("--report", help="Write the page of the sweep at the end.")] = False,
    moved: DataOption = None,
    name: Annotated[str | None, typer.Option(help="Name of the sweep. Default: the dataset's.")] = None,
    runs: Annotated[str, typer.Option(help="Folder in which the sweep is kept.")] = "runs",
    as_json: JsonOption = False,
    **fixed: Any,
) -> None:
    """Train many models with different settings, and choose the best on the validation samples."""
    given = {name: value for name, value in fixed.items() if value is not None}
    options = given_options(context.params)
    of_both: dict[str, Any] = {"name": name, "runs": runs, "storage": storage, "workers": workers}
    of_both |= {"on_trial": trial_printer()} | ({} if trials is None else {"trials": trials})
    from cutaway.models import import_lean_keras

    if attach is not None:
        settings = [key for key in given if fixed[key] not in ([], False)]
        if data is not None or space is not None or settings:
            other = "DATA" if data is not None else f"--{'space' if space else settings[0].replace('_', '-')}"
            raise UsageError(
                "--attach takes data, space and settings from the sweep",
                got=f"--attach and {other}",
                hint="leave one of the two out; --data says where data are that have moved",
            )
        from cutaway.api.sweeps import join_sweep

        import_lean_keras()
        found = join_sweep(attach, data=moved, **of_both)
    else:
        data = data or moved
        if data is None:
            raise UsageError("sweep needs data, or a sweep to attach to", got="neither", hint="try cutaway sweep mnist")
        from cutaway.api.sweeps import sweep as begin

        settings_of_train = _settings(given)
        import_lean_keras()
        found = begin(data, space=space or "default", options=options, **of_both, **settings_of_train)
    _print(found, report=found.report() if report else None, as_json=as_json)


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    """The options of the training as arguments in Python, without those of the data."""
    names = (
        *("recipe", "hidden", "dropout", "activation", "ensemble", "optimizer", "learning_rate", "momentum"),
        *("weight_decay", "schedule", "precision", "patience", "class_weight", "loss", "label_smoothing", "epochs"),
        *("batch_size", "validation", "seed"),
    )
    settings = {name: given[name] for name in names if name in given}
    if "hidden" in settings:
        settings["hidden"] = parse_hidden(settings["hidden"])
    if "class_weight" in settings:
        settings["class_weight"] = parse_class_weight(settings["class_weight"])
    return settings


def trial_printer() -> "Callable[[Trial], None]":
    """Prints a line on stderr for every trial that ends."""
    lowest = float("inf")

    def print_trial(trial: "Trial") -> None:
        nonlocal lowest
        from cutaway.api.sweeps.figures import written

        result, states = trial.result, {"complete": "done", "pruned": "stopped early", "failed": "failed"}
        words = [f"trial {trial.number:>3}  {states.get(trial.state, trial.state):<13}"]
        if trial.val_loss is not None:
            words.append(f"val_loss {trial.val_loss:.4f}")
        if result.get("val_accuracy") is not None:
            words.append(percent(result["val_accuracy"], 2))
        if result.get("seconds") is not None:
            words.append(f"{result['epochs']:>2} epochs {result['seconds']:5.1f} s")
        drawn = ", ".join(f"{name} {written(value)}" for name, value in trial.settings.items())
        words.append(drawn if trial.number or not drawn else f"default recipe: {drawn}")
        if trial.state == "failed" and trial.why:
            words.append(trial.why)
        if trial.state == "complete" and trial.val_loss is not None and trial.val_loss < lowest:
            lowest = trial.val_loss
            words.append("<- best so far")
        print(escaped("  ".join(words)), file=sys.stderr, flush=True)

    return print_trial


def _print(found: "Sweep", *, report: Path | None, as_json: bool) -> None:
    if as_json:
        from cutaway.api.sweeps.document import sweep_document

        print_json(sweep_document(found, report=None if report is None else str(report)))
        return
    from cutaway.api.sweeps.figures import written
    from cutaway.api.sweeps.words import verdict

    complete = [trial for trial in found.trials if trial.state == "complete" and trial.val_loss is not None]
    best = sorted(complete, key=lambda trial: (trial.val_loss or 0.0, trial.number))[:BEST]
    print_table(
        [
            {
                "Trial": str(trial.number),
                "Val loss": number(trial.val_loss, 4),
                "Val acc.": percent(trial.result.get("val_accuracy"), 2),
                "Params": f"{trial.result.get('parameters') or 0:,}",
                "Seconds": number(trial.result.get("seconds"), 1),
                "Settings": ", ".join(f"{name} {written(value)}" for name, value in trial.settings.items())
                or "the default recipe",
            }
            for trial in best
        ],
        title="The best trials",
    )
    counts = [(f"{found.count(state)} {words}", found.count(state)) for state, words in _STATES]
    ended = sum(trial.ended for trial in found.trials)
    say(f"{ended} of {found.total} trials ended: {', '.join(words for words, count in counts if count)}.")
    for sentence in verdict(found):
        say(sentence)
    if importance := found.importance():
        say(f"Importance: {', '.join(f'{name} {share:.0%}' for name, share in importance.items())}.")
    say(f"\n  sweep  {found.folder}")
    if report is not None:
        say(f"  page   {report.resolve().as_uri()}")
    elif best:
        say(f"\nNext: see all trials:  cutaway report {_argument(found.folder)}")
    if found.command is not None:
        say(f"Then train the chosen settings and test them once:  {found.command}")


_STATES = (("complete", "complete"), ("pruned", "stopped early"), ("failed", "failed"))


def sweep_at(where: str, runs: str) -> Path | None:
    """The folder of a sweep that a user names in place of a run; None where it is none."""
    places = (Path(where), Path(runs) / where)
    return next((place for place in places if (place / SWEEP).is_file()), None)


def report_sweep(folder: Path, output: Path | None, *, given: bool, as_json: bool) -> None:
    """Write the page of a sweep.

    Raises:
        UsageError: Options are given that only the report of a run has.
    """
    if given:
        raise UsageError(
            "--split, --against and --shared are of the report of a run",
            got=f"the sweep {folder.name}",
            hint="leave them out, or name one of its trials",
        )
    from cutaway.api.sweeps import open_sweep

    page = open_sweep(folder).report(output)
    if as_json:
        print_json({"sweep": str(folder.absolute()), "file": str(page.resolve()), "bytes": page.stat().st_size})
    else:
        say(f"{page.resolve().as_uri()}  ({page.stat().st_size / 1e6:.1f} MB)")


def _argument(folder: Path) -> str:
    import shlex

    try:
        return shlex.quote(str(folder.relative_to(Path.cwd())))
    except ValueError:
        return shlex.quote(str(folder))
