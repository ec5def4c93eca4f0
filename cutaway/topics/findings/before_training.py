"""What can be found in data before any training."""

from collections.abc import Collection

from cutaway.data import Dataset, Split, Table
from cutaway.findings import Evidence, Finding, run_checks

from .facts import sample_facts


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
    preparation = data.preparation
    evidence = Evidence(
        class_names=data.class_names,
        test_samples=len(split.test),
        val_samples=len(split.val),
        train_samples=len(split.train),
        input_names=data.feature_names,
        input_columns=None if preparation is None else preparation.columns_of_features,
        images=len(data.shape) > 1,
        **sample_facts(loaded, data, split),
    )
    return run_checks(evidence, muted=muted)
