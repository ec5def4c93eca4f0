"""Loading Keras at the beginning of a command, while its process has one thread: see `cutaway.models.lean_keras`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cutaway.api.run import Run


def load_keras(*runs: "Run") -> None:
    """Import Keras for a command that asks for results which may be kept, unless some are.

    Of a run without any, all must be computed. Otherwise Keras is imported when it is needed, if it is.
    """
    if any(next((run.path / "results").glob("*"), None) for run in runs):
        return
    from cutaway.models import import_lean_keras

    import_lean_keras()
