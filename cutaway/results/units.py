"""How values are written for people: one function for each kind of value, and a dash for what is not defined."""

from math import isnan

UNDEFINED = "–"
"""What stands for a value that is not defined."""


def percent(share: float | None, digits: int = 2) -> str:
    """A share 0..1 such as "98.52%"."""
    return UNDEFINED if share is None or isnan(share) else f"{share:.{digits}%}"


def number(value: float | None, *, digits: int) -> str:
    """A number with some digits after the point."""
    return UNDEFINED if value is None or isnan(value) else f"{value:.{digits}f}"


def points(share: float | None) -> str:
    """A difference of two shares in percentage points, with its sign: "-0.02", and "0.00" for what rounds to it."""
    if share is None or isnan(share):
        return UNDEFINED
    value = round(100 * share, 2)
    return f"{value:+.2f}" if value else "0.00"
