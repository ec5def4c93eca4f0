"""All runs of a folder in tables, the best first: ``compare --leaderboard``."""

from cutaway.cli.output import print_json, print_tables, say
from cutaway.cli.typed import as_typed
from cutaway.errors import UsageError, printable


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
    print_tables(found.declared())
    for run in found.damaged:
        say(f"damaged: {printable(run.path.name)}: {as_typed(run.why)}")
    if len(found.tables) > 1:
        say("Runs in different tables were tested on different samples: their numbers cannot be compared.")
    if not found.tables and not found.damaged:
        say(f'No runs in "{found.folder}". Next: cutaway train mnist')
