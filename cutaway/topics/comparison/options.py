"""What can be asked about two runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from cutaway.checks import check_whole
from cutaway.errors import Hint, UsageError
from cutaway.options import HELD_OUT, SHARED, Options, option, parse_numbers
from cutaway.words import shown

SAMPLES = 10_000
"""Maximum number of samples to compare layers on."""


def check_epochs(value: Any, *, name: str) -> tuple[int | None, ...]:
    """Return the epochs of two runs.

    Raises:
        UsageError: They are not two, or one is neither a whole number nor None.
    """
    pair = list(cast("Sequence[Any]", value)) if isinstance(value, tuple | list) else []
    if len(pair) != 2:
        raise UsageError(
            f"{name} must hold one epoch for each run",
            got=shown(cast("object", value)),
            hint=Hint("pass for example {}", **{name: (1, 5)}),
        )
    return tuple(None if each is None else check_whole(each, name=name) for each in pair)


@dataclass(frozen=True, kw_only=True)
class ComparisonOptions(Options):
    """The options of ``cutaway compare``; `cutaway.compare` explains them."""

    shared: bool = option(False, SHARED)
    split: str = option("test", "Samples to predict.", choices=HELD_OUT)
    epochs: tuple[int | None, int | None] = option(
        (None, None),
        "Epochs of both, such as 1,5. Default: the kept ones.",
        check=check_epochs,
        parse=partial(parse_numbers, flag="epochs", example="1,5"),
    )
    samples: int = option(SAMPLES, least=2)
    limit: int = option(10, "Samples of each list; 0 for all. --json prints all.", least=0)
