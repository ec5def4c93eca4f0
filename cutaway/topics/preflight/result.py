"""What a preflight says: findings, and what was checked without one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cutaway._lazy import public
from cutaway.results.plain import plain
from cutaway.topics.doctor.result import Diagnosis
from cutaway.words import listed


@public
@dataclass(frozen=True, repr=False)
class Preflight(Diagnosis):
    """What `cutaway.preflight` found before a training, the worst first.

    Attributes:
        name: The model or the data.
        findings: Warnings and notes.
        passed: What was checked without a finding, a short phrase each.
        measured: What short trainings measured, by name, if they were asked for; losses are means over samples that
            were not trained on. With "stopped" if they were ended before.
    """

    passed: tuple[str, ...] = field(default=(), repr=False)
    measured: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def notes(self) -> tuple[str, ...]:
        """What was checked without a finding, as a sentence."""
        return (f"Checked without a finding: {listed(self.passed)}.",) if self.passed else ()

    def to_json(self) -> dict[str, Any]:
        """What ``cutaway preflight --json`` answers."""
        return super().to_json() | {"passed": list(self.passed), "measured": plain(dict(self.measured))}
