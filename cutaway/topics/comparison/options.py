"""What can be asked about two runs."""

from dataclasses import dataclass

from cutaway.errors import UsageError
from cutaway.options import Options, option


def parse_epochs(text: str) -> tuple[int, int]:
    """Parse ``"1,5"``.

    Raises:
        UsageError: It is not two whole numbers.
    """
    try:
        first, second = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            "--epochs must be one epoch for each run, such as 1,5", got=f'"{text}"', hint="try --epochs 1,5"
        ) from None
    return first, second


@dataclass(frozen=True, kw_only=True)
class ComparisonOptions(Options):
    """The options of ``cutaway compare``; `cutaway.compare` explains them."""

    shared: bool = option(False, "For runs on different data: compare them on the test samples they share.")
    split: str = option("test", "Samples to predict: test or val.")
    epochs: tuple[int | None, int | None] = option(
        (None, None), "Epochs of both, such as 1,5. Default: the kept ones.", parse=parse_epochs
    )
    limit: int = option(10, "Samples of each list; 0 for all. --json prints all.", least=0)
