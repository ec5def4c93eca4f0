"""What can be asked about layers."""

from dataclasses import dataclass

from cutaway.errors import UsageError
from cutaway.options import Options, epoch_option, option

SAMPLES = 10_000
"""Maximum number of samples that a layer history measures; activations of three snapshots are in memory at once."""


@dataclass(frozen=True, kw_only=True)
class LayersOptions(Options):
    """The options of ``cutaway layers`` and of `compute`.

    Raises:
        UsageError: Both one epoch and every epoch are requested.
    """

    layer: str | None = option(None, "Show only this layer, with its configuration.")
    epoch: int | None = epoch_option()
    history: bool = option(False, "Show what each layer knows after every epoch.")
    samples: int = option(SAMPLES, least=1)
    k: int = option(15, least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.history and self.epoch is not None:
            raise UsageError(
                f"--history and --epoch {self.epoch} cannot be used together", hint="leave one of the two out"
            )
