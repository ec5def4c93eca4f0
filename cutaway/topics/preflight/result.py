"""What a preflight says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cutaway._lazy import public
from cutaway.results.plain import plain
from cutaway.topics.doctor.result import Diagnosis


@public
@dataclass(frozen=True, repr=False)
class Preflight(Diagnosis):
    """What `cutaway.preflight` found before a training, the worst first.

    Attributes:
        name: The model or the data.
        findings: Warnings and notes.
        not_judged: What could not be judged, and why: one sentence each.
        measured: What short trainings measured, by name, if they were asked for: two learning rates, and mean losses of
            samples that were not trained on; "batch" and "free" are of the one batch that was trained on.
    """

    measured: Mapping[str, float] = field(default_factory=dict[str, float])

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway preflight --json`` answers."""
        return super().to_json() | {"measured": plain(self.measured)}
