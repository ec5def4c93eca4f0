"""How values are written for people: one function for each kind of value, and a dash for an undefined value."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import floor, isnan, log10

from cutaway.task import number_text
from cutaway.words import UNDEFINED, digits_of, number, percent, points

LEAST = 1e-4
"""Numbers with a standard error are written with an exponent where four decimals would leave no digit of one."""


@dataclass(frozen=True)
class Unit:
    """How the values of a column are written.

    Attributes:
        name: What the reference page calls it.
        text: The text of the values in one row, one argument for each name of the column.
        right: Whether the texts are aligned right, as numbers are.
        most: Columns of a terminal that a text takes at most; None if it is never shortened.
        parts: What is added to the name of a field for each argument.
    """

    name: str
    text: Callable[..., str]
    right: bool = True
    most: int | None = None
    parts: tuple[str, ...] = ("",)


_LIMITS = ("_low", "_high")


def _unknown(*values: float | None) -> bool:
    return any(value is None or isnan(value) for value in values)


def _interval(low: float | None, high: float | None, digits: int) -> str:
    return UNDEFINED if _unknown(low, high) else f"{percent(low, digits)} to {percent(high, digits)}"


def _with_interval(share: float | None, low: float | None, high: float | None, digits: int) -> str:
    limits = "" if _unknown(share, low, high) else f" ({_interval(low, high, digits)})"
    return f"{percent(share, digits)}{limits}"


def _with_limits(share: float | None, low: float | None, high: float | None) -> str:
    if low is None or high is None or _unknown(low, high):
        return percent(share)
    digits = digits_of(low, high)
    return f"{percent(share, digits)} ({100 * low:.{digits}f} to {100 * high:.{digits}f})"


def _points_with_limits(difference: float | None, low: float | None, high: float | None) -> str:
    return points(difference) + ("" if _unknown(low, high) else f" ({points(low)} to {points(high)})")


def _general(value: float | None) -> str:
    return UNDEFINED if value is None or isnan(value) else f"{value:g}"


def _number(value: float | None) -> str:
    return UNDEFINED if value is None or isnan(value) else number_text(value)


def _number_with_limits(value: float | None, low: float | None, high: float | None) -> str:
    """A number with its interval, all with the digits that the interval carries."""
    if low is None or high is None or _unknown(value, low, high) or low == high:
        return _number(value)
    digits = max(0, 1 - floor(log10(high - low)))
    texts = [f"{round(each, digits) + 0.0:,.{digits}f}" for each in (value or 0.0, low, high)]
    return "{} ({} to {})".format(*texts)


def _count(value: float | None) -> str:
    return UNDEFINED if value is None or isnan(value) else f"{value:,.0f}"


def _count_share(count: float | None, share: float | None) -> str:
    return UNDEFINED if _unknown(count, share) else f"{_count(count)} ({percent(share, 1)})"


def _measured(value: float, error: float | None, measurable: bool) -> str:
    """A number and its standard error, with digits enough that neither rounds to 0."""
    if not measurable:
        return "~0"
    known = 0.0 if error is None or isnan(error) else error
    smallest = min((abs(part) for part in (value, known) if part), default=1.0)
    form = ".4f" if smallest >= LEAST else ".1e"
    return f"{value:{form}}±{f'{known:{form}}' if known else '0'}"


def _lost(share: float | None, error: float | None = None) -> str:
    """A share that is lost as a change in points."""
    change = points(None if share is None else -share)
    return change if error is None else f"{change}±{100 * error:.2f}"


def _count_of(count: float | None, of: float | None) -> str:
    return f"{_count(count)} of {_count(of)}"


def _name(name: object) -> str:
    return UNDEFINED if name is None else str(name)


def _marked(value: float | None, mark: str) -> str:
    return f"{number(value, 4)} {mark}".rstrip()


def _reached(value: float | None) -> str:
    return "never" if value is None or isnan(value) else f"{value:.4f}"


def share(digits: int = 2) -> Unit:
    """A share, or a probability, as a percentage with some digits."""
    return Unit("share, 0..1", partial(percent, digits=digits))


def decimals(digits: int) -> Unit:
    """A number with some digits after the point."""
    return Unit("number", partial(number, digits=digits))


def interval(digits: int) -> Unit:
    """An interval of a share, as percentages with some digits."""
    return Unit("interval of a share, 0..1", partial(_interval, digits=digits), parts=_LIMITS)


def share_with_interval(digits: int) -> Unit:
    """A share with its interval, as percentages with some digits."""
    return Unit("share with its 95% interval, 0..1", partial(_with_interval, digits=digits), parts=("", *_LIMITS))


COUNT = Unit("count", _count)
COUNT_OF = Unit("count, and of how many", _count_of, parts=("", "_of"))
INTERVAL = interval(1)
COUNT_SHARE = Unit("count, and its share, 0..1", _count_share, parts=("", "_share"))
SHARE_WITH_INTERVAL = share_with_interval(1)
SHARE_WITH_LIMITS = Unit("share with its 95% interval, 0..1", _with_limits, parts=("", *_LIMITS))
POINTS = Unit("difference of shares, -1..1", points)
POINTS_WITH_LIMITS = Unit(
    "difference of shares with its 95% interval, -1..1", _points_with_limits, parts=("", *_LIMITS)
)
NUMBER = Unit("number", _number)
NUMBER_WITH_LIMITS = Unit("number with its 95% interval", _number_with_limits, parts=("", *_LIMITS))
GENERAL = Unit("number", _general)
THRESHOLD = Unit("probability, 0..1, or none that is high enough", _reached)
MARKED = Unit("probability, 0..1, and a word", _marked, right=False, parts=("", "_mark"))
MEASURED = Unit(
    "number with its standard error, and whether that is more than noise",
    _measured,
    parts=("", "_error", "_measurable"),
)
LOST = Unit("share that is lost, shown as the change in percentage points", _lost)
NAME = Unit("name", _name, right=False, most=12)
TEXT = Unit("text", _name, right=False)
