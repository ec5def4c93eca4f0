"""What can be found in data before any training."""

from collections.abc import Collection, Mapping
from typing import Any

from cutaway.checks import warn_user
from cutaway.data import Dataset, Split, Table
from cutaway.findings import Evidence, Finding, run_checks

from .facts import leak_facts, sample_facts

LEAKS = ("target-leakage", "target-encoding", "left-out-columns", "group-leakage", "duplicates")
"""Kinds of findings for which a table should be changed before it is trained on."""


def data_findings(
    loaded: Dataset | Table, data: Dataset, split: Split, *, muted: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Run the checks that look at samples alone: their columns, inputs, classes and splits.

    Args:
        loaded: What was loaded: a table, or the dataset.
        data: The samples, prepared.
        split: Which of them the model is to be trained, validated and tested on.
        muted: See `run_checks`.
    """
    return run_checks(_evidence(data, split, sample_facts(loaded, data, split)), muted=muted)


def warn_of_leaks(loaded: Dataset | Table, data: Dataset, split: Split) -> None:
    """Warn of what makes the accuracies of a table too good, before a model is trained on it; arguments as above."""
    if isinstance(loaded, Table):
        for each in run_checks(_evidence(data, split, leak_facts(loaded, data, split))):
            if each.kind in LEAKS and each.severity == "warning":
                warn_user(" ".join(filter(None, (each.text, each.advice))))


def _evidence(data: Dataset, split: Split, facts: Mapping[str, Any]) -> Evidence:
    preparation = data.preparation
    return Evidence(
        class_names=data.class_names,
        test_samples=len(split.test),
        val_samples=len(split.val),
        train_samples=len(split.train),
        input_names=data.feature_names,
        input_columns=None if preparation is None else preparation.columns_of_features,
        images=data.image is not None,
        **facts,
    )
