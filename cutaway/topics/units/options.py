"""What can be asked about the units of a layer."""

from dataclasses import dataclass

from cutaway.checks import meant
from cutaway.errors import UnknownNameError
from cutaway.options import Options, epoch_option, option

SORTS = ("unit", "ablation_cost", "selectivity", "similarity", "mean", "firing")
"""What units can be sorted by: by number, or the largest first."""


@dataclass(frozen=True, kw_only=True)
class UnitsOptions(Options):
    """The options of ``cutaway units`` and of `compute`.

    Raises:
        UnknownNameError: Units cannot be sorted by that.
    """

    layer: str | None = option(None, "Hidden layer. Default: the last one.")
    epoch: int | None = epoch_option()
    split: str = option("test", "Samples to measure: train, val, test or all.")
    sort: str = option(
        "ablation_cost", "unit, ablation_cost, selectivity, similarity, mean or firing; the largest first."
    )
    limit: int = option(20, "Units to print; 0 for all. --json always prints all.", least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sort(self.sort)


def check_sort(sort: str) -> None:
    """Refuse a name that units cannot be sorted by.

    Raises:
        UnknownNameError: It is none of `SORTS`.
    """
    if sort not in SORTS:
        hint = meant(sort, SORTS, 'try "ablation_cost"')
        raise UnknownNameError(f"sort must be one of {', '.join(SORTS)}", got=f'"{sort}"', hint=hint)
