"""What a person should look at in a run."""

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cutaway.api.context import RunContext
from cutaway.errors import DataError
from cutaway.findings import Evidence, Finding, run_checks

from .facts import facts_of
from .predictions import confusion_counts

if TYPE_CHECKING:
    from cutaway.interpret import LayerRecord


def evidence_of(context: RunContext, *, confusion: Any, layers: "Iterable[LayerRecord]") -> Evidence:
    """Collect what is known about a run.

    Args:
        context: The run.
        confusion: int (true, predicted), counts on the test samples, sparse or not.
        layers: What its layers are.
    """
    rows, test = context.folder.history(), context.manifest.test
    kept = context.row(rows=rows) or {}
    return Evidence(
        history=rows,
        confusion=confusion,
        class_names=context.class_names,
        inactive_units={layer.name: (layer.inactive, layer.units) for layer in layers if layer.inactive is not None},
        kept_epoch=context.manifest.kept_epoch,
        recorded=context.manifest.origin == "keras fit",
        test_accuracy=test["accuracy"] if test else None,
        val_accuracy=kept.get("val_accuracy"),
        test_samples=len(context.split.test),
        val_samples=len(context.split.val),
        **facts_of(context),
    )


def findings(context: RunContext, *, layers: "Iterable[LayerRecord]") -> tuple[Finding, ...]:
    """Run all checks on a run; see `cutaway.Run.findings`."""
    confusion = None
    with suppress(DataError):  # data that are gone: what needs them is not judged
        confusion = confusion_counts(context) if len(context.split.test) else None
    return run_checks(evidence_of(context, confusion=confusion, layers=layers))
