"""The list of all checks, the function that runs them, and which findings are the cause of others.

The cause comes first and advises; what follows from it only tells.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

from . import (
    classes,
    columns,
    first_weights,
    overfitting,
    settings,
    setup,
    short_trainings,
    simpler_models,
    splits,
    steps,
    targets,
    units,
)
from .records import Check, Evidence, Finding, Rule
from .simpler_models import predicts_poorly

CHECKS: tuple[Check, ...] = (
    setup.setup,
    short_trainings.short_trainings,
    columns.input_scale,
    settings.unusual_settings,
    settings.augmentation,
    classes.class_weights,
    overfitting.kept_epoch,
    first_weights.equal_weights,
    steps.divergence,
    classes.class_names,
    classes.numeric_labels,
    splits.unshuffled_split,
    columns.target_leakage,
    columns.target_encoding,
    targets.unusual_targets,
    splits.group_leakage,
    columns.left_out_columns,
    columns.unlike_values,
    columns.codes_as_numbers,
    columns.mixed_units,
    columns.numbers_as_text,
    splits.duplicates,
    splits.near_duplicates,
    splits.wrong_test_labels,
    units.frozen_layers,
    steps.gradients,
    units.saturated_units,
    steps.batch_too_large,
    steps.learning_rate,
    steps.too_few_epochs,
    units.bottleneck,
    units.dead_units,
    classes.class_imbalance,
    units.low_rank,
    steps.oscillation,
    classes.label_issues,
    columns.constant_inputs,
    splits.shifted_test_samples,
    steps.stalled,
    simpler_models.simpler_model,
    simpler_models.baseline,
    targets.errors_of_numbers,
    classes.few_samples,
    classes.missed_class,
    overfitting.overfitting,
    units.redundant_units,
    overfitting.miscalibration,
    classes.confusion,
    splits.test_gap,
)
"""Every check, causes before what follows from them. A new one is a function and a line here."""

RULES: dict[str, Rule] = {rule.kind: rule for check in CHECKS for rule in check.rules}
"""The rule of each kind of finding, in the order of `CHECKS`."""

TRAINING = (
    "divergence",
    "stalled",
    "overfitting",
    "learning-rate-too-high",
    "learning-rate-too-low",
    "oscillation",
    "batch-too-large",
    "too-few-epochs",
    "over-regularized",
    "unusual-setting",
    "batch-normalization",
    "class-changing-augmentation",
    "kept-epoch",
    "equal-weights",
)
"""Kinds of findings on how a training went."""

GRADIENTS = ("vanishing-gradients", "exploding-gradients")

PREDICTIONS = (
    *("test-labels", "numeric-labels", "baseline", "few-samples", "missed-class", "confusion"),
    *("miscalibration", "label-issues", "test-gap"),
)
"""Kinds of findings on predictions of samples that a model was not trained on."""

COMMON = (
    *("overfitting", "target-leakage", "label-issues", "too-few-epochs", "learning-rate-too-high", "dead-units"),
    *("class-imbalance", "duplicates"),
)
"""The kinds that most people look for; they come first in the list of kinds that were not found."""

LEAST_EPOCHS = {"stalled": 2, "learning-rate-too-high": 2, "learning-rate-too-low": 2, "oscillation": 6}
"""Epochs below which nothing of a kind is found."""

_NEEDED: Mapping[str, Sequence[str]] = {
    "inputs": tuple(RULES),  # without the data little is known
    "history": (*TRAINING, *GRADIENTS),
    "layers": (
        *("equal-weights", "saturated-units", "bottleneck", "low-rank", "redundant-units", "dead-units"),
        "frozen-layers",
    ),
    "calibration": PREDICTIONS,
    "simpler_models": simpler_models.KINDS,
    "class_weights": ("class-weights",),
    "class_names": ("class-imbalance", "class-names", "overlapping-classes", "unshuffled-split"),
    "targets": targets.OF_TARGETS,
    "errors": targets.OF_ERRORS,
    "short_trainings": tuple(short_trainings.WORDS),
    "input_columns": (
        *("target-encoding", "left-out-columns", "sentinel-values", "mixed-units", "numbers-as-text"),
        *("extreme-values", "codes-as-numbers", "group-leakage"),
    ),
}
"""What is empty where it is unknown -> kinds of findings that are not found then."""

_RANK = {"warning": 0, "note": 1, "good": 2}

_MISTAKES = ("baseline", "missed-class", "confusion", "miscalibration", "label-issues")
"""What is found of predictions that are often wrong."""

_POOR = (*_MISTAKES, "no-gain", "test-gap", "overfitting", *simpler_models.KINDS)
"""What is found of the predictions of any model that has not learned."""

_SHORT = ("first-loss", "unlearned-batch", "poor-rate", "unused-inputs")
"""What short trainings show of a model that learns little."""

_UNTRAINED = (*_POOR, *_SHORT, "stalled", "dead-units", "redundant-units", "low-rank", "oscillation")
"""What is found of any model whose training failed."""

_SLOW = ("learning-rate-too-low", "too-few-epochs")

_FAILED = (*_UNTRAINED, *_SLOW)
"""What is found of any model that has learned nothing, or little."""

EXPLAINS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(setup.FAULTS, (*_POOR, *_SLOW, *_SHORT, "stalled", "divergence", "learning-rate-too-high")),
    **dict.fromkeys(
        (
            *("unscaled-inputs", "uneven-inputs", "uncentered-inputs", "double-scaling", "over-regularized"),
            *("equal-weights", "extreme-values"),
        ),
        (
            *(*_FAILED, "learning-rate-too-high", "divergence", "exploding-gradients", "vanishing-gradients"),
            "saturated-units",
        ),
    ),
    **dict.fromkeys(
        (
            *("sentinel-values", "codes-as-numbers", "batch-too-large", "kept-epoch"),
            "batch-normalization",
        ),
        _FAILED,
    ),
    "class-names": (*_MISTAKES, "class-imbalance"),
    "numeric-labels": (*_POOR, "class-imbalance", "duplicates"),
    "identifier-target": (*_FAILED, "rounded-target", "alike-neighbors", "growing-errors"),
    **dict.fromkeys(("heavy-tails", "skewed-target"), (*_POOR, "growing-errors", "target-leakage")),
    "limited-target": ("growing-errors", "simpler-model"),
    "no-gain": ("overfitting", "growing-errors"),
    "alike-neighbors": ("group-leakage", "simpler-model"),
    "divergence": (*_UNTRAINED, "learning-rate-too-high", "saturated-units"),
    "unshuffled-split": (*_POOR, "shifted-test-samples", "test-labels", "class-imbalance"),
    **dict.fromkeys(("shifted-test-samples", "test-labels"), (*_MISTAKES, "test-gap")),
    "saturated-units": (*_FAILED, "vanishing-gradients"),
    "exploding-gradients": (*_UNTRAINED, "learning-rate-too-high", "divergence"),
    "vanishing-gradients": (*_FAILED, "saturated-units"),
    **dict.fromkeys(("target-leakage", "target-encoding", "near-duplicates"), ("simpler-model",)),
    "duplicates": ("simpler-model", "leaking-split"),
    "shifted-labels": ("unused-inputs",),
    "poor-rate": ("unlearned-batch",),
    "unlearned-batch": ("unused-inputs",),
    "group-leakage": ("near-duplicates", "simpler-model", "codes-as-numbers"),
    "frozen-layers": (*_FAILED, "bottleneck", "vanishing-gradients"),
    "dead-units": ("class-imbalance", "low-rank", "redundant-units", "stalled", *_POOR, *_SLOW),
    "bottleneck": ("low-rank", "redundant-units", "dead-units", "stalled", *_POOR, *_SLOW),
    "low-rank": ("redundant-units", *_POOR, *_SLOW),
    "redundant-units": ("low-rank", "simpler-model"),
    "class-weights": (*_POOR, "unusual-setting"),
    "unusual-setting": (
        *_FAILED,
        "class-weights",
        "batch-normalization",
        "divergence",
        "learning-rate-too-high",
        "saturated-units",
        "vanishing-gradients",
    ),
    "class-changing-augmentation": (*_POOR, "over-regularized"),
    "learning-rate-too-high": (*_UNTRAINED, "divergence", "saturated-units"),
    **dict.fromkeys(_SLOW, _UNTRAINED),
    "oscillation": ("test-gap", "miscalibration"),
    "stalled": _POOR,
    **dict.fromkeys(("simpler-model", "class-imbalance"), ("baseline", "missed-class", "confusion")),
    "label-issues": ("miscalibration",),
    "few-samples": ("missed-class", "overfitting", "miscalibration", "confusion", "label-issues", "test-gap"),
    "overfitting": ("miscalibration",),
    "baseline": ("missed-class", "miscalibration", "confusion", "overfitting", "label-issues"),
}
"""Kind of a warning -> kinds of findings that follow from it. Where two explain each other, the first check counts."""

COSTS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(
        ("dead-units", "low-rank", "redundant-units", "oscillation", "extreme-values", "codes-as-numbers"),
        ("stalled", "baseline", "missed-class", "simpler-model"),
    ),
    "class-imbalance": ("baseline", "missed-class"),
    "shifted-test-samples": ("baseline", "missed-class", "test-gap"),
}
"""Kind of a finding that many good models have -> warnings that show that a model is worse for it.

