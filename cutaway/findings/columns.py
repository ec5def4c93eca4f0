"""What the inputs hold: their scale, and columns that say too little or too much."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from cutaway.data import (
    FEWER,
    LARGE_MEAN,
    REACHED,
    TELLS,
    EncodedTarget,
    InputFacts,
    LeakyInput,
    MixedUnits,
    PredictiveWords,
    Sentinels,
)
from cutaway.errors import Hint
from cutaway.metrics import wilson_interval
from cutaway.words import listed, percent

from .records import Evidence, Finding, Remedy, Rule, check, class_in_words
from .simpler_models import predicts_poorly
from .splits import costly_groups, is_identifier
from .steps import DEAD_AFTER_FIRST_STEPS, DEAD_AND_STILL, dead_since_first_steps, has_large_mean, largest_update

LARGE_SPREAD = 20.0
SMALL_INPUTS = 0.02
# Columns of a table that are all in use differ by less once they are standardized; one-hot columns by about 3.
WIDE_SPREAD = 50.0
# An input this many times as large as the median one is named if inputs are not scaled.
LARGEST_INPUT = 10.0
STANDARDIZE = Remedy("standardize the inputs", change="standardize")


@check(
    Rule(
        "unscaled-inputs",
        words=(
            "The standard deviation of all inputs as the model sees them is above {LARGE_SPREAD:g}, or an input is "
            "beyond 100 and it is above 5; on up to 2,000 training samples, after the layers at the beginning of the "
            "model that only rescale or normalize inputs."
        ),
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="unnormalized data; NotNormalizedImages in SageMaker Debugger",
        about=(
            "Large inputs make large activations and gradients, so one learning rate does not fit all weights, "
            "and units die or saturate."
        ),
        advice=(
            "Divide images by their largest value, standardize columns, or begin the model with a Normalization layer."
        ),
        title="Inputs are not scaled",
        text="Inputs reach from {low:g} to {high:g}, and a model learns best near -1..1.",
    ),
    Rule(
        "double-scaling",
        words="No input is beyond ±{SMALL_INPUTS:g} as the model sees it; on up to 2,000 training samples.",
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="double normalization",
        about=("The inputs are nearly 0, so the first layer learns very slowly."),
        advice=(
            "If they were divided by their largest value twice, by you and by scale= or a Rescaling layer, leave one "
            "of the two out."
        ),
        title="Inputs may be scaled twice",
        text="Inputs reach from {low:g} to {high:g}, which is very little.",
    ),
    Rule(
        "uneven-inputs",
        words=(
            "The standard deviation of one column of a table is more than {WIDE_SPREAD:g} times that of the median "
            "one; on up to 2,000 training samples."
        ),
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="unscaled features",
        about=(
            "The weights of one column need much smaller steps than all others, so either the column "
            "dominates or the training is slow."
        ),
        advice="Standardize the columns.",
        title="Inputs of very different range",
        text='One input, "{input}", varies {widest:,.0f} times as much as the median one, and drowns the others.',
    ),
    Rule(
        "uncentered-inputs",
        words=(
            f"The sum of the absolute means of all inputs is more than {LARGE_MEAN:g} times the square root of the sum "
            f"of their variances, on up to 2,000 training samples, and {DEAD_AFTER_FIRST_STEPS}; updates are not too "
            "large (learning-rate-too-high)."
        ),
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="uncentered data, missing mean subtraction",
        about=(
            "All inputs push the units of the first layer in one direction, and the first steps can switch "
            "many of them off for good."
        ),
        advice=(
            "Subtract the mean of each input over the training samples, or normalize the hidden layers over the batch "
            "before their activation (BatchNormalization, batch_norm)."
        ),
        title="Inputs are not centered",
        text=(
            f"{DEAD_AND_STILL}. What all samples have in common is {{mean_over_spread:,.0f}} times as large as how "
            "they differ (the sum of the absolute means of all inputs, over the square root of the sum of their "
            "variances), so that the first steps moved all weights of a unit alike."
        ),
    ),
)
def input_scale(evidence: Evidence) -> Iterable[Finding]:
    """Look at the range and the spread of the inputs as the model sees them.

    What a model that does not open sees is not known: its first layers may scale its inputs.
    """
    facts = evidence.inputs
    if facts is None:
        return
    found, still = _judged(evidence, facts), dead_since_first_steps(evidence)
    if found is None:
        # updates that are too large are the cause themselves
        if still is not None and has_large_mean(evidence) and largest_update(evidence) is None:
            record = still | {"mean_over_spread": facts.mean_over_spread}
            yield Finding("uncentered-inputs", "warning", evidence=record, remedy=STANDARDIZE)
    elif evidence.recorded and evidence.regularization is None:
        unknown = f"{found.text} The model does not open: if its first layers scale the inputs, nothing is wrong."
        yield dataclasses.replace(found, severity="note", text=unknown.strip(), remedy=None)
    else:
        yield found


def _judged(evidence: Evidence, facts: InputFacts) -> Finding | None:
    record = {name: value for name, value in vars(facts).items() if name != "constant"}
    size, kind, text = max(-facts.low, facts.high), "", ""
    if facts.std > LARGE_SPREAD or (size > 100 and facts.std > 5):
        kind = "unscaled-inputs"
        if not evidence.images and facts.largest > LARGEST_INPUT:
            times = f"{float(f'{facts.largest:.2g}'):,.0f}"
            text = f'"{evidence.input_name(facts.largest_at)}" is about {times} times as large as the median one.'
    elif 0 < size < SMALL_INPUTS:
        kind = "double-scaling"
    elif not evidence.images and facts.widest > WIDE_SPREAD:
        kind, record["input"] = "uneven-inputs", evidence.input_name(facts.widest_at)
    return Finding(kind, "warning", "", text, record, STANDARDIZE) if kind else None


MANY_CONSTANT = 0.25
NAMED_INPUTS = 5


@check(
    Rule(
        "constant-inputs",
        words=(
            "More than {MANY_CONSTANT:.0%} of the columns of a table have one value in every sample, of up "
            "to 2,000 "
            "training samples; a smaller share is a note."
        ),
        source='Kuhn, Johnson 2013, "Applied predictive modeling", section 3.5',
        known_as="zero-variance feature; single value in deepchecks",
        about="A column with one value tells nothing, and often comes from a mistake in making the table.",
        advice="Leave it out, or find out why it does not vary.",
        title="Constant inputs",
    ),
)
def constant_inputs(evidence: Evidence) -> Iterable[Finding]:
    """Name the constant columns of a table; images have borders, which are constant by their nature."""
    facts = evidence.inputs
    if facts is None or evidence.images:
        return
    constant = tuple(place for place in facts.constant if not _is_hashed(evidence, place))
    names, share = [evidence.input_name(place) for place in constant], len(constant) / max(facts.inputs, 1)
    if names:
        text = f"Inputs that never change on the training samples ({share:.0%}): {listed(names, NAMED_INPUTS)}."
        severity, record = "warning" if share > MANY_CONSTANT else "note", {"inputs": names[:100], "share": share}
        remedy = Remedy("leave out the constant inputs", change="drop-inputs", inputs=constant)
        yield Finding("constant-inputs", severity, "", text, record, remedy)


def _is_hashed(evidence: Evidence, place: int) -> bool:
    """Whether it is a place that no value of a category was hashed to, which is no column of the user's."""
    columns = evidence.input_columns
    return columns is not None and evidence.input_name(place).startswith(f"{columns[place]}#")


