"""What can be found in data before any training."""

from cutaway.data import Dataset, Split, join_ids
from cutaway.findings import Evidence, Finding, run_checks

from .facts import repeated_facts, sample_facts


def data_findings(data: Dataset, split: Split) -> tuple[Finding, ...]:
    """Run the checks that look at samples alone: their inputs, classes and splits.

    Args:
        data: The samples, prepared.
        split: Which of them the model is to be trained, validated and tested on.
    """
    facts = sample_facts(data, split)
    facts["examples"] = {kind: data.named(ids).names() for kind, ids in facts.pop("concerned").items()}
    repeated = repeated_facts(data, split.train, join_ids([split.val, split.test]))
    facts["repeated"] = data.named(repeated.pop("ids")).names()
    preparation = data.preparation
    evidence = Evidence(
        class_names=data.class_names,
        test_samples=len(split.test),
        val_samples=len(split.val),
        train_samples=len(split.train),
        input_names=data.feature_names,
        input_columns=None if preparation is None else preparation.columns_of_features,
        pictures=len(data.shape) > 1,
        **facts,
        **repeated,
    )
    return run_checks(evidence)
