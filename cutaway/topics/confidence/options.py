"""What can be asked about confidence."""

from dataclasses import dataclass

from cutaway.options import epoch_option, option


@dataclass(frozen=True, kw_only=True)
class ConfidenceOptions:
    """The options of ``cutaway confidence`` and of `compute`."""

    split: str | None = option(None, "train, val, test or all. Default: test, or val if there are no test samples.")
    bins: int = option(15, "Bins of the reliability curve.")
    accuracy: list[float] | None = option(None, "Wanted accuracy of answered samples, such as 0.99; may be repeated.")
    positive: str | None = option(None, "Class to detect. Default: with two classes, the second.", metavar="CLASS")
    false_alarm: float = option(1.0, "Cost of a false alarm.")
    miss: float = option(1.0, "Cost of a missed sample of that class.")
    epoch: int | None = epoch_option()
