"""All runs of a folder in tables, the best first: ``compare --leaderboard``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cutaway.cli.output import print_json, print_table, say, shorten
from cutaway.cli.typed import as_typed
from cutaway.errors import UsageError, printable
from cutaway.results.units import number, percent

if TYPE_CHECKING:
    from cutaway.topics.comparison.leaderboard import Leaderboard

MODEL = 24
"""Columns that a model takes at most."""


def print_runs(folder: str, *, given: str | None, as_json: bool) -> None:
    """Print all runs of a folder, a table for each set of test samples."""
    from cutaway.topics.comparison.leaderboard import leaderboard_of

    if given is not None:
        raise UsageError(
            "--leaderboard lists all runs of a folder",
            got=f'the run "{given}" beside it',
            hint="leave one of the two out",
        )
    found = leaderboard_of(folder)
    if as_json:
        print_json(found.summary())
        return
    _print(found)


def _print(found: "Leaderboard") -> None:
    for table in found.tables:
        decided = any(line.relabeled or line.dropped for line in table.lines)
        losses = [(number(line.cross_entropy, 4), number(line.loss, 4)) for line in table.lines]
        others = any(plain != loss for plain, loss in losses)  # of runs with label smoothing, and of earlier versions
        rows = [
            {
                "Run": line.run,
                "Model": shorten(line.model, MODEL),
                "Epochs": str(line.epochs),
                "Test acc.": percent(line.accuracy, 2),
                "95% interval": "-" if line.interval is None else span(line.interval),
                "Cross-entropy": plain,
                **({"Loss": loss} if others else {}),
                "Seconds": number(line.seconds, 1),
                "Params": "-" if line.parameters is None else f"{line.parameters:,}",
                **({"Relabeled": f"{line.relabeled:,}", "Left out": f"{line.dropped:,}"} if decided else {}),
            }
            for line, (plain, loss) in zip(table.lines, losses, strict=True)
        ]
        title = f"{shorten(table.dataset, 40)} ({table.sha256[:12]}), {table.test_samples:,} test samples"
        if sum(other.sha256 == table.sha256 for other in found.tables) > 1:
            title += f", split with seed {table.split_seed}"
        print_table(rows, title=printable(title))
    for run in found.damaged:
        say(f"damaged: {printable(run.path.name)}: {as_typed(run.why)}")
    if len(found.tables) > 1:
        say("Runs in different tables were tested on different samples: their numbers cannot be compared.")
    if not found.tables and not found.damaged:
        say(f'No runs in "{found.folder}". Next: cutaway train mnist')


def span(interval: Sequence[float]) -> str:
    """A 95% interval of a share, in percent: "88.35 to 94.10"."""
    return f"{100 * interval[0]:.2f} to {100 * interval[1]:.2f}"
