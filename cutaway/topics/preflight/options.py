"""What can be asked before a training."""

from dataclasses import dataclass

from cutaway.options import Options, option


@dataclass(frozen=True, kw_only=True)
class PreflightOptions(Options):
    """The options of a preflight; `cutaway.preflight` explains them."""

    epochs: int | None = option(None, least=1)
    batch_size: int = option(32, least=1)
