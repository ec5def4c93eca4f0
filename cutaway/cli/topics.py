"""Commands that ask one question about a run: a table of those that only answer, and embed and samples."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from cutaway.options import TSNESettings
from cutaway.topics.confidence.options import ConfidenceOptions
from cutaway.topics.embedding.options import EmbeddingOptions
from cutaway.topics.errors.options import ErrorsOptions
from cutaway.topics.explanation.options import ExplanationOptions
from cutaway.topics.importance.options import ImportanceOptions
from cutaway.topics.layers.options import LayersOptions
from cutaway.topics.learning_curve.options import LearningCurveOptions
from cutaway.topics.samples.options import SamplesOptions
from cutaway.topics.units.options import UnitsOptions

from .options import DataOption, JsonOption, OptionsGiven, RunArgument, RunsOption, with_records
from .output import print_answer, print_json, print_rows, print_tables, say


class Topic(NamedTuple):
    """A question about a run.

    Attributes:
        options: The record of its options, the source of the flags and their help.
        answer: The function below ``cutaway.topics`` that answers it.
        help: What the command shows, a sentence or two.
    """

    options: type
    answer: str
    help: str


TOPICS = {
    "layers": Topic(
        LayersOptions, "layers.layers.compute", "Show what each layer is and holds, and how many of its units are dead."
    ),
    "units": Topic(
        UnitsOptions,
        "units.units.compute",
        "Show what each unit of a hidden layer responds to, its most similar unit, and how the loss rises without it.",
    ),
    "explain": Topic(
        ExplanationOptions,
        "explanation.answer.compute",
        "Show the evidence for the predicted class of a sample, and for the runner-up.",
    ),
    "importance": Topic(
        ImportanceOptions,
        "importance.result.compute",
        "Show which columns of a table the model needs: how much worse it predicts once a column is shuffled.",
    ),
    "errors": Topic(
        ErrorsOptions,
        "errors.errors.errors",
        "Show how large the errors of predicted numbers are, in which columns' values they are larger, and how often "
        "intervals hold the true number.",
    ),
    "confidence": Topic(
        ConfidenceOptions,
        "confidence.answer.compute",
        "Show how far probabilities can be relied on: calibration, coverage, thresholds.",
    ),
    "learning-curve": Topic(
        LearningCurveOptions,
        "learning_curve.learning_curve.learning_curve",
        "Show whether more data would help, by training the model on less.",
    ),
}
"""The commands that open a run, compute, and print the answer or ``--json`` of it."""


def topic_command(name: str) -> Callable[..., None]:
    """The command of a question in `TOPICS`."""
    topic = TOPICS[name]

    def command(
        *,
        run: RunArgument,
        options: Any,
        data: DataOption = None,
        runs: RunsOption = "runs",
        as_json: JsonOption = False,
    ) -> None:
        module, _, name = topic.answer.rpartition(".")
        compute = getattr(importlib.import_module(f"cutaway.topics.{module}"), name)
        with _opened(run, data, runs) as (opened, on_progress):
            answer = compute(opened.context, options, on_progress=on_progress)
        print_answer(answer, run=opened.path, as_json=as_json)

    command.__name__, command.__doc__ = name, topic.help
    command.__annotations__["options"] = topic.options
    return with_records(command)


@contextmanager
def _opened(run: str, data: str | None, runs: str) -> Iterator[tuple[Any, Any]]:
    """A run, and what draws the progress of work on it."""
    from cutaway.api.opening import open_run
    from cutaway.results.progress import show_progress

    opened = open_run(run, data=data, runs=runs)
    with show_progress(True) as on_progress:
        yield opened, on_progress


@with_records
def embed(
    run: RunArgument,
    options: EmbeddingOptions,
    settings: Annotated[dict[str, Any], OptionsGiven(TSNESettings)],
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Compute a 2-D map of a layer's activations, by t-SNE, and keep it in your cache."""
    from cutaway.api.opening import open_run
    from cutaway.errors import Canceled

    opened = open_run(run, data=data, runs=runs)
    embedding = opened.embed(**vars(options), **settings)
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
            "the embedding was canceled",
            got=f"a request to cancel it{when}, so it is not cached",
            hint="run it again",
        )


@with_records
def samples(
    run: RunArgument,
    options: SamplesOptions,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Write all to this .csv, .jsonl or .parquet file; - is CSV to stdout."),
    ] = None,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Show how each sample was learned: when, how often it was forgotten, and how sure the model was; hardest first."""
    from cutaway.results.result import Answer
    from cutaway.topics.common.rows_file import check_rows_file, write_rows
    from cutaway.topics.samples.dynamics import compute

    if output not in (None, "-"):
        check_rows_file(Path(output), what="samples")
    with _opened(run, data, runs) as (opened, on_progress):
        hardest = compute(opened.context, options, on_progress=on_progress)
    if output == "-":
        print_rows([hardest])
    elif output is not None:
        count = write_rows([hardest], Path(output), what="samples")
        if as_json:
            print_json({"samples": count, "file": output})
        else:
            say(f"{count:,} samples written to {output}")
    else:
        tables = partial(hardest.tables, options.sort, options.limit)
        print_answer(Answer(hardest.to_json, tables), run=opened.path, as_json=as_json)