def _called(evidence: Evidence, place: int) -> str:
    """The name of the column that an input is made from, or of the input itself."""
    return evidence.input_name(place) if evidence.input_columns is None else evidence.input_columns[place]


def varying(evidence: Evidence) -> int | None:
    """How many inputs vary, or columns of a table; None if unknown."""
    facts = evidence.inputs
    columns = evidence.input_columns or range(facts.inputs if facts else 0)
    constant = set(facts.constant if facts else ())
    return len({column for place, column in enumerate(columns) if place not in constant}) or None


@check(
    Rule(
        "target-leakage",
        words=(
            "One column of a table, or one input of other data, tells the classes of training samples alone, by a "
            "decision tree or the most frequent class of each category, on samples that it was not fitted on: the "
            f"lower end of the 95% interval of its accuracy is {TELLS:.0%} or more, and the upper end of its "
            "error "
            f"less than {FEWER:.0%} of that of always predicting the largest class. A note where "
            "all inputs or columns that vary but one do so, such as one of two, or a quick model (25 extremely random "
            "trees) without them is right as often by no more than chance, since the classes are easy to tell; of data "
            "without columns, up to a tenth of the inputs are judged so. Also a note where a column tells less, but "
            "gains 90% or more of what this model, and the model of the run, gains over always predicting the largest "
            "class, this model loses most of that without it, and the accuracy of the run is nearer to 100% than to "
            "that of always predicting that class. Not judged if only one input, or the inputs of one column, vary. A "
            "column that is named as an identifier and found to be group leakage is not named again."
        ),
        source='Kaufman, Rosset, Perlich, Stitelman 2012, "Leakage in data mining"; Wilson 1927 for the interval',
        known_as="target leakage; feature-label correlation in deepchecks",
        about=(
            "One input nearly contains the answer. If it is not known yet when the model is used, or is a tag in a "
            "corner of images, the accuracy is too good, and the model will fail on new samples. Ask when its value is "
            "known."
        ),
        advice="If that is after the outcome, the model is worth nothing on new samples: train without it.",
        title='"{input}" gives the label away',
        text=(
            'Is "{input}" known before the outcome? It alone tells the class of {correct:,} of {samples:,} training '
            "samples that it was not fitted on, where the largest class has {baseline:.1%}."
        ),
    ),
)
def target_leakage(evidence: Evidence) -> Iterable[Finding]:
    """Ask whether what tells the class is known before it, measured on samples that were not used to find it."""
    # a column such as "patient" tells the label of rows of one patient: that is group leakage
    owners = {each.name for each in costly_groups(evidence) if is_identifier(each)}
    known = [each for each in evidence.leaky_inputs if _called(evidence, each.input) not in owners]
    leaks, count = [each for each in known if each.is_leak], varying(evidence)
    if not (leaks or (known and known[0].carries)) or (count is not None and count <= 1):
        return
    found, *others = told = leaks or known[:1]
    gives_away = bool(leaks) and not found.is_replaceable and (count is None or len(leaks) + 1 < count)
    measured = evidence.measured
    is_less = measured and not leaks and found.gain < REACHED * (measured.accuracy - measured.baseline)
    is_less = is_less or (not leaks and predicts_poorly(evidence))  # most of little
    if is_less or (evidence.images and not gives_away):
        return
    names, advice = [_called(evidence, each.input) for each in told], ""
    quoted = listed([f'"{each}"' for each in names], NAMED_COLUMNS)
    inputs = tuple(i for i, each in enumerate(evidence.input_columns or ()) if each in names)
    text = f"So does each of {quoted}." if others else ""
    if found.everything is not None and found.without is not None:
        text += f" A quick model is right on {found.everything:,}, and without these inputs on {found.without:,}."
    record = {**dataclasses.asdict(found), "input": names[0]}
    remedy = Remedy(
        f"train without {quoted}, unless that is known before the outcome",
        change="drop-inputs",
        inputs=inputs or tuple(each.input for each in told),
    )
    if evidence.input_columns is not None:
        without = names if others else names[0]
        advice = Hint("If not, the model is worth nothing on new samples: train without it ({}).", ignore=without)
    severity, title = ("warning", "") if gives_away else ("note", f'"{names[0]}" tells most of the answer')
    yield Finding("target-leakage", severity, title, text.strip(), record, remedy, advice=advice)


