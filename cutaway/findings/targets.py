"""Numbers that are predicted: what is unusual about targets, and what the errors show."""

from collections.abc import Iterable

from cutaway.data import FAR_SHARE, LIMIT_TIMES, PAIRS
from cutaway.errors import Hint
from cutaway.task import number_text

from .records import Evidence, Finding, Rule, check

OF_TARGETS = ("heavy-tails", "skewed-target", "limited-target", "identifier-target")
OF_ERRORS = ("growing-errors", "rounded-target", "alike-neighbors", "no-gain")

MOST, MANY = 0.5, 0.25
"""Parts of the squared deviations that a hundredth of the samples holds, for a warning and for a note."""

LOG_PART = 0.15
"""The same of logarithms, up to which these have no far values."""


@check(
    Rule(
        "heavy-tails",
        words=(
            f"Of the squared deviations of the training targets from their median, the {FAR_SHARE:.0%} of the samples "
            "that are farthest hold {MOST:.0%} or more (a normal distribution: 8.5%), and the loss is the squared "
            "error. Of logarithms, if those are learned."
        ),
        source='Huber 1964, "Robust estimation of a location parameter"',
        known_as="outliers in the target, heavy-tailed errors",
        about=(
            "Squared error gives a few far samples most of the weight, so the model fits these in the place of all "
            "others, and the scale of the target is theirs as well."
        ),
        advice=(
            "Look at the farthest values first: some may be typing errors, or in another unit. If they are right, "
            "train with the absolute or the Huber loss."
        ),
        title='A few far values of "{target}" count most',
        text=(
            "{far:,} of {samples:,} training samples hold {share:.0%} of the squared deviations from the median of "
            "{median}; the farthest value is {farthest}."
        ),
    ),
    Rule(
        "skewed-target",
        words=(
            f"All training targets are above 0, the farthest {FAR_SHARE:.0%} of the samples hold {{MANY:.0%}} or more "
            "of the squared deviations from the median, and of their logarithms {LOG_PART:.0%} or less. A warning "
            "from {MOST:.0%} where the loss is the squared error, otherwise a note."
        ),
        source='Box, Cox 1964, "An analysis of transformations"',
        known_as="skewed target, log transform of the target",
        about="A few large values decide the loss: the same relative error costs much more where values are large.",
        advice=Hint("Let the model learn the logarithm of the target ({}).", log=True),
        title='"{target}" is skewed',
        text=(
            "{far:,} of {samples:,} training samples hold {share:.0%} of the squared deviations from the median, and "
            "of the logarithms {log_share:.0%}."
        ),
    ),
    Rule(
        "limited-target",
        words=(
            f"The largest or the smallest value of a target is that of {LIMIT_TIMES:g} times as many training samples "
            "as any other, and of 10 or more, among 20 different values or more. A note if it is 0."
        ),
        source='Tobin 1958, "Estimation of relationships for limited dependent variables"',
        known_as="censored or clipped target, ceiling and floor effects",
        about=(
            "Beyond a limit the true values are not known, so the model learns too little from these samples, and "
            "its errors on them mean nothing."
        ),
        advice="Find out what the value stands for. Leave these samples out, or predict first which of them reach it.",
        title='"{target}" ends at {limit}',
        text=(
            "{at_limit:,} of {samples:,} training samples have the {end} value of all, {limit}. No other value is that "
            "of so many: these may be cut off there."
        ),
    ),
    Rule(
        "identifier-target",
        words=(
            "The training targets are whole numbers, no two are equal, and as many numbers drawn from the same range "
            f"would have {PAIRS:g} equal pairs or more: then chance alone gives none less than once in 20,000 times."
        ),
        source="The birthday problem: von Mises 1939",
        known_as="identifier as target, row number as target",
        about="Numbers of rows, orders or customers say nothing that the other columns could predict.",
        advice="Choose the column that holds what you want to predict.",
        title='"{target}" looks like an identifier',
        text=(
            "No two of {samples:,} training samples have the same whole number, where about {pairs:,.0f} pairs would "
            "be equal by chance."
        ),
    ),
)
def unusual_targets(evidence: Evidence) -> Iterable[Finding]:
    """Look at the training targets alone."""
    is_squared = evidence.config.get("loss", "mean_squared_error") == "mean_squared_error"
    for each in evidence.targets:
        far = max(1, round(FAR_SHARE * each.samples))
        record = {"target": each.name, "samples": each.samples, "far": far, "share": each.far_share}
        if each.pairs >= PAIRS:
            yield Finding("identifier-target", "warning", evidence=record | {"pairs": each.pairs})
            continue
        if each.log_share is not None and each.log_share <= LOG_PART and each.far_share >= MANY:
            severity = "warning" if each.far_share >= MOST and is_squared else "note"
            yield Finding("skewed-target", severity, "", "", record | {"log_share": each.log_share})
        elif each.far_share >= MOST and is_squared:
            values = {"median": number_text(each.median), "farthest": number_text(each.farthest)}
            yield Finding("heavy-tails", "warning", "", "", record | values)
        if each.limit is not None:
            end = {"limit": number_text(each.limit), "at_limit": each.at_limit}
            end["end"] = "largest" if each.is_upper else "smallest"
            severity = "warning" if each.limit else "note"
            yield Finding("limited-target", severity, "", "", record | end)


