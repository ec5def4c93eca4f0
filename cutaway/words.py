"""Numbers and lists in words: the only place where a share, a count or a list becomes text."""

from collections.abc import Sequence
from math import isnan
from typing import TypeVar

Item = TypeVar("Item")

UNDEFINED = "–"
"""What stands for a value that is not defined."""


def percent(share: float | None, digits: int = 2) -> str:
    """A share such as "98.52%", without a sign for what rounds to 0."""
    return UNDEFINED if share is None or isnan(share) else f"{share:z.{digits}%}"


def digits_of(low: float, high: float) -> int:
    """Digits after the point that an interval carries in percent: 2 of a point or less, 1 of 10 points or less."""
    width = high - low
    return 0 if width > 0.1 else 1 if width > 0.01 else 2


def measured(share: float, digits: int) -> str:
    """A share with some digits, or with more where it would be 100% and is not."""
    text = percent(share, digits)
    return measured(share, digits + 1) if text.startswith("100") and share < 1 and digits < 4 else text


def number(value: float | None, digits: int) -> str:
    """A number with some digits after the point, without a sign for what rounds to 0."""
    return UNDEFINED if value is None or isnan(value) else f"{round(float(value), digits) + 0.0:.{digits}f}"


def points(share: float | None) -> str:
    """A difference of two shares in percentage points, with its sign: "-0.02", and "0.00" for what rounds to it."""
    if share is None or isnan(share):
        return UNDEFINED
    value = round(100 * share, 2)
    return f"{value:+.2f}" if value else "0.00"


def counted(count: int, name: str, several: str = "") -> str:
    """A number of things: "1 epoch", "1,200 epochs".

    Args:
        count: How many.
        name: What one is called.
        several: What several are called; if empty, the name with an "s".
    """
    return f"{count:,} {name if count == 1 else several or f'{name}s'}"


def quoted(text: str) -> str:
    """Text as Python writes it, in double quotes unless it holds some."""
    written = repr(str(text))
    return written if '"' in written else f'"{written[1:-1]}"'


def shown(value: object) -> str:
    """A wrong value in a message, cut to 80 characters; Python refuses to write numbers of more than 4,300 digits."""
    try:
        return f"{quoted(value) if isinstance(value, str) else repr(value):.80}"
    except ValueError:
        return "a value with too many digits to show"


def listed(names: Sequence[str], most: int | None = None) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"; of many more than `most`, the first: "a, b and 3 more"."""
    first, hidden = (names, 0) if most is None else cut(names, most)
    names = [*first, f"{hidden:,} more"] if hidden else first
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def cut(items: Sequence[Item], most: int) -> tuple[Sequence[Item], int]:
    """The first of some items, and how many are left out: never a single one, whose name takes no more room."""
    most += len(items) == most + 1
    return items[:most], max(len(items) - most, 0)


def evenly_spaced(items: Sequence[Item], most: int) -> list[Item]:
    """At most N of the items, evenly spaced, the first and the last among them."""
    total = len(items)
    return list(items) if total <= most else [items[round(i * (total - 1) / (most - 1))] for i in range(most)]
