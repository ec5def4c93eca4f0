"""The commands units and importance: what each unit of a layer responds to, and which columns the model needs."""

from cutaway.topics.importance.options import ImportanceOptions
from cutaway.topics.units.options import UnitsOptions

from .options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from .output import print_answer


@with_records
def units(
    run: RunArgument,
    options: UnitsOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show what each unit of a hidden layer responds to, its most similar unit, and how the loss rises without it."""
    from cutaway.api.opening import open_run
    from cutaway.results.progress import show_progress
    from cutaway.topics.units.measuring import compute

    opened = open_run(run, data=data, runs=runs)
    with show_progress(True) as on_progress:
        answer = compute(opened.context, options, on_progress=on_progress)
    print_answer(answer, as_json=as_json)


@with_records
def importance(
    run: RunArgument,
    options: ImportanceOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show which columns of a table the model needs: how much worse it predicts once a column is shuffled."""
    from cutaway.api.opening import open_run
    from cutaway.results.progress import show_progress
    from cutaway.topics.importance.result import compute

    opened = open_run(run, data=data, runs=runs)
    with show_progress(True) as on_progress:
        answer = compute(opened.context, options, on_progress=on_progress)
    print_answer(answer, as_json=as_json)
