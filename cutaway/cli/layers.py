"""The command layers: what each layer is, and what it knows after each epoch."""

from cutaway.topics.layers.options import LayersOptions

from .options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from .output import print_answer, say


@with_records
def layers(
    run: RunArgument,
    options: LayersOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show what each layer is and holds, and how many of its units are inactive."""
    from cutaway.api.opening import open_run
    from cutaway.results.progress import show_progress
    from cutaway.runs import run_command
    from cutaway.topics.layers.measuring import compute

    opened = open_run(run, data=data, runs=runs)
    with show_progress(True) as on_progress:
        answer = compute(opened.context, options, on_progress=on_progress)
    print_answer(answer, as_json=as_json)
    if options == LayersOptions(epoch=options.epoch) and not as_json and len(opened.split.test):
        say(f"Next: what each layer knows after every epoch:  {run_command('layers', opened.path)} --history")
