"""What can be asked about the units of a layer."""

from dataclasses import dataclass

from cutaway.options import Options, epoch_option, option, split_option

SORTS = ("unit", "ablation_cost", "selectivity", "similarity", "mean", "firing")
"""What units can be sorted by: by number, or the largest first."""


@dataclass(frozen=True, kw_only=True)
class UnitsOptions(Options):
    """The options of ``cutaway units`` and of `compute`."""

    layer: str | None = option(None, "Hidden layer. Default: the last one.")
    epoch: int | None = epoch_option()
    split: str = split_option("test", "Samples to measure.")
    sort: str = option("ablation_cost", "What to sort by, the largest first.", choices=SORTS)
    samples: int | None = option(None, least=1)
    limit: int = option(20, "Units to print; 0 for all. --json always prints all.", least=0)
