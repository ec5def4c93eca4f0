"""The command show: a run, epoch by epoch, and its findings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cutaway.errors import CutawayError, printable

from .options import DataOption, JsonOption, RunArgument, RunsOption
from .output import as_typed, print_findings, print_json, print_result, say
from .text_images import IMAGE_WIDTH, text_image
from .trainings import print_history

if TYPE_CHECKING:
    from cutaway.api.run import Run
    from cutaway.findings import Finding


def show(run: RunArgument, data: DataOption = None, runs: RunsOption = "runs", as_json: JsonOption = False) -> None:
    """Show a run, epoch by epoch, and its findings."""
    from cutaway.api.documents import class_document, run_document
    from cutaway.api.opening import open_run
    from cutaway.runs import run_argument, run_command
    from cutaway.topics.classes.classes import classes_of_test
    from cutaway.topics.common.data_words import data_in_words
    from cutaway.topics.findings.evidence import kept_findings

    opened = open_run(run, data=data, runs=runs)
    if as_json:
        found = kept_findings(opened.context)
        findings = None if found is None else [each.record() for each in found]
        classes = {} if opened.context.task.is_numbers else {"per_class": class_document(opened)}
        print_json({**run_document(opened), "verdict": opened.verdict().to_json(), **classes, "findings": findings})
        return
    manifest, where = opened.context.manifest, run_argument(opened.path)
    state = opened.folder.state
    config = {key: value for key, value in manifest.config.items() if value is not None}
    answer = opened.verdict()
    model = f"does not open: {(manifest.model_extra or {}).get('unopened') or 'its layers are not known'}"
    if manifest.model:
        layers = [f"{layer.name} ({layer.in_words})" for layer in manifest.model.layers]
        model = f"{manifest.model.name}: {', '.join(layers)}"
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
    print_history(opened, is_judged=True)
    _print_changed_image(opened)
    if not opened.context.task.is_numbers:
        classes = classes_of_test(opened.context)
        if isinstance(classes, str | CutawayError):
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
        say(f"Images were changed, and cannot be drawn: {as_typed(error)}")
        return
    if changed is None:
        return
    say(f"\n{printable(changed.names[0])} as the model saw it:\n")
    drawn = [[name, *text_image(images[0])] for name, images in changed.shown.items()]
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
