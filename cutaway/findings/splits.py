"""Are training, validation and test samples alike and apart?"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from cutaway.data import ColumnShift, Shift, WholeGroups, has_owner_name
from cutaway.errors import Hint
from cutaway.metrics import PerClass, confusion_counts, wilson_interval
from cutaway.words import listed, percent

from .records import Evidence, Finding, Remedy, Rule, check, class_in_words
from .simpler_models import agreement, baseline_words, learned_nothing

UNSHUFFLED_LEVEL = 1e-6
UNSHUFFLED_SHARE = 0.25
OTHER_SAMPLES = "other samples are held out then, and accuracies on those cannot be compared"
SHUFFLE = Remedy("shuffle all samples before they are divided into parts", untried=OTHER_SAMPLES)


@check(
    Rule(
        "unshuffled-split",
        words=(
            "The shares of the classes among validation or test samples differ from those among training samples by "
            "{UNSHUFFLED_SHARE:.0%} or more in all, and the p-value of a chi-square test is below "
            "{UNSHUFFLED_LEVEL:g}."
        ),
        source="scikit-learn, A note on shuffling, https://scikit-learn.org/stable/modules/cross_validation.html",
        known_as="unshuffled data; label drift in deepchecks",
        about=(
            "Samples in the order of a file were divided without shuffling, so the model is trained on other "
            "classes than it is tested on."
        ),
        advice="Shuffle all samples before they are divided, and stratify by class.",
        text=(
            "The shares of the classes differ between them and the training samples by {distance:.0%} in all (classes "
            "that are not among the training samples: {missing:,})."
        ),
    ),
)
def unshuffled_split(evidence: Evidence) -> Iterable[Finding]:
    """Compare the shares of the classes in validation and test samples with those in the training samples."""
    counts = {name: np.asarray(each, np.int64) for name, each in evidence.class_counts.items()}
    train = counts.get("train")
    if train is None:
        return
    for name, others in counts.items():
        p = _chance_of_table(np.stack([train, others]))
        if p < UNSHUFFLED_LEVEL:
            distance = np.abs(train / train.sum() - others / others.sum()).sum() / 2
            missing = int(((train == 0) & (others > 0)).sum())
            record = {"split": name, "distance": distance, "p": p, "missing": missing}
            title = f"The {'validation' if name == 'val' else name} samples are of other classes"
            if distance >= UNSHUFFLED_SHARE:
                yield Finding("unshuffled-split", "warning", title, "", record, SHUFFLE)


GROUP_LEVEL = 0.001
GROUP_COST = 0.03


@check(
    Rule(
        "group-leakage",
        words=(
            "A quick model (25 extremely random trees, five folds) is right less often on whole groups of samples "
            "that it has seen none of than in random folds, by {GROUP_COST:.0%} or more and with a p-value "
            "below "
            "{GROUP_LEVEL:g} (signs of the differences of groups exchanged); groups are the rows with one value of a "
            "column of which 20% of the held-out rows are among the training rows and whose rows agree in their label "
            "beyond chance, or of another category or a column with the name of an identifier, which that model does "
            "not see; twentieths of a column of dates, and neighbors in the file with one label. A note where the "
            "column is an input without such a name."
        ),
        source=(
            'Roberts et al. 2017, "Cross-validation strategies for data with temporal, spatial, hierarchical, or '
            'phylogenetic structure"; Pitman 1937 for the test'
        ),
        known_as="group leakage, identity leakage, temporal leakage",
        about=(
            "Rows of the same person, place or time are in training and test, so the model can recognize them, "
            "and the accuracy is higher than on new ones. Keep each group in one part of the split, or split "
            "by time."
        ),
        text=(
            "A quick model is right for {at_random:.1%} of {samples:,} samples in random folds, and for {by_group:.1%} "
            "in folds of whole groups; always predicting the largest class is right for {baseline:.1%}."
        ),
    ),
)
def group_leakage(evidence: Evidence) -> Iterable[Finding]:
    """Name what divides samples that belong together, the one that costs most first, with the honest accuracy."""
    costly = costly_groups(evidence)
    if not costly:
        return
    found = max(costly, key=lambda each: (is_identifier(each), _cost(each)))
    words = f'divide the samples by "{found.name}"'
    if found.of_time:
        title = "Later samples are harder, and the split is random"
        text = f'Groups are the twentieths of the dates in "{found.name}", which are divided at random.'
        advice = Hint("If the model will see later samples, pass {}, to test it on the latest.", time=found.name)
    elif found.name:
        title = f'Rows that share their "{found.name}" are in several splits'
        text = f'{percent(found.shared or 0, 0)} of the held-out rows share their "{found.name}" with a training row.'
        advice = Hint("If new rows will be of others, pass {}: the accuracy is then the honest one.", group=found.name)
    else:
        title = "Neighbors in the file have one label and are in several splits"
        text = f"Groups are {found.groups:,} blocks of rows of the file with one label, which are divided at random."
        words = "divide the samples by a column that names the blocks"
        advice = Hint("Find out what a block is, name it in a column, and pass that: {}.", group=...)
    record = {
        "column": found.name,
        "groups": found.groups,
        "at_random": found.at_random / found.samples,
        "by_group": found.by_group / found.samples,
        "baseline": found.majority_samples / found.samples,
        "samples": found.samples,
        "p": found.p_value,
    }
    remedy = Remedy(words, untried=OTHER_SAMPLES)
    severity = "warning" if is_identifier(found) else "note"
    yield Finding("group-leakage", severity, title, text, record, remedy, advice=advice)


def costly_groups(evidence: Evidence) -> list[WholeGroups]:
    """Groups of samples on which a quick model is right less often where it has seen none of them."""
    groups = evidence.groups
    return [each for each in groups if each.p_value * len(groups) < GROUP_LEVEL and _cost(each) >= GROUP_COST]


def _cost(groups: WholeGroups) -> float:
    return (groups.at_random - groups.by_group) / max(groups.samples, 1)


def is_identifier(groups: WholeGroups) -> bool:
    """Whether groups are more than values of an input, such as postal codes, that new rows have as well."""
    return groups.of_time or not groups.is_input or has_owner_name(groups.name)


# Of the accuracy on samples that the model was trained on; one run in twenty has a higher one by chance.
SEEN_LEVEL = 0.05
# A few copies are labeled in another way by mistake; more are a fault of their own.
CONTRADICT = 0.1
# Tables with few distinct values repeat rows by chance; this share changes an accuracy visibly.
MANY_DUPLICATES, LEAST_DUPLICATES = 0.01, 5
NAMED_DUPLICATES = 20
LEAVE_OUT = Remedy("leave the repeated samples out", untried=OTHER_SAMPLES)


@check(
    Rule(
        "duplicates",
        words=(
            "More than {MANY_DUPLICATES:.0%} of the validation and test samples, and {LEAST_DUPLICATES} or "
            "more, "
            "equal a training sample in every input; of the first 70,000 of each. A note where they may be so by "
            "chance: training samples that are one or two steps away from them (another category, or the next number "
            "of an input of few values) are as frequent as equal ones."
        ),
        source='Barz, Denzler 2020, "Do we train on test data? Purging CIFAR of near-duplicates"',
        known_as="data leakage; train-test samples mix in deepchecks",
        about="The model was trained on some of the samples that it is tested on, and may have memorized them.",
        advice="Keep one copy of each sample, and test again on the others.",
        title="Samples in two splits",
        text="Validation and test samples that equal a training sample in every input: {samples:,} ({share:.2%}).",
    ),
)
def duplicates(evidence: Evidence) -> Iterable[Finding]:
    """Count the samples of other splits that equal a training sample, and say what their labels are."""
    names, others = evidence.repeated, (evidence.val_samples or 0) + (evidence.test_samples or 0)
    if not names or not others:
        return
    share, repeats, contradict, title, text = len(names) / others, evidence.repeats, 0, "", ""
    is_chance = repeats is not None and repeats.are_ties
    are_many = share > MANY_DUPLICATES and len(names) >= LEAST_DUPLICATES
    if repeats is not None:
        contradict = len(names) - repeats.agree
        title = "Equal samples have different labels" if contradict > CONTRADICT * len(names) else title
        text = f"Of these, {contradict:,} have another label than that training sample."
        text += " They are one and the same sample, such as an empty one." if repeats.distinct == 1 < len(names) else ""
    if is_chance or not are_many:
        text += " They may be equal by chance: " + ("other samples are nearly equal." if is_chance else "they are few.")
    elif evidence.seen is not None:
        text += _seen_in_words(*evidence.seen)
    record = {"samples": len(names), "share": share, "contradict": contradict}
    severity, remedy = "warning" if are_many and not is_chance else "note", None if is_chance else LEAVE_OUT
    samples = tuple(names[:NAMED_DUPLICATES])
    yield Finding("duplicates", severity, title, text.strip(), record, remedy, samples)


def _seen_in_words(seen: tuple[int, int], others: tuple[int, int]) -> str:
    """How often the model is right on samples that it was trained on, and on others, a sentence after a space."""
    right, right_others = (correct / max(samples, 1) for correct, samples in (seen, others))
    text = f" The model is right on {percent(right, 1)} of them and on {percent(right_others, 1)} of the others"
    if right > right_others and chance_of(seen, others) < SEEN_LEVEL:
        return f"{text}: it has seen them, so accuracies are too good."
    return f"{text}."


@check(
    Rule(
        "near-duplicates",
        words=(
            "The nearest training sample of a held-out sample is less than 20% as far as the next one more often than "
            "the distances to the 5th and 6th neighbors say that it is by chance: in 1% of up to 2,000 samples and in "
            "5 or more beyond chance, with a p-value below 0.0001 (exact test of signs, corrected for up to three "
            "copies of a sample). Measured on inputs with 20 or more different values and no sentinels, of which there "
            "are 2 or more; whole numbers are spread over their steps."
        ),
        source=(
            "Facco, d'Errico, Rodriguez, Laio 2017, \"Estimating the intrinsic dimension of datasets by a minimal "
            'neighborhood information"; Barz, Denzler 2020, "Do we train on test data?"'
        ),
        known_as="near-duplicates; train-test leakage",
        about=(
            "Test samples are nearly copies of training samples, such as repeated measurements of one object, so the "
            "test says little about new ones. Keep one of each, or keep all copies in one part of the split."
        ),
        title="Near copies of samples in two splits",
        text=(
            "{samples:,} of {of:,} validation and test samples have a training sample much nearer than any other, and "
            "by chance it would be {expected:,}: they are probably copies."
        ),
    ),
)
def near_duplicates(evidence: Evidence) -> Iterable[Finding]:
    """Warn where more held-out samples have a near copy than by chance."""
    near, names = evidence.near, evidence.named("near-duplicates")
    if near is None:
        return
    text = f"The first is {names[0]}, near {names[1]}." if len(names) > 1 else ""
    remedy = Remedy(
        "keep the copies of one sample in one part of the split, by a column that names them",
        untried="which samples are copies is known to you alone",
    )
    advice = Hint(
        "Keep one copy of each sample, or name the copies of one sample in a column and pass that: {}.", group=...
    )
    record = {"samples": near.copies, "expected": near.expected, "of": near.samples, "p": near.p_value}
    yield Finding("near-duplicates", "warning", "", text, record, remedy, names[::2], advice=advice)


SHIFTED_AREA = 0.6
SHIFTED_ERRORS = 3.0
NAMED_SHIFTS = 5
ALIKE = Remedy(
    "train on samples like the held-out samples, or hold out samples like those that the model will see",
    untried="other samples are needed, and another training on the same ones does not make them more alike",
)


@check(
    Rule(
        "shifted-test-samples",
        words=(
            "A classifier that tells test from training samples has, out of sample, an area under the ROC curve that "
            "is {SHIFTED_ERRORS:g} standard errors above {SHIFTED_AREA:g}, on up to 2,000 samples of each; or the "
            "shares of a column's values up to some number, or of some categories, differ by 20% or more, on up to "
            "10,000 samples of each, with a p-value below 0.001 over all columns (Kolmogorov-Smirnov or chi-square "
            "test, corrected by Holm). Without test samples, validation samples are judged.{IF_WORSE}"
        ),
        source=(
            'Lopez-Paz, Oquab 2017, "Revisiting classifier two-sample tests"; Hanley, McNeil 1982 for the standard '
            "error"
        ),
        known_as="covariate shift; multivariate drift in deepchecks",
        about=(
            "Test samples were taken, scaled or chosen in another way than training samples, so their accuracy is not "
            "that of samples like the training samples."
        ),
        advice=(
            "Find out how they differ. If the model will see samples like the held-out ones, train it on such samples "
            "as well; otherwise hold out samples like those that it will see."
        ),
    ),
)
def shifted_test_samples(evidence: Evidence) -> Iterable[Finding]:
    """Warn where a classifier, or single columns, tell test samples from training samples."""
    shift, held, text = evidence.shift, evidence.held_out, ""
    columns, record = sorted(evidence.of_columns("shift"), key=lambda each: -each[1].distance), dict[str, Any]()
    if shift is not None and is_shifted(shift):
        text = (
            f"A classifier tells {held} samples from training samples with an area under the ROC curve of "
            f"{shift.auc:.2f} (0.5 if they are alike, ±{SHIFTED_ERRORS * shift.error:.2f}). "
        )
        record = {"auc": shift.auc, "error": shift.error, "samples": shift.samples}
    if columns:
        named = listed([f'"{name}" ({_change(each)})' for name, each in columns], NAMED_SHIFTS)
        text += f"Columns that differ by more than chance: {named}."
        record["columns"] = {name: {"distance": each.distance, "p": each.p_value} for name, each in columns}
    if record:
        title = f"{held.capitalize()} samples differ from training samples"
        samples = evidence.named("shifted-test-samples")
        yield Finding("shifted-test-samples", "warning", title, text.strip(), record, ALIKE, samples)


def _change(shift: ColumnShift) -> str:
    if shift.first is None or shift.second is None:
        return f"{percent(shift.distance, 0)} of the samples in other categories"
    return f"median {shift.first:.4g} in training, {shift.second:.4g} here"


def is_shifted(shift: Shift) -> bool:
    """Whether a classifier tells the test samples from the training samples."""
    return shift.auc - SHIFTED_ERRORS * shift.error >= SHIFTED_AREA


# The validation accuracy must exceed the share of the largest class by this many standard errors.
VALIDATION_ERRORS = 4.0
# Predictions and labels that have nothing to do with each other pass a chi-square test at this level.
INDEPENDENT_LEVEL = 0.01
# Share of the right predictions promised by the validation accuracy that another numbering must restore.
PROMISED = 0.8
# A test accuracy below this share of the validation accuracy cannot be of the same task.
LOW_ACCURACY = 0.5
RENUMBERINGS = 200
# Minimum number of test samples for a finding.
LEAST_TEST_SAMPLES = 30
OTHER_LABELS = "the labels themselves must be changed"
CHECK_TEST_LABELS = Remedy(
    "look whether the labels are in the order of the samples, and mean the same as those of the training",
    untried=OTHER_LABELS,
)


@check(
    Rule(
        "test-labels",
        words=(
            "The validation accuracy is above that of the largest class by {VALIDATION_ERRORS:g} standard errors, and "
            "of {LEAST_TEST_SAMPLES} test samples or more either the labels are independent of the predictions (a "
            "chi-square test with p of {INDEPENDENT_LEVEL:g} or more, and an accuracy whose 99% interval is below the "
            "middle between chance and the validation accuracy), or the test accuracy is below "
            "{LOW_ACCURACY:.0%} of "
            "the validation accuracy and another numbering of the classes brings back {PROMISED:.0%} of it, "
            "and more "
            "than in any of {RENUMBERINGS} draws of independent labels and predictions. Not where test samples differ "
            "from training samples. Also where labels and predictions agree less often than by chance, by "
            "{VALIDATION_ERRORS:g} standard errors, and such a numbering has less than half of the errors of always "
            "predicting the largest class."
        ),
        source='Kuhn 1955, "The Hungarian method for the assignment problem" for the numbering',
        known_as="label mismatch, label encoding differs between files, wrong order of classes",
        about=(
            "The labels of the test samples are in another order or number the classes in another way than those that "
            "the model learned from; or its outputs are numbered in another way than the names of the classes, such as "
            "by first appearance."
        ),
        advice=(
            "Compare some samples with their labels, and give the classes of both files, or of the model's outputs and "
            "of the data (class_names), the same names and order."
        ),
    ),
)
def wrong_test_labels(evidence: Evidence) -> Iterable[Finding]:
    """Compare labels with predictions of a model that predicts validation samples well, or nothing as it is named."""
    measured, names = evidence.measured, evidence.names
    if measured is None or measured.total < LEAST_TEST_SAMPLES:
        return
    accuracy, validation = measured.accuracy, float(evidence.val_accuracy or 0.0)
    is_low, is_near_chance = agreement(measured) < -VALIDATION_ERRORS, False
    promised, title = (1 + measured.baseline) / 2, "The outputs stand for other classes"
    known = f"The {evidence.held_out} accuracy is {percent(accuracy)}, less than by chance."
    if evidence.held_out == "test" and _predicts_validation_samples(evidence):
        if evidence.shift is not None and is_shifted(evidence.shift):
            return
        promised, title = PROMISED * validation, "Test labels are numbered in another way"
        known = f"The validation accuracy is {percent(validation)} and the test accuracy {percent(accuracy)}."
        is_low, is_near_chance = accuracy < LOW_ACCURACY * validation, _is_near_chance(measured, validation=validation)
    if not is_low and not is_near_chance:  # before a matrix of 10,000 classes is made dense and renumbered
        return
    matrix = measured.matrix.toarray()
    renumbered, order = _renumbered(matrix)
    if is_low and renumbered >= promised and renumbered > _renumbered_by_chance(measured):
        pairs = ", ".join(
            f"{class_in_words(names[label])} is predicted as {names[int(order[label])]}"
            for label in np.argsort(-measured.samples, kind="stable")[:3]
        )
        text = f"With another numbering of the classes {percent(renumbered)} of the samples are right ({pairs})."
    elif is_near_chance and _chance_of_table(matrix) >= INDEPENDENT_LEVEL:
        title = "Test labels do not fit the test samples"
        text = f"The labels of {measured.total:,} test samples have nothing to do with the predictions."
    else:
        return
    record = {"test_accuracy": accuracy, "val_accuracy": evidence.val_accuracy}
    yield Finding("test-labels", "warning", title, f"{known} {text}", record, CHECK_TEST_LABELS)


def _predicts_validation_samples(evidence: Evidence) -> bool:
    accuracy, samples, counts = evidence.val_accuracy, evidence.val_samples, evidence.class_counts.get("val", (0,))
    if accuracy is None or not samples or not sum(counts):
        return False
    baseline = max(counts) / sum(counts)
    return accuracy - baseline > VALIDATION_ERRORS * math.sqrt(baseline * (1 - baseline) / samples)


def _renumbered(matrix: np.ndarray) -> tuple[float, np.ndarray]:
    """The highest accuracy of any numbering, and for each class the predicted class that then stands for it."""
    from scipy.optimize import linear_sum_assignment

    order = linear_sum_assignment(-matrix)[1]
    return float(np.take_along_axis(matrix, order[:, None], axis=1).sum() / matrix.sum()), order


def _renumbered_by_chance(measured: PerClass) -> float:
    """The highest accuracy that the best numbering brings about in draws of independent labels and predictions."""
    random, classes = np.random.default_rng(0), len(measured.samples)
    labels, predicted = (np.repeat(np.arange(classes), each) for each in (measured.samples, measured.predicted))
    drawn = (confusion_counts(labels, random.permutation(predicted), classes=classes) for _ in range(RENUMBERINGS))
    return max(_renumbered(each.toarray())[0] for each in drawn)


def _is_near_chance(measured: PerClass, *, validation: float) -> bool:
    """Whether the accuracy is nearer to unrelated predictions than to a validation accuracy, at 99%."""
    chance = float(measured.samples @ measured.predicted) / measured.total**2
    _, high = wilson_interval(int(measured.correct.sum()), measured.total, confidence=0.99)
    return high < (chance + validation) / 2


def _chance_of_table(table: np.ndarray) -> float:
    """The p-value of a chi-square test of counts: NaN if there is one row or column alone."""
    from scipy.stats import chi2_contingency

    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    return float(np.asarray(chi2_contingency(table)[1])) if min(table.shape) > 1 else math.nan


# At 97% accuracy, the standard deviation over 2,000 test samples is 0.4 points: two points are more than chance.
GAP = 0.02
# Two-sided, of a normal deviate of 3.
GAP_LEVEL = 0.0027
BELIEVE_THE_LOWER = Remedy(
    "believe the lower accuracy, and compare settings by cross-validation instead of on the validation samples",
    untried="a training that is chosen because its test accuracy is higher is tuned on the test samples",
)


@check(
    Rule(
        "test-gap",
        words=(
            "Test and validation accuracy differ by more than {GAP:.0%}, and the p-value of Fisher's exact "
            "test is "
            "below {GAP_LEVEL:g} (like three standard errors); a warning where the test accuracy is the lower one."
        ),
        source='Recht, Roelofs, Schmidt, Shankar 2019, "Do ImageNet classifiers generalize to ImageNet?"',
        known_as="generalization gap; train-test performance in deepchecks",
        about=(
            "Validation and test samples are not alike, or settings were chosen until the validation accuracy "
            "was high, or a column was computed from the labels of the others."
        ),
        advice=(
            "Believe the lower of the two, compare settings by cross-validation, and look whether the test samples "
            "differ. No training can test this: one that is chosen for its higher test accuracy is tuned on the test "
            "samples."
        ),
    ),
)
def test_gap(evidence: Evidence) -> Iterable[Finding]:
    """Say whether test and validation accuracy differ by more than chance."""
    test, validation = evidence.test_accuracy, evidence.val_accuracy
    if test is None:
        return
    text, record = f"The test accuracy is {percent(test)}", {"test_accuracy": test, "val_accuracy": validation}
    text += "." if evidence.measured is None else f"; {baseline_words(evidence.measured, evidence.names)}"
    if validation is None:
        text += " There is no validation accuracy to compare it with."
        yield Finding("test-gap", "note", "Test accuracy", text, {"test_accuracy": test})
        return
    text += f" The validation accuracy is {percent(validation)}."
    if evidence.ready_made:
        text += " Whether the model was trained on some of these samples is not known, so the two are not compared."
        yield Finding("test-gap", "note", "Test accuracy", text, record)
        return
    difference = test - validation
    record["difference"] = difference
    counts = [(round(a * n), n) for a, n in ((test, evidence.test_samples), (validation, evidence.val_samples)) if n]
    p = chance_of(*counts) if len(counts) == 2 else 0.0
    severity, title, remedy = "note", "It is unclear whether test and validation accuracy differ", None
    if abs(difference) <= GAP:
        severity, title = "note" if learned_nothing(evidence) else "good", "Test and validation accuracy agree"
    elif p >= GAP_LEVEL:
        text += f" This difference has p = {p:.2g}."
    elif difference < 0:
        severity, title, remedy = "warning", "Test accuracy is below validation accuracy", BELIEVE_THE_LOWER
    else:
        title = "Test accuracy is above validation accuracy"
        text += " Possible causes: the test samples are easier, or the two sets were drawn differently."
        if evidence.recorded:
            text += " In a fit of your own also: test samples may be among those that the model was trained on."
    yield Finding("test-gap", severity, title, text, record, remedy)


def chance_of(first: tuple[int, int], second: tuple[int, int]) -> float:
    """The p-value of Fisher's exact test of two shares, each right answers and samples."""
    from scipy.stats import fisher_exact

    found: Any = fisher_exact([[right, samples - right] for right, samples in (first, second)])
    return float(found[1])
