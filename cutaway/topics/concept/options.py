"""What can be asked about a concept."""

from dataclasses import dataclass

from cutaway.options import epoch_option, option, seed_option

REPEATS = 199
"""Random selections that a selection is compared with: the smallest p-value is then 0.005."""


@dataclass(frozen=True, kw_only=True)
class ConceptOptions:
    """The options of ``cutaway concept`` and of `concept`; `cutaway.Run.concept` explains them."""

    layer: str | None = option(None, "Only this layer. Default: all hidden layers.")
    split: str = option("test", "Samples to compare with, and to measure the effect on: train, val, test or all.")
    within_class: bool = option(
        False, "Compare with random selections of the same classes: what do the samples share beyond their class?"
    )
    repeats: int = option(REPEATS, "Random selections to compare with.", least=19)
    epoch: int | None = epoch_option()
    seed: int = seed_option()
