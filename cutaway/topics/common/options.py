"""What the maps of a report show."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from cutaway.checks import check_each, check_whole
from cutaway.options import MAX_SAMPLES, Options, option, parse_numbers, split_option

FEWEST = 20
"""With fewer samples than this, a map shows no structure."""


@dataclass(frozen=True, kw_only=True)
class MapOptions(Options):
    """The options of the maps in a report, on a page and in a notebook; `cutaway.Run.explore` explains them."""

    split: str | None = split_option(None, "Samples to explore. Default: at most 10,000 of test.")
    epochs: Sequence[int] | int | None = option(
        None,
        "Epochs on the maps, such as 0,5,10. Default: up to 16, fewer for many samples.",
        check=partial(check_each, check=check_whole),
        parse=partial(parse_numbers, flag="epochs", example="0,5,10"),
    )
    samples: int | None = option(
        None,
        f"Maximum number of samples on the maps. Default: {MAX_SAMPLES:,} of --split, or 10,000.",
        least=FEWEST,
        most=MAX_SAMPLES,
    )
    layers: tuple[str, ...] | None = option(None)

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """The requested epochs."""
        return cast("tuple[int, ...] | None", self.epochs)
