"""What can be asked about confidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from cutaway.checks import check_each, check_number
from cutaway.options import Options, epoch_option, number_option, option, split_option


@dataclass(frozen=True, kw_only=True)
class ConfidenceOptions(Options):
    """The options of ``cutaway confidence`` and of `compute`."""

    split: str | None = split_option(None, "Samples. Default: test, or val if there are no test samples.")
    bins: int = option(15, "Bins of the reliability curve.", least=1, most=1000)
    accuracy: Sequence[float] | float | None = option(
        None,
        "Wanted accuracy of answered samples, above 0 and at most 1; may be repeated.",
        check=partial(check_each, check=partial(check_number, above=0, most=1), least=1),
    )
    positive: str | int | None = option(
        None, "Positive class, the one to detect. Default: with two classes, the second.", metavar="CLASS"
    )
    false_alarm: float = number_option(1.0, "Cost of a false alarm.", above=0)
    miss: float = number_option(1.0, "Cost of a missed sample of that class.", above=0)
    epoch: int | None = epoch_option()

    @property
    def wanted(self) -> tuple[float, ...]:
        """The wanted accuracies; none if they were left out."""
        return cast("tuple[float, ...]", self.accuracy or ())
