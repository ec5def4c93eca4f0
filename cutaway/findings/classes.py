"""Classes: their sizes, their labels, and those that are missed or mistaken for each other."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from cutaway.data import class_numbers
from cutaway.errors import Hint
from cutaway.metrics import LISTED, PerClass, top_confusions
from cutaway.words import counted, listed, percent

from .records import BALANCED, Evidence, Finding, Remedy, Rule, check, class_in_words
from .simpler_models import baseline_words, learned_nothing, only_prediction
from .splits import OTHER_LABELS, chance_of


@check(
    Rule(
        "class-names",
        words="The names of two classes of more than one letter are the same but for upper and lower case and spaces.",
        source="deepchecks, https://docs.deepchecks.com/stable/tabular/auto_checks/data_integrity/plot_string_mismatch.html",
        known_as="string mismatch in deepchecks; inconsistent labels",
        about=(
            "One class was spelled in two ways, so a model has to tell apart what is the same, and its accuracy looks "
            "worse than it is. Give the class one name in the data."
        ),
        title="Names of classes differ by case or spaces alone",
    ),
)
def class_names(evidence: Evidence) -> Iterable[Finding]:
    """Name the classes whose names are spelled in several ways; "a" and "A" may be two letters."""
    spelled: dict[str, list[str]] = {}
    for name in evidence.class_names or ():
        spelled.setdefault("".join(name.split()).casefold(), []).append(name)
    alike = [names for key, names in spelled.items() if len(names) > 1 and len(key) > 1]
    if alike:
        quoted = "; ".join(listed([f'"{name}"' for name in names]) for names in alike[:NAMED_CLASSES])
        text = f"{quoted} are probably one class, which a model then learns as two."
        remedy = Remedy("give each class one name", untried=OTHER_LABELS)
        yield Finding("class-names", "warning", "", text, {"names": alike}, remedy)


# Digits, grades and scales of answers have fewer.
NUMERIC_CLASSES = 20
# A share of the distance by chance. Mistakes on letters in alphabetical order are nearer than chance, but not by half.
NEARER = 0.5
REDRAWN = 199


@check(
    Rule(
        "numeric-labels",
        words=(
            "All of {NUMERIC_CLASSES} classes or more are numbers, and the mean difference between the true and the "
            "predicted number of held-out samples is less than half of that where the numbers are exchanged among the "
            "classes, and less than in any of {REDRAWN} such exchanges."
        ),
        source='Frank, Hall 2001, "A simple approach to ordinal classification"; Pitman 1937 for the test',
        known_as="regression treated as classification; too many classes",
        about=(
            "The label is a quantity, and each of its values became a class of its own, with few samples. The model "
            "does not know that 30 is nearer to 31 than to 60: a mistake by one counts as much as one by fifty."
        ),
        advice=(
            "Cut the label into a few ranges, or predict the number itself: one output without an activation, and mean "
            "squared error, in Keras; cutaway trains classes."
        ),
        title="The label is probably a quantity",
        text=(
            "The {classes:,} classes are numbers from {low:g} to {high:g}, and predictions are off by {off:.3g} on "
            "average: if the numbers were only names, it would be {by_chance:.3g}."
        ),
    ),
)
def numeric_labels(evidence: Evidence) -> Iterable[Finding]:
    """Say that many classes are values of a quantity, where mistakes are near in value."""
    measured, numbers = evidence.measured, class_numbers(evidence.class_names or ())
    if measured is None or numbers is None or len(numbers) < NUMERIC_CLASSES:
        return
    pairs, random = measured.matrix.tocoo(), np.random.default_rng(0)
    orders = [numbers, *(random.permutation(numbers) for _ in range(REDRAWN))]
    off, *drawn = (np.abs(each[pairs.row] - each[pairs.col]) @ pairs.data / measured.total for each in orders)
    by_chance = np.mean(drawn)
    if off < min(NEARER * by_chance, *drawn):
        record = {"classes": len(numbers), "low": min(numbers), "high": max(numbers)}
        yield Finding("numeric-labels", "warning", evidence=record | {"off": off, "by_chance": by_chance})


# Beleites et al. call 5 to 25 training samples of a class a small sample size.
FEW_SAMPLES = 30
# Models of small tables that generalize well, such as iris, are 3% better on their training samples.
FEW_GAP, FEW_LEVEL = 0.1, 0.01
LOOK_AHEAD = "What more samples would bring: run.learning_curve() or cutaway learning-curve"


@check(
    Rule(
        "few-samples",
        words=(
            "There are fewer than {FEW_SAMPLES} training samples for each class on average, and the accuracy on them "
            "is {FEW_GAP:.0%} or more above that on test samples (validation samples if there are none), with "
            "a p-value below {FEW_LEVEL:g} (Fisher's exact test)."
        ),
        source='Beleites et al. 2013, "Sample size planning for classification models"',
        known_as="small sample size, too little data",
        about=(
            "The model knows its training samples, which are too few to show what others of the classes are like. More "
            "samples help most; smaller models, regularization and cross-validation make the best of few."
        ),
        title="Few training samples",
        text=(
            "There are {samples:,} training samples. The model is right on {train_accuracy:.1%} of them, and on "
            "{accuracy:.1%} of the {of} that were held out."
        ),
    ),
)
def few_samples(evidence: Evidence) -> Iterable[Finding]:
    """Say that training samples are few where a model knows them and not others."""
    trained, measured, samples = evidence.trained, evidence.measured, evidence.train_samples
    if not trained or measured is None or not samples or samples >= FEW_SAMPLES * len(np.flatnonzero(measured.samples)):
        return
    others = int(measured.correct.sum()), measured.total
    accuracy = trained[0] / max(trained[1], 1)
    if accuracy - measured.accuracy < FEW_GAP or chance_of(trained, others) >= FEW_LEVEL:
        return
    bring = f"By its learning curve, {evidence.more_data}" if evidence.more_data else LOOK_AHEAD
    advice = f"Collect more samples; until then, try a smaller model or more regularization. {bring}."
    remedy = Remedy("collect more training samples", untried="other samples are needed")
    record = {"samples": samples, "train_accuracy": accuracy, "accuracy": measured.accuracy, "of": measured.total}
    yield Finding("few-samples", "warning", evidence=record, remedy=remedy, advice=advice)


# Size of the largest class, as a multiple of the smallest.
IMBALANCED = 10.0
# A class is rare if it has less than half of the samples of the mean class: only then do weights for classes help.
RARE = 0.5


@check(
    Rule(
        "class-imbalance",
        words="The largest class has {IMBALANCED:g} times as many training samples as the smallest one, or more."
        " A note where weights of classes are set."
        "{IF_WORSE} Fewer than three held-out samples of the smallest class show nothing of it.",
        source='He, Garcia 2009, "Learning from imbalanced data"',
        known_as="class imbalance; ClassImbalance in SageMaker Debugger",
        about=(
            "The loss is mostly that of the large classes, so a model may ignore the small ones and still have "
            "a high accuracy. Class weights, more samples of the small classes, or another threshold help."
        ),
        advice="Judge by recall and balanced accuracy instead of the accuracy.",
        title="Classes of very different size",
        text=(
            'The class "{large}" has {largest:,} training samples and "{small}" {smallest:,}, {ratio:.0f} times fewer. '
            "Accuracy says little here."
        ),
    ),
)
def class_imbalance(evidence: Evidence) -> Iterable[Finding]:
    """Compare the largest and the smallest class of the training samples."""
    counts, weighted = evidence.class_counts.get("train", ()), bool(evidence.config.get("class_weight"))
    held_out = counts if evidence.measured is None else evidence.measured.samples
    named = zip(counts, evidence.class_names or range(len(counts)), held_out, strict=False)
    sizes = sorted(each for each in named if each[0])
    if not sizes or sizes[-1][0] < IMBALANCED * sizes[0][0]:
        return
    (smallest, small, held), (largest, large, _) = sizes[0], sizes[-1]
    record = {"largest": largest, "smallest": smallest, "ratio": largest / smallest, "large": large, "small": small}
    record["stands"] = bool(held < LEAST_SAMPLES)
    text = f'With {held} of them held out, nothing shows whether the model finds "{small}".' if record["stands"] else ""
    severity, remedy = ("note", None) if weighted else ("warning", BALANCED)
    samples = evidence.named("class-imbalance")
    yield Finding("class-imbalance", severity, "", text, record, remedy, samples)


@check(
    Rule(
        "class-weights",
        words=(
            "Weights of classes leave a class a smaller share of all weights in the loss than of the training samples; "
            "weights of rows, less than {RARE:.0%} of that. It is less than {RARE:.0%} of the mean "
            "share of a class, and the class is missed (as missed-class, of this class alone)."
        ),
        source='King, Zeng 2001, "Logistic regression in rare events data", whose weights balance classes',
        known_as="inverted class weights; a column of inputs that is taken for weights of rows",
        about=(
            "Mistakes on this class count so little that the model learns to ignore it. Weights are there to help "
            "classes that are rare, or rows that stand for many others."
        ),
        advice="Give the rarer class the larger weight, or leave the weights out.",
        title="Weights make {class} rare in the loss",
        text="It has {samples:.1%} of the training samples, and {weight:.1%} of all weights in the loss.",
    ),
)
def class_weights(evidence: Evidence) -> Iterable[Finding]:
    """Name the class that weighs least in all, if that is not for want of samples and the model misses it."""
    measured, counts, weights = evidence.measured, evidence.class_counts.get("train"), evidence.class_weights
    if measured is None or not counts or not any(weights):
        return
    label = min((each for each, count in enumerate(counts) if count), key=lambda each: weights[each])
    samples, weight = counts[label] / sum(counts), weights[label] / sum(weights)
    given = evidence.config.get("class_weight")
    is_rare = weight < min(samples * (1 if given else RARE), RARE / np.count_nonzero(counts))
    if is_rare and _is_missed(measured, label, classes=1):
        record = {"class": class_in_words(evidence.names[label]), "samples": samples, "weight": weight}
        ask = Hint(
            "Are these values meant as weights ({})? If they describe samples, use them as an input.", weight=...
        )
        remedy, advice = (BALANCED, "") if given else (None, ask)
        yield Finding("class-weights", "warning", "", "", record, remedy, advice=advice)


# With fewer, accuracies hardly change (Northcutt, Athalye, Mueller 2021 found 3.4% in ten public test sets).
MANY_WRONG = 0.03
# One sample may be any mistake: of 28 samples that models are surest of, one in two models without a wrong label gets
# one wrong, and one in ten gets two (2%, see errors_of_the_surest).
LEAST_WRONG = 2
MOST_WRONG = 0.4
# A model with its confidence this far below its accuracy is sure of nothing.
SURE_OF_NOTHING = 0.3
# Beyond it, a model is sure where it should not be: one that had overfitted 260 rows, none of them labeled wrong, was
# 23% too confident and wrong on 7 of its 35 surest samples; models of wrong labels are 10% to 16% too cautious.
TOO_SURE = 0.15


@check(
    Rule(
        "label-issues",
        words=(
            "Among validation and test samples, errors stay frequent where the model is most sure, while errors of "
            "overlapping classes vanish there: the lower end of the 95% interval of this remaining share is above "
            "{MANY_WRONG:.0%}, and of the 10% of samples that the model is most sure of as many are labeled "
            "as another class, {LEAST_WRONG} or more. It is a note if the mean confidence is more than "
            "{TOO_SURE:.0%} above the accuracy, since these may then be the model's own errors."
        ),
        source='Wichmann, Hill 2001, "The psychometric function: I. Fitting, sampling, and goodness of fit"',
        known_as="label errors, label issues in cleanlab",
        about=(
            "Wrong labels teach a model wrong answers, and wrong test labels make its accuracy look worse or "
            "better than it is. Look at the worst samples, correct or drop them, and train again."
        ),
        advice="Look at the label issues with run.label_issues() or cutaway label-issues.",
        title="Many labels are probably wrong",
        text=(
            "At least {low:,} of {judged:,} validation and test labels seem wrong: of the {sure[1]:,} samples that the "
            "model is most sure about, {sure[0]:,} are labeled as another class."
        ),
    ),
)
def label_issues(evidence: Evidence) -> Iterable[Finding]:
    """Warn where many labels are wrong, and not only hard: also of what the model is most sure, many are.

    Classes that overlap make errors where a model is unsure; labels that are wrong by mistake are wrong everywhere.
    """
    count, judged = evidence.wrong_labels, evidence.judged
    if count is None or not judged or count.low < MANY_WRONG * judged or learned_nothing(evidence):
        return
    underconfident = evidence.calibration is not None and evidence.calibration[1] < -SURE_OF_NOTHING
    if count.count > MOST_WRONG * judged or underconfident:  # the model is wrong or has hardly learned, not the labels
        return
    wrong, surest = evidence.sure or (0, 0)
    if wrong < max(LEAST_WRONG, MANY_WRONG * surest):
        return
    samples = evidence.named("label-issues")
    record = {**vars(count), "judged": judged, "sure": [wrong, surest]}
    if evidence.calibration is not None and evidence.calibration[1] > TOO_SURE:
        title = "This model cannot tell whether labels are wrong"
        advice = "This model is too confident, so these may be its own errors: stop earlier, and look again."
        yield Finding("label-issues", "note", title, "", record, samples=samples, advice=advice)
    else:
        remedy = Remedy("drop the worst label issues", change="drop-label-issues")
        yield Finding("label-issues", "warning", "", "", record, remedy, samples)


# Half of the model's usual recall: in a hard task, a class is missed only if it stands out.
MISSED_RECALL = 0.5
# One or two missed samples say nothing about their class.
LEAST_SAMPLES = 3
# Chance of calling some class missed if all classes are equally hard.
MISSED_LEVEL = 0.05
# Chance of calling the probabilities of a class too low, in a model whose probabilities are right.
TOO_LOW_LEVEL = 0.001
NAMED_CLASSES = 3
# A model that is hardly better on its training samples has not learned the class.
NOT_LEARNED = 0.03
# Share of the missed samples that one other class gets, if the model separates the others: wrong labels do this, and so
# does a class that looks the same.
ONE_CLASS = 0.85


@check(
    Rule(
        "missed-class",
        words=(
            "The recall of a class of {LEAST_SAMPLES} test samples or more, or validation samples if there are no "
            "test samples, is at most {MISSED_RECALL:.0%} of the accuracy of all of them, and lower than "
            "that of the "
            "other classes by more than chance: an exact binomial test, corrected for the number of classes, of the "
            "level {MISSED_LEVEL:.0%}. A note where its probabilities add up to no less than its samples (a "
            "binomial test of the level {TOO_LOW_LEVEL:.2%}), as of classes that overlap, unless the mean "
            "confidence is {TOO_SURE:.0%} off the accuracy, the largest class has ten times as many, or "
            "{ONE_CLASS:.0%} of the missed samples are taken for one class by a model that separates the "
            "others. Other warnings come first where several classes are missed, or the accuracy on training samples "
            "is not {NOT_LEARNED:.0%} higher: the model has not learned them."
        ),
        source=(
            'Brodersen, Ong, Stephan, Buhmann 2010, "The balanced accuracy and its posterior distribution"; Hoeffding '
            "1956 for the sum of probabilities"
        ),
        known_as="poor recall of a class; weak segment in deepchecks",
        about=(
            "The model hardly ever finds one class, which the accuracy of all samples hides. Look at the "
            "samples that it misses and at what it predicts instead; class weights, more samples of the class, "
            "or longer training help."
        ),
    ),
)
def missed_class(evidence: Evidence) -> Iterable[Finding]:
    """Name the classes with a recall of at most half the accuracy; a model with one answer has its own finding."""
    measured, names = evidence.measured, evidence.names
    if measured is None or only_prediction(measured) is not None:
        return
    classes = int((measured.samples > 0).sum())
    order = np.argsort(measured.recall, kind="stable").tolist()  # NaN, of no samples, last
    missed = [i for i in order if measured.samples[i] >= LEAST_SAMPLES and _is_missed(measured, i, classes=classes)]
    if not missed:
        return
    first, *others = missed
    pairs = [
        f"{measured.samples[i] - measured.correct[i]:,} of {measured.samples[i]:,} of {class_in_words(names[i])} "
        f"(recall {percent(float(measured.recall[i]))})"
        for i in missed
    ]
    which = f"{len(missed):,} classes" if others else class_in_words(names[first])
    text = (
        f"Missed {evidence.held_out} samples: {listed(pairs, NAMED_CLASSES)}. The mean recall of all classes is "
        f"{percent(measured.balanced_accuracy)}."
    )
    right, known = evidence.trained or (1, 0)
    leads = not others and right - measured.accuracy * known >= NOT_LEARNED * known
    record = {
        "classes": [
            {"class": names[i], "samples": int(measured.samples[i]), "recall": float(measured.recall[i])}
            for i in missed[:LISTED]
        ],
        "missed": len(missed),
        "accuracy": measured.accuracy,
        "balanced_accuracy": measured.balanced_accuracy,
    }
    samples = evidence.named("missed-class", str(first))
    is_rare = measured.samples[first] * classes < RARE * measured.total
    severity, remedy = "warning", BALANCED if is_rare and not evidence.config.get("class_weight") else None
    wrong_labels = evidence.wrong_labels is not None and evidence.wrong_labels.low > 0
    advice = f"Look at the samples of {which} that are missed{', and at their labels' if wrong_labels else ''}."
    title, other = f"Most samples of {which} are missed", None if others else _taken_for(measured, first)
    if other is not None:
        title, remedy = f"Most samples of {which} are taken for {class_in_words(names[other])}", None
        advice = "Look at the label issues of the two classes: either labels are mixed up, or the two look alike."
    elif measured.samples[first] * IMBALANCED > measured.samples.max() and not _is_too_low(evidence, measured, missed):
        severity, remedy, advice = "note", None, ""
        text += " The model gives the class as much probability as it has samples, as is usual where classes overlap."
    yield Finding("missed-class", severity, title, text, record, remedy, samples, advice=advice, leads=leads)


def _is_too_low(evidence: Evidence, measured: PerClass, labels: list[int]) -> bool:
    """Whether one of some classes is more frequent than its probabilities add up to; also where these cannot say it.

    They cannot if they are not known, or if the mean confidence is far from the accuracy: more was to be learned.

    Of samples of unequal probabilities, more than a binomial distribution says never differ by chance (Hoeffding 1956).
    """
    from scipy.stats import binom

    shares = np.minimum(np.asarray(evidence.expected) / measured.total, 1)
    if not len(shares) or (evidence.calibration and abs(evidence.calibration[1]) > TOO_SURE):
        return True
    return bool(binom.sf(measured.samples - 1, measured.total, shares)[labels].min() < TOO_LOW_LEVEL)


def _taken_for(measured: PerClass, label: int) -> int | None:
    """The one class that the missed samples of a class are taken for, if the model separates three or more."""
    from scipy.sparse import csr_array

    taken = csr_array(measured.matrix)[[label]].toarray()[0]
    taken[label] = 0
    is_one = len(taken) > 2 and taken.max() >= ONE_CLASS * taken.sum() and _usual(measured, label) >= ONE_CLASS
    return int(taken.argmax()) if is_one else None


def _usual(measured: PerClass, label: int) -> float:
    """The share of the samples of all other classes that are predicted correctly."""
    others = measured.total - measured.samples[label]
    return float(measured.correct.sum() - measured.correct[label]) / max(float(others), 1.0)


def _is_missed(measured: PerClass, label: int, *, classes: int) -> bool:
    """Whether a class has at most half the usual recall, and is harder than others by more than chance.

    Chance is an exact binomial test, corrected for the number of classes that are looked at.
    """
    from scipy.stats import binom

    samples, correct = measured.samples[label], measured.correct[label]
    p = classes * binom.cdf(correct, samples, _usual(measured, label))
    return bool(correct <= MISSED_RECALL * measured.accuracy * samples and p < MISSED_LEVEL)


NAMED_PAIRS = 3


@check(
    Rule(
        "confusion",
        words=(
            "The {NAMED_PAIRS} most frequent pairs of a true and another predicted class on the test samples, "
            "or on the validation samples if there are no test samples; always a note."
        ),
        source="scikit-learn, https://scikit-learn.org/stable/modules/model_evaluation.html#confusion-matrix",
        known_as="confusion matrix; Confusion in SageMaker Debugger",
        about=(
            "These classes are the hardest to tell apart, which is often true for people as well. Look at the "
            "mistakes: wrong labels, missing inputs, or classes that overlap are the usual reasons."
        ),
        text="{wrong:,} of {samples:,} predictions of held-out samples are wrong.",
    ),
)
def confusion(evidence: Evidence) -> Iterable[Finding]:
    """Name the most frequent confusions."""
    measured, names = evidence.measured, evidence.names
    if measured is None:
        return
    wrong = measured.total - int(measured.correct.sum())
    pairs: list[dict[str, Any]] = [
        {"true": names[each.true], "predicted": names[each.predicted], "count": each.count, "share": each.share}
        for each in top_confusions(measured.matrix, NAMED_PAIRS)
    ]
    record = {"samples": measured.total, "wrong": wrong, "pairs": pairs}
    if pairs:
        said = "; ".join("{true} for {predicted} ({count:,}, {share:.2%} of {true})".format(**each) for each in pairs)
        first, counts = pairs[0], [each["count"] for each in pairs]
        most = "most often " if counts.count(first["count"]) == 1 else ""
        title = f"{first['true']} is {most}mistaken for {first['predicted']} ({counted(counts[0], 'time')})"
        text, samples = f"Most frequent mistakes: {said}.", evidence.named("confusion")
        yield Finding("confusion", "note", title, text, record, samples=samples)
    else:
        # test samples of a single class cannot show whether the model tells classes apart
        severity, text = "good" if measured.baseline < 1 else "note", baseline_words(measured, names)
        yield Finding("confusion", severity, "No class is mistaken for another", f"For comparison: {text}", record)
