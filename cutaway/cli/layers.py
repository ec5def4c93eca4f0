"""The commands layers and embed: what each layer is and knows after each epoch, and a map of its activations."""

from cutaway.topics.embedding.options import EmbeddingOptions
from cutaway.topics.layers.options import LayersOptions

from .options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from .output import print_answer, print_json, print_tables, say


@with_records
def layers(
    run: RunArgument,
    options: LayersOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show what each layer is and holds, and how many of its units are dead."""
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


@with_records
def embed(
    run: RunArgument,
    options: EmbeddingOptions,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Compute a 2-D map of a layer's activations, by t-SNE, and keep it in the run folder."""
    from cutaway.api.opening import open_run
    from cutaway.errors import Canceled

    opened = open_run(run, data=data, runs=runs)
    embedding = opened.embed(**options.given())
    if as_json:
        print_json({"run": str(opened.path), **embedding.to_json()})
    else:
        say(f"{embedding.title} in {embedding.layout.seconds['total']:.1f} s")
        if len(table := embedding.quality_table()):
            print_tables((table,))
        say(f"File: {embedding.file or 'not cached'}")
    if embedding.canceled:
        iterations = embedding.layout.settings.get("iterations")
        when = "" if iterations is None else f" after {iterations} iterations"
        raise Canceled(
            "an embedding runs until it is done",
            got=f"a request to cancel it{when}, so it is not cached",
            hint="run it again",
        )
