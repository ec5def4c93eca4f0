"""What tells the class and must not: a column alone, the words of a text, and means of the labels themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from cutaway.metrics import wilson_interval

TELLS, FEWER = 0.92, 0.25
"""An input alone gives the label away if, at the unfavorable end of Wilson's interval, it tells this share of the
classes, and it makes less than this share of the errors of always predicting the largest class. The best measurement
of an honest table stays below: a petal's width tells 95% of irises, 87% at that end. 60 rows of 60 are 94% there,
and a column that agrees with the label in 97% of 900 rows 96%."""

LEAVES = 32
"""Maximum number of intervals of an input in the rule."""

TRIED = 16
"""Number of inputs that get a tree, or `FEW_INPUTS`: 784 trees take 3 s."""

LEAST = 40
"""Minimum number of samples for an answer."""

MOST_CLASSES, MOST_INPUTS = 100, 5000
"""Beyond these a tree for each input takes too long."""

TELLS_MUCH = 0.25
"""An input may carry the answer if, alone, it avoids this share of the errors of always predicting the largest class:
others do not get a quick model with and without them. Of fewer, half may be chance."""

CARRIED, REACHED = 0.5, 0.9
"""An input carries the answer if, without it, a quick model loses more than the first share of what it gains over
always predicting the largest class, and the input alone gains the second: of a few good measurements the best one alone
gains 55% to 82%, and a column that is known only afterwards 94%."""

FEW_INPUTS = 0.1
"""Leaks of data without columns are at most this share of the inputs that vary, such as a tag in a corner of images; of
classes that are easy to tell, there are more."""

ERRORS = 2.0
"""Standard errors of a difference of two counts of correct predictions of the same samples (McNemar 1947)."""

TREES = 25
"""Trees of the quick model."""


@dataclass(frozen=True)
class LeakyInput:
    """How well one input tells the class.

    Attributes:
        input: Its place in a flattened sample.
        correct: Held-out samples whose class it predicts correctly.
        samples: Held-out samples.
        baseline: Share of the largest class among them.
        everything: Those that a quick model on all inputs predicts correctly; None if unknown.
        without: The same without this input and others that are leaks.
    """

    input: int
    correct: int
    samples: int
    baseline: float
    everything: int | None = None
    without: int | None = None

    @property
    def is_replaceable(self) -> bool:
        """Whether the other inputs tell the class as well as it does; False if unknown."""
        if self.without is None:
            return False
        errors = 2 * self.samples - self.correct - self.without
        return self.correct - self.without <= ERRORS * errors**0.5

    @property
    def gain(self) -> float:
        """By how much its accuracy alone is above that of always predicting the largest class."""
        return self.correct / self.samples - self.baseline

    @property
    def carries(self) -> bool:
        """Whether it is worth nearly all of a quick model, which loses most without it; False if unknown."""
        if self.everything is None or self.without is None:
            return False
        gained = self.everything / self.samples - self.baseline
        return self.everything - self.without > CARRIED * gained * self.samples and self.gain >= REACHED * gained

    @property
    def is_leak(self) -> bool:
        """Whether it tells the class so well that it must have been made from it.

        Source:
            Kaufman, Rosset, Perlich, Stitelman 2012, "Leakage in data mining"; Wilson 1927 for the interval.
        """
        low, _ = wilson_interval(self.correct, self.samples)
        return low >= TELLS and 1 - low < FEWER * (1 - self.baseline)


def correct_alone(values: np.ndarray, y: np.ndarray, fit: np.ndarray, judge: np.ndarray, *, codes: bool = False) -> int:
    """Number of held-out samples whose class a rule on this one input or column predicts correctly.

    Numbers are cut into up to `LEAVES` ranges by a decision tree, each with the most frequent class of the samples in
    `fit`; so is each code of a category, and a code that none of these samples has gets the class of all. Of equally
    frequent classes the first counts.

    Args:
        values: float ``(sample,)``; NaN where a cell is missing, which is a value of its own.
        y: int ``(sample,)``, classes from 0.
        fit: int ``(sample,)``, the samples that the rule is made from.
        judge: int ``(sample,)``, the samples that it is judged on.
        codes: Whether values are codes of a category, whole numbers from 0.
    """
    from sklearn.tree import DecisionTreeClassifier

    if codes:
        known = np.nan_to_num(values, nan=-1).astype(np.int64) + 1
        counts = np.zeros((known.max() + 1, y.max() + 1), np.int64)
        np.add.at(counts, (known[fit], y[fit]), 1)
        counts[~counts.any(axis=1)] = counts.sum(axis=0)
        predicted = counts.argmax(axis=1)[known[judge]]
    else:
        tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=3, random_state=0)
        predicted = tree.fit(values[fit, None], y[fit]).predict(values[judge, None])
    return int((predicted == y[judge]).sum())


def halves(samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of a random half of the samples, to make rules from, and of the other half, to judge them."""
    order = np.random.default_rng(0).permutation(samples)
    return order[::2], order[1::2]