NAMED_COLUMNS = 3
OTHER_TABLE = "the table itself must be changed"


def _of_columns(
    evidence: Evidence, kind: str, fact: str, say: Callable[[Any], str], text: str, remedy: Remedy | None = None
) -> Iterable[Finding]:
    """A warning of the columns with a fact of `ColumnFacts`, if there are any, with what there is to say of each."""
    if found := evidence.of_columns(fact):
        named = listed([f'"{name}" ({say(each)})' for name, each in found], NAMED_COLUMNS)
        columns = {name: each if isinstance(each, str) else dataclasses.asdict(each) for name, each in found}
        record = {"column": next(iter(columns)), "columns": columns}
        yield Finding(kind, "warning", "", text.format(named), record, remedy)


@check(
    Rule(
        "target-encoding",
        words=(
            "A column of numbers is the share of a class (or the mean of labels that are numbers) among the rows with "
            "the same value, in 90% or more of the rows whose value has several labels, to three digits, or to two "
            "where all values are hundredths; also in percent, or, to three digits, smoothed toward that of all rows; "
            "of 8 different values or more, where a true rate would be as close with a probability below 0.000001. "
            "Shares in training rows alone do not count. Of columns that may be such, the first 4 million cells are "
            "judged."
        ),
        source=(
            'Micci-Barreca 2001, "A preprocessing scheme for high-cardinality categorical attributes"; Kaufman, '
            'Rosset, Perlich, Stitelman 2012, "Leakage in data mining"'
        ),
        known_as="target leakage by target encoding",
        about=(
            "The column was computed from labels, also from those of validation and test rows, so accuracies "
            "on them are too good: a new row has no label to compute it from."
        ),
        advice=(
            "Give the column that it was computed for instead, or compute it out of fold: the value of each row from "
            "training rows of other folds, so its own label is never in it."
        ),
        title='"{column}" was computed from the labels',
    ),
)
def target_encoding(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns that hold labels of the rows themselves."""
    names = evidence.class_names or ()

    def say(each: EncodedTarget) -> str:
        of = "mean of the labels"
        if each.target is not None:
            of = f"share of {class_in_words(str(names[each.target] if names else each.target))}"
        return f"{'smoothed ' if each.is_smoothed else ''}{of}, in {each.rows:,} of {each.samples:,} rows"

    found = dict(evidence.of_columns("encodes"))
    inputs = enumerate(evidence.input_columns or evidence.input_names or ())
    places = tuple(place for place, column in inputs if column in found)
    words = listed([f'"{name}"' for name in found])
    remedy = Remedy(f"leave out {words}", change="drop-inputs", inputs=places)
    text = (
        "In rows with the same value these columns are what their labels say: {}. Validation and test rows are among "
        "them, so a column tells a model something of their labels."
    )
    yield from _of_columns(evidence, "target-encoding", "encodes", say, text, remedy)


# With 20 uninformative columns, one in a thousand tables has a column that passes.
WORDS_CONFIDENCE = 0.9999
# A column tells the class if it leaves less than this share of the errors of always predicting the largest class.
WORDS_ERRORS = 0.5


def words_predict(words: PredictiveWords) -> bool:
    """Whether the words of a column tell the class."""
    low, _ = wilson_interval(words.correct, words.samples, confidence=WORDS_CONFIDENCE)
    return 1 - low < WORDS_ERRORS * (1 - words.baseline)


@check(
    Rule(
        "left-out-columns",
        words=(
            "Columns of a table are left out since their cells are free text, nearly all differ, or cannot be read. A "
            "warning where the words of one tell the class of rows that they were not counted in (naive Bayes on half "
            "of up to 4,000 training rows, judged on the other half): at the unfavorable end of its "
            "{WORDS_CONFIDENCE:.2%} interval it errs less than {WORDS_ERRORS:.0%} as often as always "
            "predicting the "
            "largest class."
        ),
        source="our own; McCallum, Nigam 1998 for naive Bayes of words, Wilson 1927 for the interval",
        known_as="dropped features; high-cardinality columns",
        about=(
            "The model never sees these columns, and what they tell is lost. Make columns of numbers or "
            "categories from them if they matter; identifiers can stay out."
        ),
        advice=(
            "Make columns of its words if they are known before the answer is, for example with scikit-learn's "
            "TfidfVectorizer; if they come from the answer, it is right that no model sees them."
        ),
        title='"{column}" tells the class and is left out',
    ),
)
def left_out_columns(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns that are left out, and which of them tell the class."""
    columns = [each for each in evidence.columns if each.left_out]
    if not columns:
        return
    # without their number: constant and counting columns are left out as well, and tell nothing
    named = listed([f'"{each.name}" ({each.left_out})' for each in columns], NAMED_INPUTS)
    text = f"No model learns from {named}."
    record: dict[str, Any] = {"columns": {each.name: each.left_out for each in columns}}
    telling = [(each.words, each.name) for each in columns if each.words and words_predict(each.words)]
    if not telling:
        yield Finding("left-out-columns", "note", "Columns left out", text, record)
        return
    told, name = max(telling, key=lambda each: each[0].correct / each[0].samples)
    text += (
        f' The words of "{name}" alone tell the class of {told.correct:,} of {told.samples:,} training rows, where the '
        f"largest class has {percent(told.baseline, 1)}."
    )
    record |= {"column": name, **dataclasses.asdict(told)}
    remedy = Remedy(f'make columns of the words of "{name}"', untried=OTHER_TABLE)
    yield Finding("left-out-columns", "warning", "", text, record, remedy)


@check(
    Rule(
        "sentinel-values",
        words=(
            "A few numbers repeat exactly, in 5 or more rows, and lie far outside all others (by more than ten times "
            "their range; by more than once it for nines such as 999, or a number below 0 where no other is), more "
            "often than chance explains (p-value below 0.001 over all columns); or a column of numbers contains up to "
            "three words, in 5 or more rows, and is read as text."
        ),
        source='Pearson 2006, "The problem of disguised missing data"',
        known_as="disguised missing values; special values, mixed data types in deepchecks",
        about=(
            'Numbers such as -999 that mean "not known" are taken as measured values, and distort the scale of '
            "the column; for words such as n/a, all numbers of the column are read as text."
        ),
        advice="Empty these cells if they mean that the value is not known: they are then filled in and marked.",
        title='Placeholder values in "{column}"',
    ),
    Rule(
        "extreme-values",
        words=(
            "Without one value in a hundred at each end, or the last one, the values of a column lie within a tenth of "
            "the standard deviation of all; others are more than ten times their range away, and none three to ten "
            "times, as in a long tail; of 10 different ones or more.{IF_WORSE}"
        ),
        source='Barnett, Lewis 1994, "Outliers in statistical data"',
        known_as="outliers, data entry errors",
        about=(
            "A few cells are far too large, as where a decimal point is missing. Once the column is standardized, all "
            "other values are nearly the same number."
        ),
        advice="Correct these cells, or empty them, if they are errors; otherwise give the logarithm of the column.",
        title='Extreme values in "{column}"',
    ),
)
def unlike_values(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns with values that do not belong to the others."""

    def say(each: Sentinels) -> str:
        return (
            f"{' or '.join(each.values)} in {each.rows:,} of {each.samples:,} training rows, where others are from "
            f"{each.low:g} to {each.high:g}"
        )

    yield from _of_columns(
        evidence, "sentinel-values", "sentinels", say, "A few values repeat that are unlike all others: {}."
    )
    yield from _of_columns(
        evidence,
        "extreme-values",
        "extremes",
        say,
        "A few values are so large that the others hardly differ once the column is standardized: {}.",
    )


@check(
    Rule(
        "codes-as-numbers",
        words=(
            "A value of a column of whole numbers tells the class (its most frequent one in half of the training rows, "
            "judged on the other half) of 5% more of the rows than a pair of values that follow each other, by two "
            "standard errors or more, and by a third of what it gains over the largest class; of 10 values or more, "
            "with 10 rows each on average, and none in more than 20% of the rows.{IF_WORSE}"
        ),
        source='Hastie, Tibshirani, Friedman 2009, "The elements of statistical learning", section 2.2; McNemar 1947',
        known_as="categorical feature encoded as a number, ordinal encoding of nominal data",
        about=(
            "Part numbers and product numbers are names. A network takes a number for an amount and learns "
            "what changes slowly with it, so it can hardly tell one code from the next."
        ),
        title='"{column}" holds codes that are read as numbers',
    ),
)
def codes_as_numbers(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns whose numbers stand for categories."""

    def say(each: LeakyInput) -> str:
        return f"each value tells the class of {each.correct:,} of {each.samples:,} rows, and a pair {each.without:,}"

    names = [name for name, _ in evidence.of_columns("codes")]
    remedy = Remedy(Hint("read codes as categories: {}", category=names), untried=OTHER_TABLE)
    text = "The order of these numbers says little of the class: {}."
    yield from _of_columns(evidence, "codes-as-numbers", "codes", say, text, remedy)


@check(
    Rule(
        "numbers-as-text",
        words=(
            "90% of the cells of a column that is read as text, or more, are numbers with thousands separators, a "
            "currency or a unit, of up to three units and ten different numbers or more; a number that begins with 0 "
            "is a code."
        ),
        source='Kandel et al. 2012, "Enterprise data analysis and visualization: an interview study"',
        known_as="numbers stored as text, mixed data types in deepchecks",
        about=(
            "The column is read as text, so a model gets each amount as a category of its own, or not at all, and does "
            "not see which is larger."
        ),
        advice="Remove what is not the number, for example by the function str.replace of pandas, and train again.",
        title='Numbers in "{column}" are read as text',
    ),
)
def numbers_as_text(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns of numbers with units."""
    yield from _of_columns(
        evidence, "numbers-as-text", "amounts", lambda cell: f'such as "{cell}"', "Cells are numbers and text: {}."
    )


@check(
    Rule(
        "mixed-units",
        words=(
            "In the rows of one class a column without values below 0 has two groups of 20 or more different values, "
            "with a gap of more than half of the logarithm of a factor of 2.205, 2.54, 100, 1,000 or 1,000,000, and a "
            "Kolmogorov-Smirnov test does not tell them apart (p of 0.05 or more) once that factor is taken out."
        ),
        source="our own; Massey 1951 for the test",
        known_as="inconsistent units",
        about=("The same quantity has two numbers, depending on the row, so the column tells less than it could."),
        advice="Find out which unit each row is in, and convert the rows.",
        title='"{column}" is probably in two units',
    ),
)
def mixed_units(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns whose values fall into two groups that a factor makes alike."""

    def say(each: MixedUnits) -> str:
        medians = f"medians of {_in_digits(each.low)} and {_in_digits(each.high)}, a factor of {each.factor}"
        return f"{medians}; {each.rows:,} of {each.samples:,} training rows are of the second"

    yield from _of_columns(
        evidence, "mixed-units", "units", say, "Values fall into two groups that are alike but for a factor: {}."
    )


def _in_digits(value: float) -> str:
    """A number to three digits, without an exponent if it is large: "68,000"."""
    return f"{float(f'{value:.3g}'):,.15g}"
