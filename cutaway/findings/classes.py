"""Classes: their sizes, their labels, and those that are missed or mistaken for each other."""

from collections.abc import Iterable, Sequence

import numpy as np

from cutaway.errors import Hint
from cutaway.metrics import LISTED, Confusion, PerClass, top_confusions
from cutaway.words import listed, percent

from .records import BALANCED, Evidence, Finding, Remedy, Rule, check, class_in_words
from .simpler_models import baseline_words, learned_nothing, only_prediction
from .splits import chance_of


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
    ),
)
def class_names(evidence: Evidence) -> Iterable[Finding]:
    """Name the classes whose names are spelled in several ways; "a" and "A" may be two letters."""
    spelled: dict[str, list[str]] = {}
    for name in evidence.class_names or ():
        spelled.setdefault("".join(name.split()).casefold(), []).append(name)
    alike = [names for key, names in spelled.items() if len(names) > 1 and len(key) > 1]
    if not alike:
        return
    quoted = "; ".join(listed([f'"{name}"' for name in names]) for names in alike[:NAMED_CLASSES])
    text = f"{quoted} are probably one class, which a model then learns as two."
    remedy = Remedy("give each class one name", untried="the labels themselves must be changed")
    title = "Names of classes differ by case or spaces alone"
    yield Finding("class-names", "warning", title, text, {"names": alike}, remedy)


# Beleites et al. call 5 to 25 training samples of a class a small sample size.
FEW_SAMPLES = 30
# Models of small tables that generalize well, such as iris, are 3% better on their training samples.
FEW_GAP, FEW_LEVEL = 0.1, 0.01
LOOK_AHEAD = "What more samples would bring: run.learning_curve() or cutaway learning-curve"