Where predictions are known it is a note without one of these that nothing before it explains, unless its evidence
"stands" whatever they show.
"""

HARMLESS = "Nothing shows that the model is worse for it."

LIVED_WITH = frozenset(
    {*setup.FAULTS, "dead-units", "low-rank", "saturated-units", "exploding-gradients", "oscillation"}
)
"""Many models learn well in spite of these causes: they explain predictions only if those are poor."""


def run_checks(
    evidence: Evidence, *, muted: Collection[str] = (), kinds: Collection[str] | None = None
) -> tuple[Finding, ...]:
    """Run every check and return what they found: warnings first, then notes; of one kind in the order of `CHECKS`.

    What follows from another finding comes after everything of its severity that no other finding explains, and what
    any model shows that has not learned comes after what may be the cause.

    Args:
        evidence: What is known.
        muted: Kinds that do not explain others, as in `with_causes`.
        kinds: Kinds to look for, all if None; facts that only other checks need are not measured.

    Raises:
        DataError: The confusion matrix holds other things than counts, or does not have one row per class name.
    """
    checks = [check for check in CHECKS if kinds is None or any(rule.kind in kinds for rule in check.rules)]
    found = [each for check in checks for each in check(evidence) if kinds is None or each.kind in kinds]
    explained = with_causes(found, evidence, muted=muted)
    return tuple(sorted(explained, key=lambda each: (_RANK[each.severity], each.cause is not None, not each.leads)))


def passed_kinds(evidence: Evidence, findings: Iterable[Finding]) -> tuple[str, ...]:
    """The kinds of findings that could be looked for and gave no warning and no note; common kinds come first."""
    others = {each.kind for each in findings if each.severity != "good"}
    others |= {kind for fact, kinds in _NEEDED.items() if not getattr(evidence, fact) for kind in kinds}
    others |= {kind for kind, least in LEAST_EPOCHS.items() if len(evidence.history) < least}
    return tuple(kind for kind in dict.fromkeys((*COMMON, *RULES)) if kind not in others)


def with_causes(findings: Iterable[Finding], evidence: Evidence, *, muted: Collection[str]) -> tuple[Finding, ...]:
    """Say of each finding which warning explains it; only a finding that no other explains advises.

    A warning that is itself explained explains nothing further: what follows from it follows from its cause. One that
    costs nothing (`COSTS`) becomes a note.
    What is good follows from nothing that is wrong: it has no cause.

    Args:
        findings: In the order of the checks, causes first.
        evidence: What they were found in.
        muted: Kinds that explain nothing, since a user said that they need no attention: findings
            that they would explain stand on their own.
    """
    listed, is_poor = list(findings), predicts_poorly(evidence)
    explained, causes = dict[int, str](), set[int]()
    for number, cause in enumerate(listed):
        if cause.severity != "warning" or number in explained or cause.kind in muted:
            continue
        if cause.kind in COSTS and evidence.measured is not None and not cause.evidence.get("stands"):
            others = {
                other.kind
                for place, other in enumerate(listed)
                if other.severity == "warning" and explained.get(place, cause.kind) == cause.kind
            }
            # without another cause, and a simpler model to compare it with, a low accuracy shows it as well
            is_low = is_poor and not (causes or evidence.simpler_models) and "simpler-model" in COSTS[cause.kind]
            if not is_low and others.isdisjoint(COSTS[cause.kind]):
                text = f"{cause.text} {HARMLESS}"
                listed[number] = dataclasses.replace(cause, severity="note", text=text, remedy=None, advice="")
                continue
        kinds = set(EXPLAINS.get(cause.kind, ()))
        if cause.kind in LIVED_WITH:  # another kind of model may be better for other reasons
            kinds -= set(simpler_models.KINDS if is_poor else _POOR)
        for place, other in enumerate(listed):
            if other.kind in kinds and other.severity != "good" and place not in explained and place not in causes:
                explained[place] = cause.kind
                causes.add(number)
    return tuple(_with_cause(each, explained.get(number)) for number, each in enumerate(listed))


def folded(findings: Iterable[Finding]) -> tuple[tuple[Finding, tuple[Finding, ...]], ...]:
    """Each finding that no other explains, in order, with those that follow from it."""
    listed = list(findings)
    causes = {each.kind: each for each in reversed(listed) if each.cause is None}
    heads = (each for each in listed if each.cause not in causes)
    return tuple((each, tuple(other for other in listed if causes.get(other.cause or "") is each)) for each in heads)


def _with_cause(finding: Finding, cause: str | None) -> Finding:
    if cause is not None:
        return dataclasses.replace(finding, cause=cause, remedy=None, advice="")
    text = finding.text + " " + finding.advice if finding.advice else finding.text
    return dataclasses.replace(finding, text=text)