LEVEL = 0.001
"""Level of tests of errors."""

GROWTH = 3.0
ROUNDED = 0.5, 0.25
"""Parts of the mean squared error that rounding alone explains, for a warning and for a note."""

SERIAL = 0.2
SURE_GAIN = 0.5


@check(
    Rule(
        "growing-errors",
        words=(
            "On validation and test samples the absolute errors in the highest fifth of the predictions are on average "
            "{GROWTH:g} times those in the lowest fifth or more, and grow with the predictions (Spearman's rank "
            "correlation, p below {LEVEL:g}). Of logarithms, if those are learned."
        ),
        source='Breusch, Pagan 1979, "A simple test for heteroscedasticity and random coefficient variation"',
        known_as="heteroscedasticity, funnel in the plot of residuals",
        about=(
            "Errors are relative to the size of the target, so samples with large values decide the squared error, and "
            "an interval of one width is too wide for small values and too narrow for large ones."
        ),
        title='Errors of "{target}" grow with the prediction',
        text=(
            "Errors in the highest fifth of the predictions of {samples:,} held-out samples are {growth:.1f} times as "
            "large as those in the lowest fifth."
        ),
    ),
    Rule(
        "rounded-target",
        words=(
            "Targets are multiples of one step, and rounding to it (the step squared over 12) is {ROUNDED[0]:.0%} or "
            "more of the mean squared error on held-out samples; a note from {ROUNDED[1]:.0%}."
        ),
        source="Sheppard 1898, on corrections for grouping: the variance of rounding",
        known_as="quantized or rounded target",
        about="The targets are rounded, so that no model can have much smaller errors on them.",
        advice="If the exact values can be had, train on those; if not, no training will lower the error by much.",
        title='"{target}" is rounded to {step}',
        text="All targets are multiples of {step}, and rounding alone makes {part:.0%} of the mean squared error.",
    ),
    Rule(
        "alike-neighbors",
        words=(
            "The errors on held-out samples that follow each other in the file have a rank correlation of {SERIAL:g} "
            "or more, with p below {LEVEL:g} (von Neumann), and the samples were not divided by time. Not where rows "
            "are sorted by the target."
        ),
        source='von Neumann 1941, "Distribution of the ratio of the mean square successive difference to the variance"',
        known_as="autocorrelated residuals, Durbin-Watson, drift over time",
        about=(
            "Rows are in an order, such as that of time, which explains errors and which no input tells. Samples "
            "between training samples are easier than later ones, so errors are too small on a random split."
        ),
        title="Errors of rows that follow each other are alike",
        text=(
            'The errors of "{target}" on {samples:,} held-out samples in the order of the file have a correlation of '
            "{serial:.2f} with the next one: something changes along the file."
        ),
    ),
    Rule(
        "no-gain",
        words=(
            "The 95% interval of R2 on held-out samples begins at 0 or below, and ends below {SURE_GAIN:g}; a note "
            "where it ends above."
        ),
        source='Efron 1979, "Bootstrap methods: another look at the jackknife", for the interval',
        known_as="no better than the mean, R2 of zero",
        about=(
            "The model has learned nothing that helps to predict the target. Look for its cause first: targets in "
            "another order than the samples, inputs that say nothing about them, or a training that failed."
        ),
        title='No better than always predicting the mean of "{target}"',
        text="R2 on {samples:,} held-out samples is {r2:.3f} (95% interval {low:.3f} to {high:.3f}); the mean has 0.",
    ),
)
def errors_of_numbers(evidence: Evidence) -> Iterable[Finding]:
    """Look at the errors on samples that the model was not trained on."""
    for target, each in zip(evidence.targets, evidence.errors, strict=False):
        low, high = each.interval
        record = {"target": target.name, "samples": each.samples, "r2": each.r2}
        if each.growth >= GROWTH and each.p_growth < LEVEL:
            advice = "Judge small and large values apart, and give no interval of one width."
            if target.log_share is not None:
                advice = Hint("Let the model learn the logarithm of the target ({}).", log=True)
            shown = record | {"growth": each.growth, "p": each.p_growth}
            yield Finding("growing-errors", "warning", "", "", shown, advice=advice)
        part = target.step**2 / 12 / each.rmse**2 if each.rmse else float(target.step > 0)
        if part >= ROUNDED[1]:
            severity = "warning" if part >= ROUNDED[0] else "note"
            yield Finding(
                "rounded-target", severity, "", "", record | {"step": number_text(target.step), "part": min(part, 1.0)}
            )
        if each.serial >= SERIAL and each.p_serial < LEVEL:
            advice = Hint("If rows are in order of time, test on the latest ones ({}).", time=...)
            shown = record | {"serial": each.serial, "p": each.p_serial}
            yield Finding("alike-neighbors", "warning", "", "", shown, advice=advice)
        if low <= 0:
            record |= {"low": low, "high": high}
            if high >= SURE_GAIN:
                title = f'Too few samples to show that "{target.name}" is predicted better than by its mean'
                yield Finding("no-gain", "note", title, "", record)
            else:
                advice = "Check the scale of the inputs and the order of the rows, and try another learning rate."
                yield Finding("no-gain", "warning", "", "", record, evidence.default_rate, advice=advice, leads=False)
