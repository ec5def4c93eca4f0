"""What can be asked about errors."""

from dataclasses import dataclass

from cutaway.options import Options, epoch_option, number_option, split_option


@dataclass(frozen=True, kw_only=True)
class ErrorsOptions(Options):
    """The options of ``cutaway errors`` and of `compute`."""

    split: str | None = split_option(None, "Samples. Default: test, or val if there are no test samples.")
    level: float = number_option(0.9, "Share of the answers that intervals should hold.", above=0, below=1)
    epoch: int | None = epoch_option()
