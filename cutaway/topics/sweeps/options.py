"""What can be asked of a sweep."""

from dataclasses import dataclass

from cutaway.options import option


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """The options of ``cutaway sweep``; `cutaway.sweep` explains them."""

    space: str = option("default", "Settings to try: small, default, optimizer, or a TOML or JSON file.")
    trials: int = option(50, "Number of trials.")
    storage: str | None = option(
        None, "Address of a storage of Optuna, which several machines share. Default: a file.", metavar="URL"
    )
    report: bool = option(False, "Write the page of the sweep at the end.")
