"""What the history of a training says so far, in the words of the findings."""

from collections.abc import Mapping, Sequence
from typing import Any

from cutaway.findings import Evidence, run_checks

ORDER = {"warning": 0, "note": 1, "good": 2}


def verdict(
    rows: Sequence[Mapping[str, Any]], config: Mapping[str, Any], *, kept_epoch: int | None = None
) -> list[dict[str, str]]:
    """What can be found in the history alone, warnings first.

    Args:
        rows: The lines of the epochs.
        config: The settings of the training.
        kept_epoch: The epoch whose weights the run keeps, once that is known.

    Returns:
        ``kind``, ``severity`` ("warning", "note" or "good"), ``title`` and ``text`` of each finding.
    """
    if not rows:
        return []
    found = run_checks(Evidence(history=tuple(dict(row) for row in rows), config=dict(config), kept_epoch=kept_epoch))
    named = ("kind", "severity", "title", "text")
    return [
        {name: str(getattr(each, name)) for name in named} for each in sorted(found, key=lambda f: ORDER[f.severity])
    ]
