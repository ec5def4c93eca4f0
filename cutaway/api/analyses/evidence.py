"""What a person should look at in a run."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, get_type_hints

import numpy as np

from cutaway.api.context import RunContext
from cutaway.checks import warn_user
from cutaway.errors import CutawayError
from cutaway.findings import Evidence, Finding, run_checks
from cutaway.metrics import confusion_counts
from cutaway.runs import DAMAGED, file_name

from .facts import facts_of

if TYPE_CHECKING:
    from cutaway.interpret import LayerRecord

METHOD = 5
"""Part of the key of kept facts: other measurements or thresholds in them give others."""


def evidence_of(context: RunContext, *, layers: "Callable[[], Iterable[LayerRecord]]") -> Evidence:
    """Collect what is known about a run; what takes long to measure is kept among its results.

    Args:
        context: The run.
        layers: Gives what its layers are; it is called if that is not known already.
    """
    name = _name(context)
    facts = None if name is None else _read(context, name)
    if facts is None:
        facts, is_whole = facts_of(context, layers=layers)
        if name is not None and is_whole:
            context.folder.results.write(name, _written(facts))
    return _with_records(context, facts)


def kept_findings(context: RunContext) -> tuple[Finding, ...] | None:
    """Findings that need no further measurement, since everything was measured before; otherwise None."""
    name = _name(context)
    facts = None if name is None else _read(context, name)
    return None if facts is None else run_checks(_with_records(context, facts))


def findings(context: RunContext, *, layers: "Callable[[], Iterable[LayerRecord]]") -> tuple[Finding, ...]:
    """Run all checks on a run; see `cutaway.Run.findings`."""
    context.manifest.check("model")
    return run_checks(evidence_of(context, layers=layers))


def _with_records(context: RunContext, facts: dict[str, Any]) -> Evidence:
    """Evidence of measured facts and of what the run folder records."""
    rows, test, record = context.folder.history(), context.manifest.test, context.manifest.dataset
    kept = context.row(rows=rows) or {}
    facts = dict(facts)
    measured = facts.pop("val_accuracy", None)
    return Evidence(
        history=rows,
        class_names=context.class_names,
        kept_epoch=context.manifest.kept_epoch,
        diverged=_diverged(context, epochs=len(rows)),
        recorded=context.manifest.origin == "keras fit",
        ready_made=context.manifest.origin == "model",
        test_accuracy=test["accuracy"] if test else None,
        val_accuracy=measured if context.manifest.origin == "model" else _share(kept.get("val_accuracy")),
        test_samples=len(context.split.test),
        val_samples=len(context.split.val),
        config={name: value for name, value in context.manifest.config.items() if value is not None},
        train_samples=len(context.split.train),
        default_weights=_has_default_weights(context),
        input_names=record.feature_names,
        input_columns=None if context.preparation is None else context.preparation.columns_of_features,
        pictures=len(record.shape) > 1,
        **facts,
    )


def _share(accuracy: float | None) -> float | None:
    """An accuracy that a history names; None for what is none, as a metric of a user's own that is called so."""
    return accuracy if accuracy is not None and 0 <= accuracy <= 1 else None


def _diverged(context: RunContext, *, epochs: int) -> tuple[int, str] | None:
    """The epoch that a training of ours did not end because a loss was not finite, and that loss."""
    from cutaway.training import FINITE

    why = (context.manifest.why or "") if context.manifest.status == "failed" else ""
    return next(((epochs + 1, metric) for metric, rule in FINITE.items() if why.startswith(rule)), None)


def _has_default_weights(context: RunContext) -> bool | None:
    """Whether first weights were drawn by Keras' default initializers; None of a model that does not open."""
    from cutaway.training import DRAWN

    if not context.opens:
        return None
    usual = {"kernel_initializer": "GlorotUniform", "bias_initializer": "Zeros"}
    configs: list[dict[str, Any]] = [layer.get("config") or {} for layer in context.spec["layers"]]
    drawn = [(config[key], name) for config in configs for key, name in usual.items() if config.get(key)]
    return context.manifest.first_weights == DRAWN and all(given.get("class_name") == name for given, name in drawn)


def _name(context: RunContext) -> str | None:
    """Name of the file with the facts of a run, with a digest of all that decides them; None of a run without weights.

    All epochs decide them, since how far weights moved is measured.
    """
    manifest = context.manifest
    try:
        epochs = context.folder.epochs
        digests = [context.folder.snapshot_digest(epoch).hexdigest() for epoch in epochs]
        spec = context.spec if context.opens else None
        kept = context.epoch()
    except CutawayError:
        return None
    decides = [METHOD, spec, kept, epochs, digests, manifest.dataset.sha256, manifest.dataset.scale, manifest.split]
    digest = hashlib.sha256(json.dumps([*decides, manifest.dataset.relabeled], sort_keys=True).encode())
    return file_name("facts", f"epoch-{kept:04d}", digest.hexdigest()[:16]) + ".json"


def _written(facts: dict[str, Any]) -> bytes:
    """Facts as JSON; the confusion matrix by its entries."""
    record = dict(facts)
    if record.get("confusion") is not None:
        counts = record["confusion"].tocoo()
        entries = (counts.row, counts.col, counts.data)
        record["confusion"] = [counts.shape[0], *(each.tolist() for each in entries)]
    return json.dumps(record, default=dataclasses.asdict).encode()


def _read(context: RunContext, name: str) -> dict[str, Any] | None:
    """The facts in a file of the results; None where there is none, or one that is damaged."""
    from pydantic import TypeAdapter

    data = context.folder.results.read(name)
    if data is None:
        return None
    hints = get_type_hints(Evidence)
    try:
        facts: dict[str, Any] = {
            key: TypeAdapter(hints[key]).validate_python(value) for key, value in json.loads(data).items()
        }
        if facts.get("confusion") is not None:
            classes, rows, columns, counts = facts["confusion"]
            if classes != len(context.class_names):
                raise ValueError(classes)
            repeated = (np.repeat(np.array(each, np.int64), counts) for each in (rows, columns))
            facts["confusion"] = confusion_counts(*repeated, classes=classes)
        return facts
    except DAMAGED:
        warn_user(f"{name} is damaged and is computed again")
        return None
