"""Commands on a run, as they are typed."""

import shlex
from pathlib import Path

from cutaway.errors import CutawayError

from .folder import RunFolder, run_argument


def run_command(name: str, path: Path) -> str:
    """A command on a run as it is typed, such as ``cutaway resume NAME``."""
    return f"cutaway {name} {shlex.quote(run_argument(path))}{data_option(path)}"


def by_name(words: str, path: Path) -> str:
    """Words with the name of a run in place of its path: a copy of the run, which may say the same, lies elsewhere."""
    return words.replace(shlex.quote(str(path)), shlex.quote(path.name))


def data_option(path: Path) -> str:
    """The option of a command on a run whose data its folder does not keep, such as " --data FILE.npz"; or ""."""
    try:
        record = RunFolder.open(path).manifest.dataset
    except (CutawayError, OSError):  # a sweep, or a run that is damaged or not written yet
        return ""
    if record.origin["kind"] != "arrays":
        return ""
    return f" --data FILE.{'npz' if record.preparation is None else 'csv'}"
