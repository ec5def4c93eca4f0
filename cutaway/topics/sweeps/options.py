"""What can be asked of a sweep."""

from dataclasses import dataclass

from cutaway.options import Options, option

TRIALS = 50


@dataclass(frozen=True, kw_only=True)
class SweepOptions(Options):
    """The options of ``cutaway sweep``; `cutaway.sweep` explains them."""

    space: str = option("default", "Settings to try: small, default, optimizer, or a TOML or JSON file.")
    trials: int = option(TRIALS, "Number of trials.", least=1, most=100_000)
    storage: str | None = option(
        None, "Address of a storage of Optuna, which several machines share. Default: a file.", metavar="URL"
    )
    report: bool = option(False, "Write the page of the sweep at the end.")
