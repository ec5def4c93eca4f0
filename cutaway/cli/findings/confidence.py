"""Commands on what a run's predictions are worth: confidence and learning-curve."""

from cutaway.cli.options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from cutaway.cli.output import print_json, print_result, say
from cutaway.topics.confidence.options import ConfidenceOptions
from cutaway.topics.learning_curve.options import LearningCurveOptions


@with_records
def confidence(
    run: RunArgument,
    options: ConfidenceOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show how far probabilities can be relied on: calibration, coverage, thresholds."""
    from cutaway.api.opening import open_run
    from cutaway.topics.confidence.answer import compute

    opened = open_run(run, data=data, runs=runs)
    answer = compute(opened.context, options)
    if as_json:
        print_json(answer.to_json())
        return
    if answer.assumed:
        say("There are no test samples, so validation samples are measured. Temperature and thresholds were chosen")
        say("on them: expect less on new samples.")
    print_result(answer)


@with_records
def learning_curve(
    run: RunArgument,
    options: LearningCurveOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show whether more data would help, by training the model on less."""
    from cutaway.api.opening import open_run

    opened = open_run(run, data=data, runs=runs)
    curve = opened.learning_curve(**vars(options))
    if as_json:
        print_json({"run": str(opened.path), **curve.to_json()})
    else:
        print_result(curve)
