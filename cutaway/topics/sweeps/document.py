"""What ``cutaway sweep --json`` answers: one JSON-able document."""

from typing import Any

from cutaway.results.plain import plain

from .outcome import row_of
from .result import Sweep
from .words import verdict


def sweep_document(sweep: Sweep, *, report: str | None = None) -> dict[str, Any]:
    """A sweep: its trials, the best one, what choosing was worth, and which settings mattered."""
    best, gain = sweep.best_trial, sweep.gain
    manifest = sweep.manifest
    return plain(
        {
            "sweep": str(sweep.folder),
            "name": manifest.name,
            "data": manifest.data,
            "space": manifest.space,
            "fixed": manifest.fixed.given(),
            "default": manifest.default,
            "seed": manifest.seed,
            "storage": manifest.storage,
            "total": sweep.total,
            "best": None if best is None else {**row_of(best, sweep.space), "settings": sweep.settings},
            "gain": gain,
            "no_gain": sweep.no_gain,
            "verdict": verdict(sweep),
            "importance": sweep.importance(),
            "importance_p_values": sweep.importance_p_values(),
            "frontier": {cost: [t.number for t in sweep.frontier(cost)] for cost in ("parameters", "seconds")},
            "trials": [{**row_of(trial, sweep.space), "attempts": trial.attempts} for trial in sweep.trials],
            "train": sweep.command,
            "report": report,
        }
    )
