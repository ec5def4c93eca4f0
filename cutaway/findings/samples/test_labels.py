"""Test labels that do not belong to the test samples: shuffled, or numbered in another way than the training labels."""

from collections.abc import Iterable

import numpy as np

from cutaway.findings.names import class_in_words, classes_of
from cutaway.findings.records import Evidence, Finding, Remedy, Rule
from cutaway.metrics import PerClass, wilson_interval

from .shifted_test import is_shifted

KIND = "test-labels"
# Standard errors by which the validation accuracy must be above that of the largest class.
ERRORS = 4.0
# Predictions and labels that have nothing to do with each other pass a chi-square test at this level.
LEVEL = 0.01
# Of the right predictions that the validation accuracy promises, so many must come back under another numbering.
PROMISED = 0.8
# A share of the validation accuracy below which a test accuracy is not that of the same task.
LOW = 0.5
DRAWS = 200
# Test samples below which nothing is said.
LEAST = 30
RULES = (
    Rule(
        KIND,
        words=(
            f"The validation accuracy is above that of the largest class by {ERRORS:g} standard errors, and of {LEAST} "
            f"test samples or more either the labels are independent of the predictions (a chi-square test with p of "
            f"{LEVEL:g} or more, and an accuracy whose 99% interval is below the middle between chance and the "
            f"validation accuracy), or the test accuracy is below {LOW:.0%} of the validation accuracy and another "
            f"numbering of the classes brings back {PROMISED:.0%} of it, and more than in any of {DRAWS} draws of "
            f"independent labels and predictions. Not where test samples differ "
            "from training samples."
        ),
        source='Kuhn 1955, "The Hungarian method for the assignment problem" for the numbering',
        known_as="label mismatch, label encoding differs between files",
    ),
)
REMEDY = Remedy(
    "look whether the test labels are in the order of the test samples, and mean the same as the training labels",
    untried="the labels themselves must be changed, which no training does",
)


def check(evidence: Evidence) -> Iterable[Finding]:
    """Compare test labels with predictions of a model that predicts validation samples well."""
    known = classes_of(evidence)
    if known is None or evidence.held_out != "test" or not _predicts_validation_samples(evidence):
        return
    measured, names = known
    if measured.total < LEAST or (evidence.shift is not None and is_shifted(evidence.shift)):
        return
    accuracy, validation = measured.accuracy, float(evidence.val_accuracy or 0.0)
    record = {"test_accuracy": accuracy, "val_accuracy": validation}
    is_low, is_near_chance = accuracy < LOW * validation, _is_near_chance(measured, validation=validation)
    if not is_low and not is_near_chance:  # before a matrix of 10,000 classes is made dense and renumbered
        return
    matrix = measured.matrix.toarray()
    order = _best_numbering(matrix)
    renumbered = float(matrix[np.arange(len(matrix)), order].sum() / measured.total)
    if is_low and renumbered >= PROMISED * validation and renumbered > _by_chance(measured):
        pairs = ", ".join(
            f"{class_in_words(names[label])} is predicted as {names[int(order[label])]}"
            for label in np.argsort(-measured.samples, kind="stable")[:3]
        )
        text = (
            f"The validation accuracy is {validation:.2%} and the test accuracy {accuracy:.2%}, but with another "
            f"numbering of the classes {renumbered:.2%} of the test samples are right ({pairs})."
        )
        advice = "Give both files the same names of classes: the test file probably numbers them in another order."
        yield Finding(KIND, "warning", "Test labels are numbered in another way", text, record, REMEDY, advice=advice)
    elif is_near_chance and _is_independent(matrix):
        text = (
            f"The validation accuracy is {validation:.2%}, but the labels of the {measured.total:,} test samples have "
            f"nothing to do with the predictions (test accuracy {accuracy:.2%})"
        )
        alike = ", and their inputs look like those of the training samples"  # where that was compared
        text += "." if evidence.shift is None else f"{alike}."
        advice = "Look whether the test labels are in another order than the test samples, or belong to other samples."
        yield Finding(KIND, "warning", "Test labels do not fit the test samples", text, record, REMEDY, advice=advice)


def _predicts_validation_samples(evidence: Evidence) -> bool:
    accuracy, samples = evidence.val_accuracy, evidence.val_samples or 0
    counts = np.asarray((evidence.class_counts or {}).get("val") or ())
    if accuracy is None or not samples or not counts.sum():
        return False
    baseline = counts.max() / counts.sum()
    return accuracy - baseline > ERRORS * float(np.sqrt(baseline * (1 - baseline) / samples))


def _best_numbering(matrix: np.ndarray) -> np.ndarray:
    """For each class the predicted class that stands for it, so that most predictions are right."""
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(-matrix)[1]


def _by_chance(measured: PerClass) -> float:
    """The highest accuracy that the best numbering brings about in draws of independent labels and predictions."""
    random, classes = np.random.default_rng(0), len(measured.samples)
    labels = np.repeat(np.arange(classes), measured.samples)
    predicted = np.repeat(np.arange(classes), measured.predicted)
    highest = 0
    for _ in range(DRAWS):
        drawn = np.zeros((classes, classes), np.int64)
        np.add.at(drawn, (labels, random.permutation(predicted)), 1)
        highest = max(highest, int(drawn[np.arange(classes), _best_numbering(drawn)].sum()))
    return highest / measured.total


def _is_near_chance(measured: PerClass, *, validation: float) -> bool:
    """Whether the accuracy is nearer to that of unrelated predictions than to a validation accuracy, at 99%."""
    chance = float(measured.samples @ measured.predicted) / measured.total**2
    _, high = wilson_interval(int(measured.correct.sum()), measured.total, confidence=0.99)
    return high < (chance + validation) / 2


def _is_independent(matrix: np.ndarray) -> bool:
    """Whether labels and predictions have nothing to do with each other: a chi-square test of counts by class."""
    from scipy.stats import chi2_contingency

    table = matrix[matrix.sum(axis=1) > 0][:, matrix.sum(axis=0) > 0]
    return min(table.shape) > 1 and float(np.asarray(chi2_contingency(table)[1])) >= LEVEL
