"""What the inputs hold: their scale, and columns that say too little or too much."""

import dataclasses
from collections.abc import Iterable

from cutaway.data import FEWER, LARGE_MEAN, TELLS, ColumnFacts, InputFacts, LeakyInput
from cutaway.errors import Hint
from cutaway.metrics import wilson_interval
from cutaway.words import listed, percent

from .records import Evidence, Finding, Remedy, Rule, check, class_in_words
from .splits import costly_groups, is_identifier
from .steps import DEAD_AFTER_FIRST_STEPS, dead_since_first_steps, has_large_mean, largest_update

LARGE_SPREAD = 20.0
SMALL_INPUTS = 0.02
# Columns of a table that are all in use differ by less once they are standardized; one-hot columns by about 3.
WIDE_SPREAD = 50.0
# An input this many times as large as the median one is named if inputs are not scaled.
LARGEST_INPUT = 10.0


@check(
    Rule(
        "unscaled-inputs",
        words=(
            f"The standard deviation of all inputs as the model sees them is above {LARGE_SPREAD:g}, or an input is "
            "beyond 100 and it is above 5; on up to 2,000 training samples, after the layers at the beginning of the "
            "model that only rescale or normalize inputs."
        ),
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="unnormalized data; NotNormalizedImages in SageMaker Debugger",
        about=(
            "Large inputs make large activations and gradients, so one learning rate does not fit all weights, "
            "and units die or saturate. Divide images by their largest value, standardize columns, or begin "
            "the model with a Normalization layer."
        ),
    ),
    Rule(
        "double-scaling",
        words=f"No input is beyond ±{SMALL_INPUTS:g} as the model sees it; on up to 2,000 training samples.",
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="double normalization",
        about=(
            "The inputs are nearly 0, so the first layer learns very slowly. Usually they were divided by 255 "
            "twice, once in the data and once in the model: leave one of the two out."
        ),
    ),
    Rule(
        "uneven-inputs",
        words=(
            f"The standard deviation of one column of a table is more than {WIDE_SPREAD:g} times that of the median "
            "one; on up to 2,000 training samples."
        ),
        source='LeCun, Bottou, Orr, Mueller 1998, "Efficient backprop", section 4.3',
        known_as="unscaled features",
        about=(
            "The weights of one column need much smaller steps than all others, so either the column "
            "dominates or the training is slow. Standardize the columns."
        ),
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
            "many of them off for good. Subtract the mean of the training samples, or normalize after the "
            "first layer."
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
    if evidence.recorded and evidence.regularization is None:
        unknown = " The model does not open: if its first layers scale the inputs, nothing is wrong."
        for each in _judged(evidence, facts, seen="in the data"):
            yield dataclasses.replace(each, severity="note", text=each.text + unknown, remedy=None)
    else:
        yield from list(_judged(evidence, facts, seen="as the model sees them")) or _uncentered(evidence, facts)


def _judged(evidence: Evidence, facts: InputFacts, *, seen: str) -> Iterable[Finding]:
    record = {"low": facts.low, "high": facts.high, "std": facts.std, "widest": facts.widest}
    remedy = Remedy("standardize the inputs", change="standardize")
    size = max(-facts.low, facts.high)
    if facts.std > LARGE_SPREAD or (size > 100 and facts.std > 5):
        text = f"Inputs reach from {facts.low:g} to {facts.high:g} {seen}, and a model learns best near -1..1. "
        if not evidence.images and facts.largest > LARGEST_INPUT:
            name = evidence.input_in_words(facts.largest_at)
            times = f"{float(f'{facts.largest:.2g}'):,.0f}"
            text += f"{name} is about {times} times as large as the median one. "
        text += "Divide images by their largest value, and standardize the columns of a table."
        yield Finding("unscaled-inputs", "warning", "Inputs are not scaled", text, record, remedy)
    elif 0 < size < SMALL_INPUTS:
        text = (
            f"Inputs reach from {facts.low:g} to {facts.high:g} {seen}: so small that they may have been divided by "
            "their largest value twice, by you and by scale=, or by a Rescaling layer."
        )
        yield Finding("double-scaling", "warning", "Inputs may be scaled twice", text, record, remedy)
    elif not evidence.images and facts.widest > WIDE_SPREAD:
        text = (
            f"One input, {evidence.input_in_words(facts.widest_at)}, varies {facts.widest:,.0f} times as much as the "
            "median one, and drowns the others. Standardize the columns."
        )
        yield Finding("uneven-inputs", "warning", "Inputs of very different range", text, record, remedy)


def _uncentered(evidence: Evidence, facts: InputFacts) -> Iterable[Finding]:
    found = dead_since_first_steps(evidence)
    if found is None or not has_large_mean(evidence) or largest_update(evidence) is not None:
        return  # then the learning rate is the cause
    text = (
        f"{found.text}. What all samples have in common is {facts.mean_over_spread:,.0f} times as large as how they "
        "differ (the sum of the absolute means of all inputs, over the square root of the sum of their variances), so "
        "that the first steps moved all weights of a unit alike."
    )
    each = "pixel" if evidence.images else "input"
    layers = "with layers of BatchNormalization" if evidence.recorded else "(batch_norm, as in the recipe photos)"
    advice = (
        f"Standardize each {each} by its mean and deviation over the training samples, or normalize the hidden layers "
        f"over the batch before their activation {layers}."
    )
    remedy = Remedy("standardize the inputs", change="standardize")
    record = {**found.record, "mean_over_spread": facts.mean_over_spread}
    yield Finding("uncentered-inputs", "warning", "Inputs are not centered", text, record, remedy, advice=advice)


MANY_CONSTANT = 0.25
NAMED_INPUTS = 5


@check(
    Rule(
        "constant-inputs",
        words=(
            f"More than {percent(MANY_CONSTANT, 0)} of the columns of a table have one value in every sample, of up "
            "to 2,000 "
            "training samples; a smaller share is a note."
        ),
        source='Kuhn, Johnson 2013, "Applied predictive modeling", section 3.5',
        known_as="zero-variance feature; single value in deepchecks",
        about=(
            "A column with one value tells nothing, and often comes from a mistake in making the table. Leave "
            "it out, or find out why it does not vary."
        ),
    ),
)
def constant_inputs(evidence: Evidence) -> Iterable[Finding]:
    """Name the constant columns of a table; images have borders, which are constant by their nature."""
    facts = evidence.inputs
    if facts is None or evidence.images or not facts.constant:
        return
    constant = tuple(place for place in facts.constant if not _is_hashed(evidence, place))
    if not constant:
        return
    names = [evidence.input_name(place) for place in constant]
    share = len(names) / facts.inputs
    text = (
        f"{len(names):,} of {facts.inputs:,} inputs never change on the training samples "
        f"({listed(names, NAMED_INPUTS)}): they say nothing."
    )
    severity = "warning" if share > MANY_CONSTANT else "note"
    remedy = Remedy("leave out the constant inputs", change="drop-inputs", inputs=constant)
    yield Finding("constant-inputs", severity, "Constant inputs", text, {"inputs": names[:100], "share": share}, remedy)


def _is_hashed(evidence: Evidence, place: int) -> bool:
    """Whether it is a place that no value of a category was hashed to, which is no column of the user's."""
    columns = evidence.input_columns
    return columns is not None and evidence.input_name(place).startswith(f"{columns[place]}#")


def _input_column(evidence: Evidence, leak: LeakyInput) -> str | None:
    return None if evidence.input_columns is None else evidence.input_columns[leak.input]


# One of two inputs, such as a side of a plane, may well tell the class.
FEW_INPUTS = 2


def varying(evidence: Evidence) -> int | None:
    """How many inputs vary, or columns of a table; None if unknown."""
    columns, inputs = evidence.input_columns, evidence.inputs
    if columns is None:
        return None if inputs is None else inputs.inputs - len(inputs.constant)
    constant = () if inputs is None else inputs.constant
    return len({column for place, column in enumerate(columns) if place not in constant})


@check(
    Rule(
        "target-leakage",
        words=(
            "One column of a table, or one input of other data, tells the classes of training samples alone, by a "
            "decision tree or the most frequent class of each category, on samples that it was not fitted on: the "
            f"lower end of the 95% interval of its accuracy is {percent(TELLS, 0)} or more, and the upper end of its "
            "error "
            f"less than {percent(FEWER, 0)} of that of always predicting the largest class. A note where no more than "
            f"{FEW_INPUTS} inputs or columns vary, or a quick model (25 extremely random trees) without it is right as "
            "often by no more than chance; and where a column tells less, but this model loses most of what it gains "
            "over always predicting the largest class without it. Not judged if only one input, or the inputs of one "
            "column, vary. A column that is named as an identifier and found to be group leakage is not named again."
        ),
        source='Kaufman, Rosset, Perlich, Stitelman 2012, "Leakage in data mining"; Wilson 1927 for the interval',
        known_as="target leakage; feature-label correlation in deepchecks",
        about=(
            "One input nearly contains the answer. If it is not known yet when the model is used, the accuracy "
            "is too good, and the model will fail on new samples. Ask when its value is known; if that is "
            "after the outcome, train without it."
        ),
    ),
)
def target_leakage(evidence: Evidence) -> Iterable[Finding]:
    """Ask whether what tells the class is known before it, measured on samples that were not used to find it."""
    # a column such as "patient" tells the label of rows of one patient: that is group leakage
    owners = {each.name for each in costly_groups(evidence) if is_identifier(each)}
    known = [each for each in evidence.leaky_inputs if _input_column(evidence, each) not in owners]
    leaks, count = [each for each in known if each.is_leak], varying(evidence)
    if not (leaks or (known and known[0].carries)) or (count is not None and count <= 1):
        return
    found, others = (leaks or known)[0], [evidence.input_in_words(each.input) for each in leaks[1:]]
    gives_away = bool(leaks) and not found.is_replaceable and (count is None or count > FEW_INPUTS)
    if evidence.images and not gives_away:
        return
    name = evidence.input_name(found.input)
    what, inputs = evidence.input_in_words(found.input), (found.input,)
    if evidence.input_columns is not None:
        name = evidence.input_columns[found.input]
        inputs = tuple(i for i, each in enumerate(evidence.input_columns) if each == name)
        what = f'the column "{name}"'
        others = [f'"{evidence.input_columns[each.input]}"' for each in leaks[1:]]
    text = (
        f"Is {what} known before the outcome? It alone tells the class of {found.correct:,} of {found.samples:,} "
        f"training samples that it was not fitted on ({percent(found.correct / found.samples, 1)}), where the largest "
        f"class has {percent(found.baseline, 1)}."
    )
    if others:
        text += f" So {'does' if len(others) == 1 else 'do'} {listed(others, NAMED_COLUMNS)}."
    if found.everything is not None and found.without is not None:
        text += (
            f" A quick model is right for {percent(found.everything / found.samples, 1)} with all inputs, and for "
            f"{percent(found.without / found.samples, 1)} without {'them' if others else 'it'}."
        )
    record = {"input": name, "correct": found.correct, "samples": found.samples, "baseline": found.baseline}
    record |= {"everything": found.everything, "without": found.without}
    remedy = Remedy(f"train without {what}, unless it is known before the outcome", change="drop-inputs", inputs=inputs)
    advice = "If it is not, the model is worth nothing on new samples: train without it."
    if evidence.input_columns is not None:
        advice = advice[:-1] + Hint(" ({}).", ignore=name)
    title = f'"{name}" gives the label away' if gives_away else f'"{name}" tells most of the answer'
    severity = "warning" if gives_away else "note"
    yield Finding("target-leakage", severity, title, text, record, remedy, advice=advice)


NAMED_COLUMNS = 3


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
            "on them are too good. Compute it from training rows of other folds, or give the column from which "
            "it was made."
        ),
    ),
)
def target_encoding(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns that hold labels of the rows themselves."""
    found = evidence.of_columns("encodes")
    if not found:
        return
    names = evidence.class_names or ()
    sentences: list[str] = []
    for name, each in found[:NAMED_COLUMNS]:
        of = "mean of the labels"
        if each.target is not None:
            of = f"share of {class_in_words(str(names[each.target] if names else each.target))}"
        of = f"smoothed {of}" if each.is_smoothed else of
        sentences.append(
            f'"{name}" is, in {each.rows:,} of {each.samples:,} rows, the {of} among the rows with the same value'
        )
    more = f"; and {len(found) - NAMED_COLUMNS:,} more columns" if len(found) > NAMED_COLUMNS else ""
    text = (
        f"{'; '.join(sentences)}{more}. Validation and test rows are among them, so the column tells "
        "a model something of their labels, and accuracies on them are too good: a new row has no label to compute it "
        "from."
    )
    columns = {name for name, _ in found}
    inputs = enumerate(evidence.input_columns or evidence.input_names or ())
    listed = " and ".join(f'"{name}"' for name, _ in found)
    remedy = Remedy(
        f"leave out {listed}",
        change="drop-inputs",
        inputs=tuple(place for place, column in inputs if column in columns),
    )
    record = {
        "columns": {
            name: {"class": each.target, "values": each.values, "rows": each.rows, "samples": each.samples}
            for name, each in found
        }
    }
    advice = (
        "Give the column that it was computed for instead, or compute it out of fold: the value of each row from "
        "training rows of other folds, so its own label is never in it."
    )
    called = "Columns were" if len(found) > 1 else f'"{found[0][0]}" was'
    yield Finding(
        "target-encoding", "warning", f"{called} computed from the labels", text, record, remedy, advice=advice
    )


# With 20 uninformative columns, one in a thousand tables has a column that passes.
WORDS_CONFIDENCE = 0.9999
# A column tells the class if it leaves less than this share of the errors of always predicting the largest class.
WORDS_ERRORS = 0.5


def words_predict(column: ColumnFacts) -> bool:
    """Whether the words of a column tell the class."""
    if column.words is None:
        return False
    low, _ = wilson_interval(column.words.correct, column.words.samples, confidence=WORDS_CONFIDENCE)
    return 1 - low < WORDS_ERRORS * (1 - column.words.baseline)


@check(
    Rule(
        "left-out-columns",
        words=(
            "Columns of a table are left out since their cells are free text, nearly all differ, or cannot be read. A "
            "warning where the words of one tell the class of rows that they were not counted in (naive Bayes on half "
            "of up to 4,000 training rows, judged on the other half): at the unfavorable end of its "
            f"{percent(WORDS_CONFIDENCE)} interval it errs less than {percent(WORDS_ERRORS, 0)} as often as always "
            "predicting the "
            "largest class."
        ),
        source="our own; McCallum, Nigam 1998 for naive Bayes of words, Wilson 1927 for the interval",
        known_as="dropped features; high-cardinality columns",
        about=(
            "The model never sees these columns, and what they tell is lost. Make columns of numbers or "
            "categories from them if they matter; identifiers can stay out."
        ),
    ),
)
def left_out_columns(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns that are left out, and which of them tell the class."""
    columns = [each for each in evidence.columns if each.left_out]
    if not columns:
        return
    named = listed([f'"{each.name}" ({each.left_out})' for each in columns], NAMED_INPUTS)
    # without their number: constant and counting columns are left out as well, and tell nothing
    are, them = ("are", "them") if len(columns) > 1 else ("is", "it")
    text = f"{named} {are} left out, and no model learns from {them}."
    record = {"columns": {each.name: each.left_out for each in columns}}
    telling = [each for each in columns if words_predict(each)]
    if not telling:
        yield Finding("left-out-columns", "note", "Columns left out", text, record)
        return
    best = max(telling, key=lambda each: each.words.correct / each.words.samples if each.words else 0.0)
    told = best.words
    assert told is not None
    text += (
        f' The words of "{best.name}" alone tell the class of {told.correct:,} of {told.samples:,} training rows '
        f"({percent(told.correct / told.samples, 1)}), where the largest class has {percent(told.baseline, 1)}."
    )
    advice = (
        f'Make columns of the words of "{best.name}" if they are known before the answer is, for example with '
        "scikit-learn's TfidfVectorizer; if they come from the answer, it is right that no model sees them."
    )
    record |= {"column": best.name, "correct": told.correct, "samples": told.samples, "baseline": told.baseline}
    remedy = Remedy(f'make columns of the words of "{best.name}"', untried="the table itself must be changed")
    title = f'"{best.name}" tells the class and is left out'
    yield Finding("left-out-columns", "warning", title, text, record, remedy, advice=advice)


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
            "the column. Empty these cells: they are then treated as missing."
        ),
    ),
)
def sentinel_values(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns with such values."""
    found = evidence.of_columns("sentinels")
    if not found:
        return
    sentences = [
        f'"{name}" is {" or ".join(each.values)} in {each.rows:,} of {each.samples:,} training rows with a value, and '
        f"{'a number ' if each.are_words else ''}from {each.low:g} to {each.high:g} in the others"
        for name, each in found[:NAMED_COLUMNS]
    ]
    more = f"; and {len(found) - NAMED_COLUMNS:,} more columns" if len(found) > NAMED_COLUMNS else ""
    are_words = any(each.are_words for _, each in found)
    text = f"{'; '.join(sentences)}{more}."
    if are_words:
        text += " For these words all numbers of a column are read as text."
    if not all(each.are_words for _, each in found):
        text += " A model takes such a value for a measurement."
    remedy = Remedy(
        "empty these cells where they mean that a value is not known",
        untried="the table itself must be changed",
    )
    record = {
        "columns": {
            name: {"values": list(each.values), "rows": each.rows, "samples": each.samples} for name, each in found
        }
    }
    advice = (
        "Empty the cells of placeholder values if they mean that the value is not known: missing values are filled "
        "and marked."
    )
    title = f'Placeholder values in "{found[0][0]}"' if len(found) == 1 else "Placeholder values"
    yield Finding("sentinel-values", "warning", title, text, record, remedy, advice=advice)


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
        about=(
            "The same quantity has two numbers, depending on the row, so the column tells less than it could. "
            "Convert all rows to one unit."
        ),
    ),
)
def mixed_units(evidence: Evidence) -> Iterable[Finding]:
    """Name the columns whose values fall into two groups that a factor makes alike."""
    found = evidence.of_columns("units")
    if not found:
        return
    sentences = [
        f'In {each.samples:,} training rows the values of "{name}" fall into two groups, with medians of '
        f"{_in_digits(each.low)} and {_in_digits(each.high)}, that are alike but for a factor of {each.factor}; "
        f"{each.rows:,} of these rows have the larger values."
        for name, each in found[:NAMED_COLUMNS]
    ]
    more = f" So do those of {len(found) - NAMED_COLUMNS:,} more columns." if len(found) > NAMED_COLUMNS else ""
    remedy = Remedy("write all values of a column in one unit", untried="the table itself must be changed")
    record = {
        "columns": {name: {"factor": each.factor, "rows": each.rows, "samples": each.samples} for name, each in found}
    }
    title = f'"{found[0][0]}" is probably in two units' if len(found) == 1 else "Columns that are probably in two units"
    advice = "Find out which unit each row is in, and convert the rows."
    yield Finding("mixed-units", "warning", title, " ".join(sentences) + more, record, remedy, advice=advice)


def _in_digits(value: float) -> str:
    """A number to three digits, without an exponent if it is large: "68,000"."""
    return f"{float(f'{value:.3g}'):,.15g}"
