"""What a person should look at in a run."""

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cutaway.cache import CachedResult, cached
from cutaway.context import RunContext
from cutaway.errors import CutawayError
from cutaway.findings import Evidence, Finding, looks_drawn, run_checks
from cutaway.runs import kept_so_far

from .facts import facts_of
from .rivals import kept_rivals

if TYPE_CHECKING:
    from cutaway.interpret import LayerRecord


def evidence_of(context: RunContext, *, layers: "Callable[[], Iterable[LayerRecord]]") -> Evidence:
    """Collect what is known about a run; what takes long to measure is kept in the cache.

    Args:
        context: The run.
        layers: Gives what its layers are; it is called if that is not known already.
    """
    kept = _kept(context)
    facts = None if kept is None else kept.read()
    if facts is None:
        facts, is_whole = facts_of(context, layers=layers)
        if kept is not None and is_whole:
            kept.write(facts)
    return _with_records(context, facts)


def kept_findings(context: RunContext) -> tuple[Finding, ...] | None:
    """Findings that need no further measurement, since everything was measured before; otherwise None."""
    kept = _kept(context)
    facts = None if kept is None else kept.read()
    return None if facts is None else run_checks(_with_records(context, facts))


def recorded_findings(context: RunContext) -> tuple[Finding, ...]:
    """What shows in the history and in what run.json records: nothing is measured for it."""
    return run_checks(_with_records(context, {}))


def findings(
    context: RunContext, *, layers: "Callable[[], Iterable[LayerRecord]]", muted: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Run all checks on a run; see `cutaway.Run.findings`, and `run_checks` for what is muted."""
    context.manifest.check("model")
    return run_checks(evidence_of(context, layers=layers), muted=muted)


def _with_records(context: RunContext, facts: dict[str, Any]) -> Evidence:
    """Evidence of measured facts and of what the run folder records."""
    rows, test, record = context.folder.history(), context.manifest.test, context.manifest.dataset
    kept = context.row(rows=rows) or {} if context.knows_validation_samples else {}
    facts = dict(facts)
    if weights := facts.get("weights"):  # of layers whose weights are no numbers in some epoch nothing is known
        facts["weights"] = {
            name: each for name, each in weights.items() if np.isfinite([*each.updates, each.first, each.kept]).all()
        }
    measured = facts.pop("val_accuracy", None)
    return Evidence(
        history=rows,
        class_names=context.class_names,
        kept_epoch=kept_so_far(context.manifest, rows),
        diverged=_diverged(context, epochs=len(rows)),
        ended=context.manifest.status == "finished",
        regularization=_regularization(context) if context.opens else None,
        frozen=_frozen(context) if context.opens else (),
        output_activation=_output_activation(context) if context.opens else None,
        recorded=context.manifest.origin == "keras fit",
        ready_made=context.manifest.origin == "model",
        test_accuracy=as_share((test or {}).get("accuracy")),
        val_accuracy=measured if context.manifest.origin == "model" else as_share(kept.get("val_accuracy")),
        test_samples=len(context.split.test),
        val_samples=len(context.split.val),
        config={name: value for name, value in context.manifest.config.items() if value is not None},
        train_samples=len(context.split.train),
        default_weights=_has_default_weights(context),
        input_names=record.feature_names,
        input_columns=None if context.preparation is None else context.preparation.columns_of_features,
        images=record.image is not None,
        rivals=kept_rivals(context) or (),
        **facts,
    )


def as_share(accuracy: float | None) -> float | None:
    """An accuracy that is recorded; None for what is none, as a metric of a user's own that is called so."""
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
    return context.manifest.first_weights == DRAWN and all(_class_name(given) == name for given, name in drawn)


def _regularization(context: RunContext) -> dict[str, float]:
    """The highest dropout rate, and the largest penalties of weights, of all layers of a model."""
    strengths: dict[str, float] = {}

    def take(name: str, value: Any) -> None:
        if isinstance(value, int | float):
            strengths[name] = max(strengths.get(name, 0.0), float(value))

    for layer in context.spec["layers"]:
        config: dict[str, Any] = layer.get("config") or {}
        if layer["kind"] == "Dropout":
            take("dropout", config.get("rate"))
        for setting, regularizer in config.items():
            if setting.endswith("_regularizer") and isinstance(regularizer, dict):
                penalties: dict[str, Any] = cast("dict[str, Any]", regularizer).get("config") or {}
                take("l1", penalties.get("l1"))
                take("l2", penalties.get("l2"))
    return strengths


def _frozen(context: RunContext) -> tuple[str, ...]:
    """Names of the Dense layers that are not trained although their weights were drawn."""
    configs: dict[str, dict[str, Any]] = {each["name"]: each.get("config") or {} for each in context.spec["layers"]}
    named = [name for name, config in configs.items() if config.get("trainable") is False]
    if not named or not context.folder.epochs:
        return ()
    snapshot = context.snapshot(context.folder.epochs[0])
    kernels = {name: snapshot.get(f"{name}/kernel") for name in named}
    return tuple(name for name, kernel in kernels.items() if kernel is not None and looks_drawn(kernel))


def _output_activation(context: RunContext) -> str | None:
    """Name of the activation function of the output layer, if it has one."""
    configs: dict[str, dict[str, Any]] = {each["name"]: each.get("config") or {} for each in context.spec["layers"]}
    activation = configs.get(context.spec["output"], {}).get("activation")
    return activation if isinstance(activation, str) else None


def _class_name(initializer: Any) -> Any:
    """The class of an initializer in a specification; None of a damaged one, which is no object."""
    return cast("dict[str, Any]", initializer).get("class_name") if isinstance(initializer, dict) else None


def _kept(context: RunContext) -> CachedResult | None:
    """The facts of a run in the cache; None of a run without weights.

    All epochs decide them, since how far weights moved is measured.
    """
    try:
        return cached("facts", context.folder.identity(*context.folder.epochs), context.epoch(), method=12)
    except CutawayError:
        return None
