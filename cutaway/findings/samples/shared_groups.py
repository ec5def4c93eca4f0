"""Samples that belong together, as those of one patient do, in training and held-out samples."""

import re
from collections.abc import Iterable, Sequence

from cutaway.data import WholeGroups
from cutaway.findings.records import Evidence, Finding, Remedy, Rule
from cutaway.metrics import wilson_interval

KIND = "shared-groups"
LEVEL = 0.001
FAR = 0.03
# Names of columns that say whose a row is.
IDENTIFIER = re.compile(
    r"(^|[_\s-])(id|ids|uuid|guid|key|no|nr|number|patient|subject|person|user|customer|cust|client|account|acct|member|"
    r"student|employee|household|family|group|session|device|machine|site|batch|case|speaker|author|animal|donor|"
    r"participant)$",
    re.IGNORECASE,
)
RULES = (
    Rule(
        KIND,
        words=(
            "A quick model (25 extremely random trees, five folds) is right less often on whole groups of samples that "
            f"it has seen none of than in random folds, by {FAR:.0%} or more and with a p-value below {LEVEL:g} (signs "
            "of the differences of groups exchanged); groups are the rows with one value of a column of which 20% of "
            "the held-out rows are among the training rows and whose rows agree in their label beyond chance, "
            "twentieths of a column of dates, and neighbors in the file with one label. A note where the column is an "
            "input and not named as an identifier is."
        ),
        source=(
            'Roberts et al. 2017, "Cross-validation strategies for data with temporal, spatial, hierarchical, or '
            'phylogenetic structure"; Pitman 1937 for the test'
        ),
        known_as="group leakage, identity leakage, temporal leakage",
    ),
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Name what divides samples that belong together, the one that costs most first, with the honest accuracy."""
    groups = evidence.groups or ()
    costly = [each for each in groups if each.p_value * len(groups) < LEVEL and _cost(each) >= FAR]
    costly.sort(key=lambda each: not _is_identifier(each))
    if not costly:
        return
    found = max(costly, key=lambda each: (_is_identifier(each), _cost(each)))
    at_random, by_group = found.at_random / found.samples, found.by_group / found.samples
    honest = (
        f"a quick model is right for {at_random:.1%} of samples in random folds, and for {by_group:.1%} where it has "
        f"seen none of {_seen(found)}{_no_better(found, evidence.class_names)} ({found.samples:,} samples)."
    )
    if found.of_time:
        title = "Later samples are harder, and the split is random"
        text = f'Samples have dates ("{found.name}") and are divided at random: {honest}'
        words, option = f'divide the samples by "{found.name}"', f'time="{found.name}"'
        advice = f"If the model will see later samples, pass {option}, to test it on the latest."
    elif found.name:
        title = f'Rows that share their "{found.name}" are in several splits'
        text = (
            f'{found.shared or 0:.0%} of the held-out rows share their "{found.name}" with a training row, and {honest}'
        )
        words, option = f'divide the samples by "{found.name}"', f'group="{found.name}"'
        advice = f"If new rows will be of others, pass {option}: the accuracy is then the honest one."
    else:
        title = "Neighbors in the file have one label and are in several splits"
        text = f"The file has {found.groups:,} blocks of rows with one label, which are divided at random: {honest}"
        words = "divide the samples by a column that names the blocks"
        advice = 'Find out what a block is, name it in a column, and pass that: group="...".'
    record = {
        "column": found.name,
        "groups": found.groups,
        "at_random": at_random,
        "by_group": by_group,
        "baseline": found.majority_samples / found.samples,
        "samples": found.samples,
        "p": found.p_value,
    }
    remedy = Remedy(words, untried="another split holds out other samples, on which accuracies cannot be compared")
    severity = "warning" if _is_identifier(found) else "note"
    yield Finding(KIND, severity, title, text, record, remedy, advice=advice)


def _seen(groups: WholeGroups) -> str:
    if groups.of_time:
        return "their time"
    return "their group" if groups.name else "their block"


def _no_better(groups: WholeGroups, names: Sequence[str] | None) -> str:
    """The majority class and its share, where the quick model on whole groups is not better than that beyond chance."""
    baseline = groups.majority_samples / groups.samples
    low, _ = wilson_interval(groups.by_group, groups.samples)
    name = names[groups.majority] if names else str(groups.majority)
    return "" if low > baseline else f', no better than always predicting "{name}" ({baseline:.1%})'


def _cost(groups: WholeGroups) -> float:
    return (groups.at_random - groups.by_group) / max(groups.samples, 1)


def _is_identifier(groups: WholeGroups) -> bool:
    """Whether groups are more than values of an input, such as postal codes, that new rows have as well."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", groups.name)
    return groups.of_time or not groups.is_input or IDENTIFIER.search(spaced) is not None
