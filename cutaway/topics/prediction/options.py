"""What can be asked about new samples."""

from dataclasses import dataclass
from typing import Any

from cutaway.checks import check_number
from cutaway.errors import Hint, UsageError
from cutaway.options import Options, epoch_option, number_option, option
from cutaway.words import shown

FITTED = "fitted"


def parse_temperature(text: str) -> float | str:
    """A temperature as it was typed: a number, or a word that is checked later."""
    try:
        return float(text)
    except ValueError:  # the check of the option refuses another word
        return text


def check_temperature(value: Any, *, name: str) -> float | str:
    """Return a temperature, a number above 0, or "fitted".

    Raises:
        UsageError: It is neither.
    """
    if not isinstance(value, str):
        return check_number(value, name=name, above=0)
    if value != FITTED:
        raise UsageError(
            f'{name} must be a number above 0, or "{FITTED}" to fit it on the validation samples, got {shown(value)}',
            hint=Hint("pass {}", **{name: FITTED}),
        )
    return value


@dataclass(frozen=True, kw_only=True)
class PredictionOptions(Options):
    """The options of ``cutaway predict`` and of `predictions`; `cutaway.Run.examine` explains them."""

    output: str | None = option(
        None, "Write to this .csv, .jsonl or .parquet file; - is CSV to stdout.", flag="--output -o"
    )
    nearest: int = option(0, "Add the K training samples nearest in the last hidden layer.", metavar="K", least=0)
    explain: int = option(0, "Add the N inputs that contributed most.", metavar="N", least=0)
    distance: bool = option(False, "Add the distance to the training samples, and whether it is far.")
    temperature: float | str | None = option(
        None,
        'Temperature of the probabilities, above 0, or "fitted" to use the one fitted on validation samples.',
        metavar="T",
        check=check_temperature,
        parse=parse_temperature,
    )
    interval: float | None = number_option(
        None, "Add the ends of an interval that holds this share of the true numbers, such as 0.9.", above=0, below=1
    )
    epoch: int | None = epoch_option()
