"""Commands on what a run's predictions are worth: confidence and learning-curve."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cutaway.cli.loading import load_keras
from cutaway.cli.options import DataOption, EpochOption, JsonOption, RunArgument, RunsOption
from cutaway.cli.output import number, percent, points, print_json, print_table, say, shorten
from cutaway.errors import UsageError, printable

if TYPE_CHECKING:
    from cutaway.topics.confidence.calibration import Calibration
    from cutaway.topics.confidence.confused_pairs import ConfusedPairs
    from cutaway.topics.confidence.coverage import Coverage
    from cutaway.topics.confidence.thresholds import Thresholds
    from cutaway.topics.learning_curve.generalization import Generalization
    from cutaway.topics.learning_curve.result import LearningCurve


def confidence(
    run: RunArgument,
    split: Annotated[
        str | None, typer.Option(help="train, val, test or all. Default: test, or val without test samples.")
    ] = None,
    bins: Annotated[int, typer.Option(help="Bins of the reliability curve.")] = 15,
    accuracy: Annotated[
        list[float] | None, typer.Option(help="Wanted accuracy of answered samples, such as 0.99; may be repeated.")
    ] = None,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs of confused classes to print.")] = 10,
    positive: Annotated[
        str | None, typer.Option(metavar="CLASS", help="Class that is looked for. Default: the second of two.")
    ] = None,
    false_alarm: Annotated[float, typer.Option(help="Cost of a sample that is called positive and is not.")] = 1.0,
    miss: Annotated[float, typer.Option(help="Cost of a positive sample that is not found.")] = 1.0,
    epoch: EpochOption = None,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show how far probabilities can be relied on: calibration, coverage, confused classes, thresholds."""
    from cutaway.api.opening import open_run
    from cutaway.topics.confidence.document import confidence_document

    opened = open_run(run, data=data, runs=runs)
    measured = split or ("test" if len(opened.split.test) else "val")
    options: dict[str, Any] = {"split": measured, "epoch": epoch}
    wanted_thresholds = len(opened.class_names) == 2 or positive is not None
    cost = [[0, false_alarm], [miss, 0]]
    thresholds = opened.thresholds(positive=positive, cost=cost, **options) if wanted_thresholds else None
    calibration = opened.calibration(bins=bins, **options)
    coverage = opened.coverage(accuracy=accuracy or None, **options)
    confused = opened.confused_pairs(pairs, **options)
    if as_json:
        print_json(confidence_document(opened.context, calibration, coverage, confused, thresholds))
        return
    if split is None and measured == "val":
        say("There are no test samples, so that validation samples are measured, on which temperature and")
        say("thresholds were chosen: expect less on new samples.")
    _print_calibration(calibration)
    _print_coverage(coverage)
    _print_pairs(confused)
    if thresholds is not None:
        _print_thresholds(thresholds)


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


def _print_calibration(found: "Calibration") -> None:
    before, after = found.scores, found.scaled_scores
    name = "" if found.temperature is None else f"Temperature {found.temperature.value:.3f}"
    measures = {
        "Accuracy": ("accuracy", True),
        "Mean confidence": ("confidence", True),
        "Calibration error, bins of equal mass": ("ece_equal_mass", True),
        "Calibration error, bins of equal width": ("ece_equal_width", True),
        "Brier score": ("brier", False),
        "Negative log-likelihood": ("log_loss", False),
    }
    rows: list[dict[str, str]] = []
    for words, (attribute, is_share) in measures.items():
        values = [getattr(scores, attribute) for scores in (before, after) if scores is not None]
        cells = [percent(value, 2) if is_share else number(value, 4) for value in values]
        rows.append({"Measure": words, **dict(zip(("As it is", name), cells, strict=False))})
    print_table(rows, title=f"Calibration on {found.samples:,} {found.split} samples after epoch {found.epoch}")
    chance = found.curve.error_by_chance
    say(f"A perfectly calibrated model stays below {chance:.2%} in 95 of 100 cases (equal mass).")
    if found.temperature is not None:
        say(f"The temperature was fitted on {found.temperature.samples:,} validation samples.")
    if found.note:
        say(f"Note: {found.note}.")
    curve = found.curve
    table = zip(
        curve.lower, curve.upper, curve.counts, curve.confidence, curve.accuracy, curve.low, curve.high, strict=True
    )
    rows = [
        {
            "Confidence": f"{lower:.1%} to {upper:.1%}",
            "Samples": f"{count:,}",
            "Mean": percent(mean),
            "Accuracy": percent(right),
            "95% interval": f"{low:.1%} to {high:.1%}",
        }
        for lower, upper, count, mean, right, low, high in table
    ]
    print_table(rows, title="Right as often as it says?")


