"""Commands on what a run's predictions are worth: confidence and learning-curve."""

from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.cli.loading import load_keras
from cutaway.cli.options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from cutaway.cli.output import print_json, print_result, print_table, say
from cutaway.errors import UsageError
from cutaway.results.units import number, percent, points
from cutaway.topics.confidence.options import ConfidenceOptions

if TYPE_CHECKING:
    from cutaway.topics.learning_curve.generalization import Generalization
    from cutaway.topics.learning_curve.result import LearningCurve


@with_records
def confidence(
    run: RunArgument,
    options: ConfidenceOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show how far probabilities can be relied on: calibration, coverage, confused classes, thresholds."""
    from cutaway.api.opening import open_run
    from cutaway.topics.confidence.answer import compute

    opened = open_run(run, data=data, runs=runs)
    answer = compute(opened.context, options)
    if as_json:
        print_json(answer.to_json())
        return
    if answer.assumed:
        say("There are no test samples, so that validation samples are measured, on which temperature and")
        say("thresholds were chosen: expect less on new samples.")
    print_result(answer)


def learning_curve(
    run: RunArgument,
    shares: Annotated[str, typer.Option(help="Shares of the training samples, at least three.")] = "0.1,0.2,0.4,0.8",
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each share; more make a surer forecast.")] = 1,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show whether the model overfits and whether more data would help, by training it on less."""
    from cutaway.api.opening import open_run
    from cutaway.topics.learning_curve.document import learning_curve_document

    numbers = _numbers(shares)
    opened = open_run(run, data=data, runs=runs)
    gap = opened.generalization()
    if not as_json:
        _print_gap(gap)  # all that is known of a recorded run, which is not trained again
    load_keras(opened)
    curve = opened.learning_curve(shares=numbers, seeds=seeds)
    if as_json:
        print_json(learning_curve_document(opened.context, curve, gap))
        return
    _print_curve(curve)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        rule = "shares are numbers above 0 and below 1, with commas between them"
        raise UsageError(rule, got=repr(text), hint="pass for example --shares 0.1,0.2,0.4,0.8") from None


def _print_gap(found: "Generalization") -> None:
    rows = [
        {"Split": split, "Samples": f"{share.samples:,}", "Accuracy": str(share)}
        for split, share in found.accuracy.items()
    ]
    print_table(rows, title=f"Accuracy after epoch {found.epoch}, with 95% intervals")
    if found.gap is not None:
        say(f"Training minus validation: {found.gap}.")
    for each in found.stopping:
        say(
            f"Keeping epoch {found.best_epoch} instead of {found.last_epoch} changes the {each.split} accuracy by "
            f"{each.difference}: {each.gained:,} more samples are right, {each.lost:,} fewer."
        )
    if found.note:
        say(f"Note: {found.note}.")


def _print_curve(found: "LearningCurve") -> None:
    rows = [
        {
            "Samples": f"{point.samples:,}",
            "Seed": "this run" if point.seed is None else str(point.seed),
            "Val acc.": percent(point.val_accuracy, 2),
            "Val loss": number(point.val_loss, 4),
            "Test acc.": percent(point.test_accuracy, 2),
            "Test loss": number(point.test_loss, 4),
        }
        for point in found.points
    ]
    epochs = "1 epoch" if found.epochs == 1 else f"{found.epochs} epochs"
    print_table(rows, title=f"Trained on shares of the training samples, {epochs} each")
    rows = [
        {
            "Data": f"{row['times']:g}x",
            "Samples": f"{row['samples']:,}",
            "Accuracy": percent(row["accuracy"], 2),
            "95% interval": f"{row['low']:.2%} to {row['high']:.2%}",
            "Gain": points(row["gain"]),
            "Loss": number(row["loss"], 4),
        }
        for row in found.summaries()
        if row["times"] > 1  # how good the run itself is was measured
    ]
    print_table(rows, title=f"Expected of more data on {found.split} samples, by a power law")
    expected, low, high = (1 - float(end[0]) for end in (found.check.error, found.check.high, found.check.low))
    agrees = {
        True: "so that the forecast can be relied on",
        False: "so that the forecast cannot be relied on",
        None: "which is too little to check it by",
    }[found.agrees]
    span = f"{expected:.2%} ({max(low, 0):.2%} to {high:.2%})"
    say(f"Check: the shares alone forecast {span} for this run, which has {found.accuracy:.2%}, {agrees}.")
    say(f"{found.verdict[0].upper()}{found.verdict[1:]}.")
