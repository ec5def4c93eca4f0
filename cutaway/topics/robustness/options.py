"""What can be asked about robustness."""

from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.options import epoch_option, option, seed_option

SAMPLES = 2000
"""Samples that are predicted at each severity, unless another number is asked for."""


@dataclass(frozen=True, kw_only=True)
class RobustnessOptions:
    """The options of ``cutaway robustness`` and of `measure_robustness`; `cutaway.Run.robustness` explains them."""

    perturbations: Sequence[str] | None = option(
        None,
        "noise, shift, rotation, occlusion, missing, column_noise, pruning or quantization; may be repeated. Default: "
        "all that apply.",
        flag="--perturbation",
    )
    split: str = option("test", "Samples to predict: train, val, test or all.")
    epoch: int | None = epoch_option()
    samples: int | None = option(SAMPLES, "Maximum number of samples.", least=1)
    shared: bool = option(False, "For runs on different data: compare them on the test samples they share.")
    seed: int = seed_option()
