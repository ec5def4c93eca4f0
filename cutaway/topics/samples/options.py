"""What can be asked about how samples were learned."""

from dataclasses import dataclass

from cutaway.options import DYNAMICS_SORTS, Options, option, split_option


@dataclass(frozen=True, kw_only=True)
class SamplesOptions(Options):
    """The options of ``cutaway samples`` and of `compute`."""

    split: str | None = split_option(None, "Samples. Default: all whose predictions are known.")
    sort: str = option(
        "area_under_margin",
        "What to sort by: variability, forgotten and first_learned have the largest first, the others the smallest.",
        choices=DYNAMICS_SORTS,
    )
    limit: int = option(20, "Samples to print; 0 for all. --json always prints all.", least=0)
    predictions: str = option(
        "auto",
        "Predictions recorded during training or computed from snapshots; auto takes what there is.",
        choices=("auto", "recorded", "computed"),
    )