def _print_coverage(found: "Coverage") -> None:
    rows = [
        {
            "Wanted": "{:.2%}{}".format(wanted[0], f" to {wanted[-1]:.2%}" if len(wanted) > 1 else ""),
            "Answer from": "never" if row["threshold"] is None else f"{row['threshold']:.4f}",
            "Answered": percent(row["coverage"], 2),
            "Right": percent(row["accuracy"], 2),
            "95% interval": "-" if row["low"] is None else f"{row['low']:.1%} to {row['high']:.1%}",
            "On val": percent(row["val_accuracy"], 2),
        }
        for row, wanted in _together(found.summaries())
    ]
    print_table(rows, title="Answers only from a confidence up, chosen on validation samples")
    say(f"Area under accuracy over coverage: {found.area:.4f}.")
    if found.note:
        say(f"Note: {found.note}.")


def _together(summaries: list[dict[str, Any]]) -> list[tuple[dict[str, Any], list[float]]]:
    """Summaries that say the same of several wanted accuracies once, each with these accuracies."""
    found: list[tuple[dict[str, Any], list[float]]] = []
    for row in summaries:
        said = {name: value for name, value in row.items() if name != "wanted"}
        if found and said == {name: value for name, value in found[-1][0].items() if name != "wanted"}:
            found[-1][1].append(row["wanted"])
        else:
            found.append((row, [row["wanted"]]))
    return found


def _print_pairs(found: "ConfusedPairs") -> None:
    rows = [
        {
            "True": shorten(row["true"]),
            "Predicted": shorten(row["predicted"]),
            "Samples": f"{row['count']:,} of {row['of']:,}",
            "Share": f"{row['share']:.1%} ({row['low']:.1%} to {row['high']:.1%})",
            "Most confident": row["samples"][0],
        }
        for row in found.summaries(1)
    ]
    print_table(rows, title=f"Most confused classes of {found.mistakes:,} mistakes")
    if not rows:
        say("No sample is predicted wrong.")


def _print_thresholds(found: "Thresholds") -> None:
    has_costs = found.cost.tolist() != [[0, 1], [1, 0]]
    rows = [
        {
            "From": f"{point.threshold:.4f}{words}",
            "Recall": f"{point.recall.value:.1%} ({point.recall.low:.1%} to {point.recall.high:.1%})",
            "Specificity": percent(point.specificity.value, 1),
            "Precision": "-" if not point.precision.samples else percent(point.precision.value, 1),
            **({"Cost": f"{point.cost:.4f}"} if has_costs else {"Errors": percent(point.cost, 2)}),
        }
        for words, point in ((" chosen", found.chosen), ("", found.half))
    ]
    print_table(rows, title=printable(f"Thresholds: {found.positive} against {found.negative}"))
    roc, average = found.roc, found.precision_recall.average_precision
    say(f"Area under the ROC curve {roc.area:.4f} ({roc.low:.4f} to {roc.high:.4f}), average precision {average:.4f}.")
    if has_costs:
        say(f"Were the probabilities calibrated, {found.calibrated:.4f} would cost least.")
    if found.note:
        say(f"Note: {found.note}.")


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
