"""What can be asked about learning curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from cutaway.checks import check_each, check_number
from cutaway.options import Options, option, parse_numbers


@dataclass(frozen=True, kw_only=True)
class LearningCurveOptions(Options):
    """The options of ``cutaway learning-curve``; `cutaway.Run.learning_curve` explains them."""

    shares: Sequence[float] = option(
        (0.1, 0.2, 0.4, 0.8),
        "Shares of the training samples, above 0 and below 1, at least three. Default: 0.1,0.2,0.4,0.8.",
        check=partial(check_each, check=partial(check_number, above=0, below=1)),
        parse=partial(parse_numbers, flag="shares", example="0.1,0.2,0.4,0.8", kind=float),
    )
    seeds: int = option(1, "Trainings of each share; more make a surer forecast.", least=1, most=100)