@check(
    Rule(
        "few-samples",
        words=(
            f"There are fewer than {FEW_SAMPLES} training samples for each class on average, and the accuracy on them "
            f"is {percent(FEW_GAP, 0)} or more above that on test samples (validation samples if there are none), with "
            f"a p-value below {FEW_LEVEL:g} (Fisher's exact test)."
        ),
        source='Beleites et al. 2013, "Sample size planning for classification models"',
        known_as="small sample size, too little data",
        about=(
            "The model knows its training samples, which are too few to show what others of the classes are like. More "
            "samples help most; smaller models, regularization and cross-validation make the best of few."
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
    text = (
        f"There are {samples:,} training samples. The model is right on {percent(accuracy, 1)} of them, and on "
        f"{percent(measured.accuracy, 1)} of {measured.total:,} {evidence.held_out} samples."
    )
    bring = f"By its learning curve, {evidence.more_data}" if evidence.more_data else LOOK_AHEAD
    advice = f"Collect more samples; until then, try a smaller model or more regularization. {bring}."
    remedy = Remedy("collect more training samples", untried="other samples are needed")
    record = {"samples": samples, "train_accuracy": accuracy, "accuracy": measured.accuracy}
    yield Finding("few-samples", "warning", "Few training samples", text, record, remedy, advice=advice)


# Size of the largest class, as a multiple of the smallest.
IMBALANCED = 10.0
# If this share of a layer's units never fires, class weights cannot help.
DEAD_LAYER = 0.9


@check(
    Rule(
        "class-imbalance",
        words=f"The largest class has {IMBALANCED:g} times as many training samples as the smallest one, or more."
        f" A note where weights of classes are set, or {percent(DEAD_LAYER, 0)} of the units of a layer are dead.",
        source='He, Garcia 2009, "Learning from imbalanced data"',
        known_as="class imbalance; ClassImbalance in SageMaker Debugger",
        about=(
            "The loss is mostly that of the large classes, so a model may ignore the small ones and still have "
            "a high accuracy. Compare recall and balanced accuracy instead of the accuracy; class weights, "
            "more samples of the small classes, or another threshold help."
        ),
    ),
)
def class_imbalance(evidence: Evidence) -> Iterable[Finding]:
    """Compare the largest and the smallest class of the training samples."""
    counts = np.asarray(evidence.class_counts.get("train", ()))
    present = np.flatnonzero(counts)
    if len(present) < 2:
        return
    small, large = present[counts[present].argmin()], int(counts.argmax())
    ratio = counts[large] / counts[small]
    if ratio < IMBALANCED:
        return
    names: list[str] = list(evidence.class_names or map(str, range(len(counts))))
    weighted = bool(evidence.config.get("class_weight"))
    many = class_in_words(names[large])
    text = (
        f"{many[:1].upper()}{many[1:]} has {counts[large]:,} training samples and {class_in_words(names[small])} "
        f"{counts[small]:,}, {ratio:.0f} times fewer. Accuracy says little here: judge by balanced accuracy"
        + ("." if weighted else Hint(", and try {}.", class_weight="balanced"))
    )
    record = {"largest": int(counts[large]), "smallest": int(counts[small]), "ratio": float(ratio)}
    remedy = None if weighted else BALANCED
    is_dead = any(dead >= DEAD_LAYER * units for dead, units in evidence.dead_units.values())
    severity, samples = "note" if weighted or is_dead else "warning", evidence.named("class-imbalance")
    yield Finding("class-imbalance", severity, "Classes of very different size", text, record, remedy, samples)


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
            f"{percent(MANY_WRONG, 0)}, and of the 10% of samples that the model is most sure of as many are labeled "
            f"as another class, {LEAST_WRONG} or more. It is a note if the mean confidence is more than "
            f"{percent(TOO_SURE, 0)} above the accuracy, since these may then be the model's own errors."
        ),
        source='Wichmann, Hill 2001, "The psychometric function: I. Fitting, sampling, and goodness of fit"',
        known_as="label errors, label issues in cleanlab",
        about=(
            "Wrong labels teach a model wrong answers, and wrong test labels make its accuracy look worse or "
            "better than it is. Look at the worst samples, correct or drop them, and train again."
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
    overconfident = evidence.calibration is not None and evidence.calibration[1] > TOO_SURE
    probably = "may be wrong" if overconfident else "are probably wrong"
    text = (
        f"At least {count.low:,} of {judged:,} validation and test labels ({percent(count.low / judged, 1)}) "
        f"{probably}: of "
        f"the {surest:,} samples that the model is most sure about, {wrong:,} are labeled as another class."
    )
    advice = "Look at the label issues with run.label_issues() or cutaway label-issues."
    record = {"count": count.count, "low": count.low, "high": count.high, "judged": judged, "sure": [wrong, surest]}
    if overconfident:
        advice += " This model is too confident, so these may be its own errors instead: stop earlier, and look again."
        title = "This model cannot tell whether labels are wrong"
        yield Finding(
            "label-issues", "note", title, text, record, samples=evidence.named("label-issues"), advice=advice
        )
        return
    remedy = Remedy("drop the worst label issues", change="drop-label-issues")
    samples = evidence.named("label-issues")
    yield Finding(
        "label-issues", "warning", "Many labels are probably wrong", text, record, remedy, samples, advice=advice
    )


# Half of the model's usual recall: in a hard task, a class is missed only if it stands out.
MISSED_RECALL = 0.5
# One or two missed samples say nothing about their class.
LEAST_SAMPLES = 3
# Chance of calling some class missed if all classes are equally hard.
MISSED_LEVEL = 0.05
# A class is rare if it has less than half of the samples of the mean class: only then do weights for classes help.
RARE = 0.5
# A class with at least this share of the mean class size is as frequent as others.
NOT_RARER = 0.9
NAMED_CLASSES = 3
ADD_SAMPLES = Hint("More samples of them or {} may help.", class_weight="balanced")
# An accuracy hides a class if the balanced one is lower by more than other test samples would change it: of 400, 5%.
HIDES = 0.05
# A model that is hardly better on its training samples has not learned the class.
NOT_LEARNED = 0.03
# Share of the missed samples that one other class gets, if the model separates the others: wrong labels do this, and so
# does a class that looks the same.
ONE_CLASS = 0.85


@check(
    Rule(
        "missed-class",
        words=(
            f"The recall of a class of {LEAST_SAMPLES} test samples or more, or validation samples if there are no "
            f"test samples, is at most {percent(MISSED_RECALL, 0)} of the accuracy of all of them, and lower than "
            "that of the "
            "other classes by more than chance: an exact binomial test, corrected for the number of classes, of the "
            f"level {percent(MISSED_LEVEL, 0)}. Other warnings come first where several classes are missed, or the "
            f"accuracy on training samples is not {percent(NOT_LEARNED, 0)} higher: the model has not learned them."
        ),
        source='Brodersen, Ong, Stephan, Buhmann 2010, "The balanced accuracy and its posterior distribution"',
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
    recall = np.where(measured.samples >= LEAST_SAMPLES, measured.recall, np.nan)
    low = [int(i) for i in np.argsort(recall, kind="stable") if recall[i] <= MISSED_RECALL * measured.accuracy]
    missed = [i for i in low if _missed_by_chance(measured, i) * int((measured.samples > 0).sum()) < MISSED_LEVEL]
    if not missed:
        return
    pairs = "; ".join(
        f"{measured.samples[i] - measured.correct[i]:,} of {measured.samples[i]:,} of {class_in_words(names[i])} "
        f"(recall {percent(recall[i])})"
        for i in missed[:NAMED_CLASSES]
    )
    more = (
        f" and {len(missed) - NAMED_CLASSES:,} more class{'es' if len(missed) > NAMED_CLASSES + 1 else ''}"
        if len(missed) > NAMED_CLASSES
        else ""
    )
    title = f"Most samples of {class_in_words(names[missed[0]])} are missed"
    if len(missed) > 1:
        title = f"Most samples of {len(missed):,} classes are missed"
    text = f"Missed {evidence.held_out} samples: {pairs}{more}. "
    if measured.accuracy - measured.balanced_accuracy > HIDES:
        text += (
            f"The accuracy of {percent(measured.accuracy)} hides this; the balanced accuracy, the mean recall of the "
            f"classes, is {percent(measured.balanced_accuracy)}."
        )
    else:
        text += f"The accuracy of all classes is {percent(measured.accuracy)}."
    right, known = evidence.trained or (1, 0)
    not_learned = right - measured.accuracy * known < NOT_LEARNED * known
    is_rare, advice = _advice_on_missed(evidence, measured, names, missed)
    record = {
        "classes": [
            {"class": names[i], "samples": int(measured.samples[i]), "recall": float(recall[i])}
            for i in missed[:LISTED]
        ],
        "missed": len(missed),
        "accuracy": measured.accuracy,
        "balanced_accuracy": measured.balanced_accuracy,
    }
    samples = evidence.named("missed-class", str(missed[0]))
    remedy = BALANCED if is_rare and not _is_weighted(evidence) else None
    leads = len(missed) == 1 and not not_learned
    yield Finding("missed-class", "warning", title, text, record, remedy, samples, advice=advice, leads=leads)


def _is_weighted(evidence: Evidence) -> bool:
    return bool(evidence.config.get("class_weight"))


def _advice_on_missed(
    evidence: Evidence, measured: PerClass, names: Sequence[str], missed: Sequence[int]
) -> tuple[bool, str]:
    """Whether the class that is missed most is rare, and what to do."""
    counts, counted = np.asarray(evidence.class_counts.get("train") or ()), "training samples"
    if len(counts) != len(names):
        counts, counted = measured.samples, f"{evidence.held_out} samples"
    first, count, mean = class_in_words(names[missed[0]]), int(counts[missed[0]]), float(counts[counts > 0].mean())
    is_rare, is_weighted = count < RARE * mean, _is_weighted(evidence)
    taken_for = _taken_for(measured, missed[0]) if len(missed) == 1 else None
    wrong_labels = evidence.wrong_labels is not None and evidence.wrong_labels.low > 0
    look = f"Look at the samples of {first} that are missed{', and at their labels' if wrong_labels else ''}"
    if is_rare:
        advice = f"Add samples of {first}." if is_weighted else ADD_SAMPLES
    elif count < NOT_RARER * mean:
        advice = (
            f"{look}. "
            f"{first[:1].upper()}{first[1:]} has {count:,} {counted}, and {mean:,.0f} is the mean of the classes: "
            "where classes overlap, the one with more samples is predicted"
        ) + (
            "."
            if is_weighted
            else Hint("; {} would find more of them, and miss more of the others.", class_weight="balanced")
        )
    else:
        advice = f"{look}: it is not rarer than others."
    if taken_for is None:
        return is_rare, advice
    both = (
        f"Look at the samples of {first} that cutaway label-issues ranks first: nearly all missed ones are taken for "
        f"{class_in_words(names[taken_for])}, and either the two overlap, or samples of {first} are labeled "
        f"{class_in_words(names[taken_for])}."
    )
    return is_rare, f"{both} If their labels are right: {advice[0].lower()}{advice[1:]}" if is_rare else both


def _taken_for(measured: PerClass, label: int) -> int | None:
    """The one class that the missed samples of a class are taken for, if the model separates three or more."""
    from scipy.sparse import csr_array

    matrix, right = csr_array(measured.matrix), int(measured.correct[label])
    wrong = matrix[[label]].toarray()[0]
    wrong[label] = 0
    others = measured.total - int(measured.samples[label])
    others_right = int(measured.correct.sum()) - right
    if len(wrong) < 3 or wrong.max() < ONE_CLASS * wrong.sum() or others_right < ONE_CLASS * others:
        return None
    return int(wrong.argmax())


def _missed_by_chance(measured: PerClass, label: int) -> float:
    """How probable so few correct samples of a class are, if it is as hard as the others: an exact binomial test."""
    from scipy.stats import binom

    samples, correct = int(measured.samples[label]), int(measured.correct[label])
    others = measured.total - samples
    usual = (int(measured.correct.sum()) - correct) / others if others else 0.0
    return float(binom.cdf(correct, samples, usual))


NAMED_PAIRS = 3


@check(
    Rule(
        "confusion",
        words=(
            f"The {NAMED_PAIRS} most frequent pairs of a true and another predicted class on the test samples, "
            "or on the validation samples if there are no test samples; always a note."
        ),
        source="scikit-learn, https://scikit-learn.org/stable/modules/model_evaluation.html#confusion-matrix",
        known_as="confusion matrix; Confusion in SageMaker Debugger",
        about=(
            "These classes are the hardest to tell apart, which is often true for people as well. Look at the "
            "mistakes: wrong labels, missing inputs, or classes that overlap are the usual reasons."
        ),
    ),
)
def confusion(evidence: Evidence) -> Iterable[Finding]:
    """Name the most frequent confusions."""
    measured, names = evidence.measured, evidence.names
    if measured is None:
        return
    samples, wrong = measured.total, measured.total - int(measured.correct.sum())
    beside = " of validation samples" if evidence.held_out == "validation" else ""
    confusions = top_confusions(measured.matrix, NAMED_PAIRS)
    record = {"samples": samples, "wrong": wrong, "pairs": [_pair_record(each, names) for each in confusions]}
    if not confusions:
        # test samples of a single class cannot show whether the model tells classes apart
        severity = "good" if measured.baseline < 1 else "note"
        text = f"All {samples:,} predictions{beside} are correct; {baseline_words(measured, names)}"
        yield Finding("confusion", severity, "No class is mistaken for another", text, record)
        return
    most, pairs = confusions[0], "; ".join(_pair_in_words(each, names) for each in confusions)
    true, predicted, times = names[most.true], names[most.predicted], _times(most.count)
    title = f"{true} is most often mistaken for {predicted} ({times})"
    if len(confusions) > 1 and confusions[1].count == most.count:
        title = f"{true} is mistaken for {predicted} ({times}), and no class for another more often"
    share = f"{wrong:,} of {samples:,} predictions{beside} are wrong ({percent(wrong / samples)})"
    text = f"{share}. Most frequent mistakes: {pairs}."
    yield Finding("confusion", "note", title, text, record, samples=evidence.named("confusion"))


def _pair_record(confusion: Confusion, names: Sequence[str]) -> dict[str, str | int | float]:
    return {
        "true": names[confusion.true],
        "predicted": names[confusion.predicted],
        "count": confusion.count,
        "share": confusion.share,
    }


def _pair_in_words(confusion: Confusion, names: Sequence[str]) -> str:
    true, predicted = names[confusion.true], names[confusion.predicted]
    return (
        f"{true} mistaken for {predicted} ({_times(confusion.count)}, {percent(confusion.share)} of "
        f"{class_in_words(true)})"
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
