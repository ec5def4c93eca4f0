"""What can be asked about the importance of columns."""

from dataclasses import dataclass

from cutaway.options import Options, epoch_option, option, seed_option, split_option


@dataclass(frozen=True, kw_only=True)
class ImportanceOptions(Options):
    """The options of ``cutaway importance`` and of `compute`."""

    epoch: int | None = epoch_option()
    split: str = split_option("test", "Samples to predict.")
    samples: int | None = option(10_000, "Maximum number of samples.", least=2)
    repeats: int = option(5, "How often each column is shuffled.", least=1, most=1000)
    limit: int = option(20, "Columns to print; 0 for all. --json always prints all.", least=0)
    seed: int = seed_option()
