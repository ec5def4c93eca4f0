"""What can be asked of a sweep."""

from dataclasses import dataclass

from cutaway.options import option


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """The options of ``cutaway sweep``; `cutaway.sweep` and `cutaway.join_sweep` explain them."""

    space: str | None = option(None, "Settings that are tried: small, default, optimizer, or a TOML or JSON file.")
    trials: int | None = option(None, "Number of trials. Default: 50, or as many as before.")
    attach: str | None = option(None, "Work on a sweep that was begun: its folder, name or database.", metavar="SWEEP")
    storage: str | None = option(None, "Database that workers on many machines share. Default: a file.", metavar="URL")
    workers: int = option(1, "Processes on this machine, which share its CPUs.")
    report: bool = option(False, "Write the page of the sweep at the end.")