def leaky_column(values: np.ndarray, y: np.ndarray, *, place: int, codes: bool = False) -> LeakyInput | None:
    """How well a column tells the class alone; None if there are too few samples.

    Args:
        values: See `correct_alone`.
        y: See `correct_alone`.
        place: Its first input, see `LeakyInput`.
        codes: See `correct_alone`.
    """
    fit, judge = halves(len(y))
    if len(y) < LEAST or len(np.unique(y[fit])) < 2:
        return None
    baseline = float(np.bincount(y[judge]).max() / len(judge))
    return LeakyInput(place, correct_alone(values, y, fit, judge, codes=codes), len(judge), baseline)


CODES, EACH, MOST_OF_ONE, HELP = 10, 10, 0.2, 0.05
"""Codes have this many different values or more, with so many rows each on average, and none has more than this share
of the rows, as 0 has among amounts. They tell the class of so many more of the rows than pairs of them do, and of a
third of what they gain over always predicting the largest class: drawn pairs lose half of that for two classes."""


def codes_in_no_order(values: np.ndarray, y: np.ndarray) -> LeakyInput | None:
    """What whole numbers tell that are names: each of them tells the class, and together with the next one it does not.

    Where the class changes slowly with a number, two that follow each other tell it as well as one.

    Args:
        values: float64 ``(sample,)``; NaN if nothing is known.
        y: int ``(sample,)``, classes from 0.

    Returns:
        Its `without` is what pairs of values tell. None if these tell as much, or values are others.
    """
    known = np.isfinite(values)
    found, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    if not CODES <= len(found) <= len(place) / EACH or (found % 1).any() or counts.max() > MOST_OF_ONE * len(place):
        return None
    one, two = (leaky_column(each, y[known], place=0, codes=True) for each in (place, place // 2))
    if one is None or two is None or one.gain - two.gain < max(HELP, one.gain / 3):
        return None
    told = replace(one, without=two.correct)
    return None if told.is_replaceable else told


def leaky_inputs(x: np.ndarray, y: np.ndarray, *, classes: int) -> tuple[LeakyInput, ...]:
    """Find the inputs that tell the class, by a decision tree on each alone.

    Of many inputs, only those that a forest uses most get a tree: `FEW_INPUTS` of them, or `TRIED`. If no input is a
    leak, another one may tell the class slightly better than the one that is returned. The trees come from one half of
    the samples and are judged on the other half. The best of many inputs has a share that is a little too high by
    chance.

    Args:
        x: float32 ``(sample, input)``.
        y: int ``(sample,)``.
        classes: Number of classes.

    Returns:
        All leaks, the best one first, if they are `FEW_INPUTS`; otherwise the best input of those with a tree. The
        first is judged with and without them. Empty if there are too few samples, or too many classes or inputs.
    """
    if len(y) < LEAST or classes > MOST_CLASSES or x.shape[1] > MOST_INPUTS:
        return ()
    fit, _ = halves(len(y))
    varying = np.flatnonzero((x[fit] != x[:1]).any(axis=0))
    few = int(FEW_INPUTS * len(varying))
    if len(varying) > TRIED:
        used = _forest(x[fit][:, varying], y[fit]).feature_importances_
        varying = np.sort(varying[np.argsort(-used, kind="stable")[: max(TRIED, few)]])
    judged = (leaky_column(x[:, i], y, place=int(i)) for i in varying)
    return told_by(judged, x, y, of_inputs=range(x.shape[1]), most=few)


def told_by(
    judged: Iterable[LeakyInput | None], x: np.ndarray, y: np.ndarray, *, of_inputs: Sequence[Any], most: float
) -> tuple[LeakyInput, ...]:
    """Inputs or columns that are leaks, or the one that tells the class best.

    The first of them, if it tells much, is returned with what a quick model, a forest of extremely random trees, is
    worth with and without them all.

    Args:
        judged: What inputs or columns tell alone; None if that is unknown.
        x: float32 ``(sample, input)``, the samples that they were judged on.
        y: int ``(sample,)``.
        of_inputs: For each input, what it belongs to: itself, or a column.
        most: Maximum number of leaks; the best one counts alone if there are more.
    """
    found = sorted((each for each in judged if each is not None), key=lambda each: -each.correct)
    leaks = [each for each in found if each.is_leak]
    told = leaks if 0 < len(leaks) <= most else found[:1]
    columns = {of_inputs[each.input] for each in told}
    kept = [place for place, name in enumerate(of_inputs) if name not in columns]
    if not kept or not told or told[0].gain < TELLS_MUCH * (1 - told[0].baseline):
        return tuple(told)
    fit, judge = halves(len(y))
    right: list[int] = []
    for inputs in (x, x[:, kept]):
        predicted = _forest(inputs[fit], y[fit]).predict(inputs[judge])
        right.append(int((predicted == y[judge]).sum()))
    return (replace(told[0], everything=right[0], without=right[1]), *told[1:])


def _forest(x: np.ndarray, y: np.ndarray) -> Any:
    """A forest of extremely random trees (Geurts, Ernst, Wehenkel 2006)."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(TREES, min_samples_leaf=2, random_state=0, n_jobs=1).fit(x, y)


TEXTS, LETTERS = 4_000, 2_000
"""Texts that are read at most, and letters of each."""

PART = r"[^\W\d_]+|\d+"
"""Words, and the parts of an identifier: "A-07b" is "a", "07", "b"."""


@dataclass(frozen=True)
class PredictiveWords:
    """How well the words of a column predict the class, on held-out rows.

    Attributes:
        correct: Rows whose class they predict correctly.
        samples: Rows.
        baseline: Share of the largest class among them.
    """

    correct: int
    samples: int
    baseline: float


def predictive_words(texts: Sequence[str | None], y: np.ndarray) -> PredictiveWords | None:
    """Tell classes by the words of a text: by naive Bayes, which knows how often each class has each word.

    It is fitted on one half of the texts and judged on the other.

    Args:
        texts: ``(sample,)``; None if nothing is known.
        y: int ``(sample,)``, classes from 0.

    Returns:
        None if there are too few texts, too many classes, or no words.
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    if not len(y) >= LEAST or y.max() >= MOST_CLASSES:
        return None
    drawn = np.random.default_rng(0).permutation(len(y))[:TEXTS]
    read, labels = [(texts[i] or "")[:LETTERS] for i in drawn], y[drawn]
    fit, judge = halves(len(drawn))
    model: Any = make_pipeline(CountVectorizer(token_pattern=PART, min_df=2), MultinomialNB())
    try:
        model.fit([read[i] for i in fit], labels[fit])
    except ValueError:  # no word is in two texts
        return None
    correct = int((model.predict([read[i] for i in judge]) == labels[judge]).sum())
    return PredictiveWords(correct, len(judge), float(np.bincount(labels[judge]).max() / len(judge)))


LEAST_VALUES, LEAST_ROWS = 8, 40
"""Minimum number of different values of such a column, and of rows."""

SHARE = 0.9
"""Minimum share of rows whose value follows from their labels: values of few rows may be equal by chance."""

EXACT, CLOSE, COARSE = 1e-6, 6e-4, 5.5e-3
"""Differences that computing with float32 leaves, rounding to three digits, and rounding to two, of hundredths."""

TELLING = 0.2
"""Such a difference is at most this part of the standard error of a mean: shares of 90% of the rows then differ by
more, and so do rates that are true."""

LEVEL = 1e-6
"""Probability of this many means that are as close as these to a rate that is true."""

MIXED = 0.3
"""Share of the rows at least that have a value whose rows have several labels: where all labels are one, the mean is
that label, which many columns are by chance."""

MOST_SMOOTHING = 1000.0
"""Maximum number of rows of the overall mean that smoothing adds to the rows of a value."""

MOST_EQUAL = 12
"""Categories at most that have equal means by chance: together they have N times the smoothing of one."""


@dataclass(frozen=True)
class EncodedTarget:
    """What a column is of the labels.

    Attributes:
        target: The class whose share it is among the rows with the same value; None of the mean of the labels as
            numbers.
        values: How many different values it has.
        is_smoothed: Whether it was smoothed toward the mean of all rows.
        rows: Rows whose value it is.
        samples: Rows that were looked at.
    """

    target: int | None
    values: int
    is_smoothed: bool
    rows: int
    samples: int


def may_encode_target(values: np.ndarray, y: np.ndarray, numbers: np.ndarray | None = None) -> bool:
    """Whether a column has as many values as a mean of labels has, in the same range; cheap.

    Args:
        values: float64 ``(sample,)``; NaN if nothing is known.
        y: int64 ``(sample,)``, or float64 ``(sample, target)``.
        numbers: See `encoded_target`.
    """
    known = values[np.isfinite(values)]
    if len(known) < LEAST_ROWS:
        return False
    if y.ndim == 2:
        ends = [float(y.min()), float(y.max())]
    else:
        ends = [0.0, 1.0, *(np.arange(y.max() + 1) if numbers is None else numbers)]
    if known.min() < min(ends) or known.max() > max(100.0, *ends):  # shares in percent
        return False
    return LEAST_VALUES <= len(np.unique(known)) <= len(known) / 2


def encoded_target(values: np.ndarray, y: np.ndarray, numbers: np.ndarray | None = None) -> EncodedTarget | None:
    """Find out whether a column is the mean of the labels of the rows that have the same value, or its percentage.

    A mean that was smoothed toward the mean of all rows counts too: ``(k + m p) / (n + m)`` with k labels of n rows, p
    of all rows and one m for all values. A column that was computed from training rows alone is none of all rows.

    Args:
        values: float64 ``(sample,)`` of all samples, held-out ones included; NaN if nothing is known.
        y: int64 ``(sample,)``, or float64 ``(sample, target)``.
        numbers: float64 ``(class,)``, the classes if they are numbers of the user's; None if they have names.

    Source:
        Micci-Barreca 2001, "A preprocessing scheme for high-cardinality categorical attributes in classification and
        prediction problems".
    """
    known = np.isfinite(values)
    found, group = np.unique(values[known], return_inverse=True)
    labels, counts = y[known], np.bincount(group)
    if len(found) < LEAST_VALUES or len(labels) < LEAST_ROWS:
        return None
    truths: list[tuple[int | None, np.ndarray]]
    if y.ndim == 2:
        truths = [(None, target) for target in labels.T]
    else:
        truths = [(int(each), (labels == each) * 1.0) for each in np.unique(labels)]
        truths += [(None, each[labels]) for each in (np.arange(labels.max() + 1.0), numbers) if each is not None]
    for target, truth in truths:
        scaled = found / 100 if target is not None and found.max() > 1 else found
        are_hundredths = np.allclose(100 * scaled, (100 * scaled).round(), rtol=0, atol=1e-6)
        fit = _fit(scaled, truth, group, counts, (EXACT, CLOSE, COARSE) if are_hundredths else (EXACT, CLOSE))
        if fit is not None:
            return EncodedTarget(target, len(found), fit[0] > 0, fit[1], len(labels))
    return None


def _fit(
    found: np.ndarray, truth: np.ndarray, group: np.ndarray, counts: np.ndarray, differences: Sequence[float]
) -> tuple[float, int] | None:
    """The smoothing that makes values the means of the truth in their rows, and rows whose value it is."""
    from scipy.stats import binom, norm

    totals, squares, prior = np.bincount(group, truth), np.bincount(group, truth**2), float(truth.mean())
    spread = squares / counts - (totals / counts) ** 2
    mixed = spread > 1e-9
    rows = int(counts[mixed].sum())
    if rows < MIXED * len(truth):
        return None
    spread, sizes = spread[mixed], counts[mixed]
    middle, times = _smoothing(found[mixed], totals[mixed], sizes, prior), np.arange(1, MOST_EQUAL + 1)
    smoothings = sorted({0.0, *(middle / times).tolist()})
    for close, m in product(differences, smoothings):
        if close == COARSE and m:  # some smoothing fits hundredths
            continue
        digits = 6 if close == EXACT else 3
        tried = times if m else times[:1]
        added = m * tried[:, None]
        fits = np.abs((totals + added * prior) / (counts + added) - found).min(axis=0) <= close
        told = fits & mixed
        if len(np.unique(found[told].round(digits))) < LEAST_VALUES or counts[told].sum() < SHARE * rows:
            continue
        errors = np.sqrt(spread * sizes) / (sizes + m)  # standard errors of the means
        usual = 1 - (2 - 2 * norm.cdf(close / errors)) ** len(tried)
        is_rare = binom.sf(int(told.sum()) - 1, len(sizes), float(usual.mean())) < LEVEL
        if is_rare and close <= TELLING * float(np.median(errors)):
            return m, int(counts[fits].sum())
    return None


def _smoothing(found: np.ndarray, totals: np.ndarray, counts: np.ndarray, prior: float) -> float:
    """The m that values agree on, or a small multiple of it where many are of several categories; 0 without one."""
    away = np.abs(found - prior) > 0.01
    if not away.any():
        return 0.0
    m = (totals[away] - found[away] * counts[away]) / (found[away] - prior)
    middle = float(np.median(m))
    return middle if 0 < middle <= MOST_SMOOTHING else 0.0
