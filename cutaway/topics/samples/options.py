"""What can be asked about how samples were learned."""

from dataclasses import dataclass

from cutaway.options import Options, option


@dataclass(frozen=True, kw_only=True)
class SamplesOptions(Options):
    """The options of ``cutaway samples`` and of `compute`.

    Raises:
        UnknownNameError: Samples are not sorted by that.
    """

    split: str | None = option(None, "Samples: train, val, test or all. Default: all whose predictions are known.")
    sort: str = option(
        "area_under_margin",
        "area_under_margin, margin, confidence or correctness, the smallest first; variability, forgotten or "
        "first_learned, the largest first.",
    )
    limit: int = option(20, "Samples to print; 0 for all. --json always prints all.", least=0)
    predictions: str = option(
        "auto", "Which predictions: recorded (during training), computed (from snapshots) or auto."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        from cutaway.metrics import check_dynamics_sort

        check_dynamics_sort(self.sort)
