"""What can be asked about the plane through three samples."""

from dataclasses import dataclass

from cutaway.options import epoch_option, option

MARGIN = 0.25
"""Margin of the window on each side, as a share of the square that holds the three samples."""


@dataclass(frozen=True, kw_only=True)
class RegionsOptions:
    """The options of ``cutaway regions`` and of `regions`; `cutaway.Run.regions` explains them."""

    margin: float = option(MARGIN, "Margin around the samples, as a share of the square that holds them: 0 to 10.")
    epoch: int | None = epoch_option()
