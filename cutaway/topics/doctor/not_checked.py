"""What the doctor could not judge, and why: a sentence each."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cutaway.api.run import Run
from cutaway.errors import DataError
from cutaway.findings import GRADIENTS, LEAST_EPOCHS, PREDICTIONS, TRAINING
from cutaway.options import typed_options
from cutaway.runs import run_command
from cutaway.topics.findings.evidence import kept_findings
from cutaway.topics.label_issues.cached import are_judged
from cutaway.words import counted


def not_checked_of_run(run: Run) -> tuple[str, ...]:
    """What could not be judged of a run, and why."""
    found = [*_of_samples(run), *_of_training(run)]
    if not run.context.opens:
        found.append("The model does not open, so its layers, weights and gradients are not checked.")
    if run.context.manifest.origin == "keras fit":
        found.append("The order of the samples in your own fit is unknown.")
    try:
        run.data  # noqa: B018 (asks whether it can be loaded)
    except DataError as error:
        is_known = kept_findings(run.context) is not None
        checked = "checked by what was measured before" if is_known else "not checked"
        found.append(f"The data cannot be loaded ({error.fault}), so inputs and labels are {checked}.")
    if not run.context.task.is_numbers and not are_judged(run.context):
        command = run_command("label-issues", run.path)
        found.append(f"Single labels are judged by models that were not trained on them:  {command}")
    return tuple(found)


def _of_samples(run: Run) -> Iterator[str]:
    if len(run.split.test):
        return
    if len(run.split.val):
        yield (
            "There are no test samples, so test and validation accuracy are not compared; predictions are checked "
            "on the validation samples."
        )
    else:
        yield f"There are neither test nor validation samples, so these are not checked: {', '.join(PREDICTIONS)}."


def _of_training(run: Run) -> Iterator[str]:
    if run.context.manifest.origin == "model":
        kinds = ", ".join((*TRAINING, *GRADIENTS))
        yield f"The training of a ready-made model is not known, so these are not checked: {kinds}."
        yield (
            "It is unknown whether the model was trained on some validation or test samples. If it was, it may have "
            "memorized their wrong labels, so label-issues is not found, and accuracies are too good."
        )
        return
    rows = run.folder.history()
    if not rows:
        rest = [kind for kind in TRAINING if kind != "divergence" or run.folder.status != "failed"]
        yield f"No epoch has ended, so these are not checked: {', '.join(rest)}."
        return
    short = [kind for kind, least in LEAST_EPOCHS.items() if len(rows) < least]
    if short:
        verb = "is" if len(rows) == 1 else "are"
        yield f"Not checked: {', '.join(short)} ({counted(len(rows), 'epoch')} {verb} too few)."
    if not all("val_loss" in row for row in rows):
        yield "There is no validation loss for every epoch, so overfitting and oscillation are not checked."


def not_checked_of_data(what: object, options: Mapping[str, Any]) -> tuple[str, ...]:
    """What cannot be judged of data before a training, and what judges it.

    Args:
        what: The data: a name or a path, which go into the command, or the samples themselves.
        options: Of a table.
    """
    command = "cutaway.label_issues in Python"
    if isinstance(what, str | Path):
        command = f"cutaway label-issues {shlex.join([str(what), *typed_options(options)])}"
    return (f"Labels are not checked here. To check them:  {command}",)
