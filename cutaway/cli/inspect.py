"""Commands that look at runs: runs, show, embed and report."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cutaway.errors import CutawayError, UsageError, printable
from cutaway.results.units import percent
from cutaway.topics.embedding.options import EmbeddingOptions

from .drawn import IMAGE_WIDTH, drawn_image
from .options import DataOption, JsonOption, RunArgument, RunsOption, with_records
from .output import print_findings, print_json, print_result, print_table, print_tables, say
from .sweeps import report_sweep, sweep_at
from .trainings import print_history
from .typed import as_typed

if TYPE_CHECKING:
    from cutaway.api.run import Run
    from cutaway.findings import Finding
    from cutaway.runs import DamagedRun, RunFolder
    from cutaway.topics.embedding.result import Embedding


def runs(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Folder of the runs.")] = "runs",
    as_json: JsonOption = False,
) -> None:
    """List the runs of a folder, oldest first."""
    from cutaway.errors import UnknownNameError
    from cutaway.runs import list_runs

    if folder != "runs" and not Path(folder).is_dir():
        raise UnknownNameError("runs are kept in a folder", got=f'"{folder}"', hint="name a folder that exists")
    rows = [_row(found) for found in list_runs(folder)]
    if as_json:
        print_json(rows)
        return
    whole = [row for row in rows if row["status"] != "damaged"]
    print_table([{_HEADS.get(key, key.capitalize()): _cell(value) for key, value in row.items()} for row in whole])
    for row in rows:
        if row["status"] == "damaged":
            say(f"damaged: {printable(row['run'])}: {as_typed(row['why'])}")
    sweeps = sorted(path.parent.name for path in Path(folder).glob("*/sweep.json"))
    if sweeps:
        trials = f"cutaway runs {shlex.quote(str(Path(folder) / 'NAME'))}"
        say(f"Sweeps: {printable(', '.join(sweeps))}. Their trials: {trials}")
    elif not rows:
        say(f'No runs in "{folder}". Next: cutaway train mnist')


def _row(found: "RunFolder | DamagedRun") -> dict[str, Any]:
    """A run as one row; one that cannot be read with the reason."""
    from cutaway.api.documents import run_row
    from cutaway.api.run import Run
    from cutaway.context import RunContext
    from cutaway.runs import DamagedRun

    try:
        if not isinstance(found, DamagedRun):
            return run_row(Run(RunContext(found)))
        why = found.why
    except CutawayError as error:
        why = str(error)
    return {"run": found.path.name, "status": "damaged", "why": why}


_HEADS = {"val_accuracy": "Val acc.", "test_accuracy": "Test acc."}


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return percent(value, 2) if isinstance(value, float) else str(value)


def show(run: RunArgument, data: DataOption = None, runs: RunsOption = "runs", as_json: JsonOption = False) -> None:
    """Show what a run was, epoch by epoch, and what was found in it."""
    from cutaway.api.documents import class_document, model_layers, run_document
    from cutaway.api.opening import open_run
    from cutaway.runs import run_argument, run_command
    from cutaway.topics.classes.measures import classes_of_test
    from cutaway.topics.common.data_words import data_in_words
    from cutaway.topics.findings.evidence import kept_findings

    opened = open_run(run, data=data, runs=runs)
    if as_json:
        found = kept_findings(opened.context)
        findings = None if found is None else [each.record() for each in found]
        verdict = opened.verdict().to_json()
        document = {**run_document(opened), "verdict": verdict, "per_class": class_document(opened)}
        print_json({**document, "findings": findings})
        return
    manifest, where = opened.context.manifest, run_argument(opened.path)
    state = opened.folder.state
    config = {key: value for key, value in manifest.config.items() if value is not None}
    answer = opened.verdict()
    model = f"does not open: {(manifest.model_extra or {}).get('unopened') or 'its layers are not known'}"
    if manifest.model:
        model = f"{manifest.model.name}: {', '.join(_layer(layer) for layer in model_layers(opened))}"
    lines = [
        ("dataset", f"{manifest.dataset.name}  sha256 {manifest.dataset.sha256[:12]}"),
        ("data", data_in_words(manifest.dataset)),
        ("model", model),
        ("config", ", ".join(f"{key} {value}" for key, value in config.items())),
        *((("resume", run_command("resume", opened.path)),) if state in ("stopped", "died") else ()),
        *((("again", again),) if (again := opened.context.train_like(where)) else ()),
        *(("damaged", as_typed(error)) for error in run_document(opened)["damaged"].values()),
    ]
    say(f"{printable(str(opened.path))}\n")
    for _, text in answer.lines():
        say(f"  {printable(as_typed(text), 4_000)}")
    say()
    for head, text in lines:
        say(f"  {head:<8} {printable(text, 4_000)}")
    print_history(opened)
    _print_changed_image(opened)
    classes = classes_of_test(opened.context)
    if isinstance(classes, str):
        say(f"No measures by class: {printable(as_typed(classes))}")
    else:
        print_result(classes)
    _print_warnings(kept_findings(opened.context), run_command("doctor", opened.path))


def _print_changed_image(run: "Run") -> None:
    """Draw a training image as it is and as the model saw it, where images were changed at random."""
    from cutaway.topics.history.changed_images import changed_images

    if not run.config.get("augment"):
        return
    epochs = [row["epoch"] for row in run.history.rows[:2]]
    try:
        changed = changed_images(run.context, images=1, epochs=epochs)
    except CutawayError as error:  # the data are somewhere else, or another process has the function
        say(f"Images were changed, and cannot be drawn: {printable(as_typed(str(error)))}")
        return
    if changed is None:
        return
    say(f"\n{printable(changed.names[0])} as the model saw it:\n")
    drawn = [[name, *drawn_image(images[0])] for name, images in changed.shown.items()]
    for parts in zip(*drawn, strict=True):
        say("  " + "  ".join(f"{part:<{IMAGE_WIDTH}}" for part in parts).rstrip())
    say()


def _print_warnings(found: "Sequence[Finding] | None", doctor: str) -> None:
    """Print the warnings of a run that was judged before; of another one, the verdict says how it is judged."""
    if found is None:
        return
    warnings = [each for each in found if each.severity == "warning"]
    say()
    print_findings(warnings)
    if not warnings:
        say("No warnings in the findings.")
    say(f"All findings, with their rules:  {doctor} --rules")


def _layer(layer: dict[str, Any]) -> str:
    """A layer in a few words: "dense_1 (Dense 512 relu)"."""
    details = [str(layer[key]) for key in ("units", "activation", "rate") if key in layer]
    return f"{layer['name']} ({' '.join([layer['kind'], *details])})"


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
        _print_embedding(embedding)
    if embedding.canceled:
        iterations = embedding.layout.settings.get("iterations")
        when = "" if iterations is None else f" after {iterations} iterations"
        raise Canceled(
            "an embedding runs until it is done",
            got=f"a request to cancel it{when}, so it is not cached",
            hint="run it again",
        )


def _print_embedding(embedding: "Embedding") -> None:
    say(f"{embedding.title} in {embedding.layout.seconds['total']:.1f} s")
    if len(table := embedding.quality_table()):
        print_tables((table,))
    say(f"File: {embedding.file or 'not cached'}")


def report(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help='A run or a sweep: a path or a name; "latest" is the latest run.')
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: report.html in the run.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Samples to explore: train, val, test or all. Default: at most 10,000 of test."),
    ] = None,
    epochs: Annotated[
        str | None, typer.Option(help="Epochs on the maps, such as 0,5,10. Default: up to 16, fewer for many samples.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Maximum number of samples on the maps. Default: 100,000 of --split, or 10,000.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="OTHER", help="A run to compare with, in a section of its own.")
    ] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="For runs on different data: compare them on the test samples they share.")
    ] = False,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="Storage of a sweep. Default: the journal in its folder.")
    ] = None,
    data: DataOption = None,
    runs: RunsOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Write everything about a run, or about a sweep, into one HTML file that works from disk without a network."""
    if (folder := sweep_at(run, runs)) is not None:
        given = shared or any(option is not None for option in (split, epochs, samples, against, data))
        report_sweep(folder, output, storage=storage, given=given, as_json=as_json)
        return
    if storage is not None:
        raise UsageError("--storage is for the report of a sweep", got=f'the run "{run}"', hint="leave it out")
    from cutaway.api.documents import file_document
    from cutaway.api.opening import open_run

    opened = open_run(run, data=data, runs=runs)
    other = None if against is None else open_run(against, data=data, runs=runs)
    numbers = _parse_epochs(epochs)
    page = opened.report(output, split=split, epochs=numbers, samples=samples, against=other, shared=shared)
    if as_json:
        print_json(file_document(opened, page))
    else:
        say(f"{page.resolve().as_uri()}  ({page.stat().st_size / 1e6:.1f} MB)")


def _parse_epochs(text: str | None) -> list[int] | None:
    """Parse ``"0,5,10"``.

    Raises:
        UsageError: It is not a list of whole numbers.
    """
    try:
        return None if text is None else [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            "--epochs is a list of whole numbers separated by commas", got=f'"{text}"', hint="try --epochs 0,5,10"
        ) from None
