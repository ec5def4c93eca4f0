"""What can be asked about learning curves."""

from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.errors import UsageError
from cutaway.options import Options, option


def parse_shares(text: str) -> tuple[float, ...]:
    """Parse ``"0.1,0.2,0.4,0.8"``.

    Raises:
        UsageError: It is not a list of numbers.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        rule = "--shares must be numbers above 0 and below 1, separated by commas"
        raise UsageError(rule, got=repr(text), hint="pass for example --shares 0.1,0.2,0.4,0.8") from None


@dataclass(frozen=True, kw_only=True)
class LearningCurveOptions(Options):
    """The options of ``cutaway learning-curve``; `cutaway.Run.learning_curve` explains them."""

    shares: Sequence[float] = option(
        (0.1, 0.2, 0.4, 0.8),
        "Shares of the training samples, at least three.",
        parse=parse_shares,
        typed="0.1,0.2,0.4,0.8",
    )
    seeds: int = option(1, "Trainings of each share; more make a surer forecast.", least=1, most=100)
