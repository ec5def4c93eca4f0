"""What the doctor says: findings, and what their remedies changed."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cutaway._lazy import public
from cutaway.findings import Finding

if TYPE_CHECKING:
    import pandas

LEVEL = 0.05
"""p-value of McNemar's test below which a remedy is said to have changed the accuracy."""


@dataclass(frozen=True)
class Proof:
    """What a remedy changed: the same model trained again from the same seed, judged on the same samples.

    Attributes:
        kind: Kind of the finding.
        remedy: What was done, in words.
        before: Accuracy of the run, 0..1.
        after: Accuracy with the remedy.
        balanced: Balanced accuracy before and after, where classes are of very different size; None otherwise.
        fixed: Samples that only the new training predicts right.
        broken: Samples that only the run predicts right.
        samples: Number of samples.
        split: The split that they are of.
        p_value: Of McNemar's test; None where the two are of different samples.
        seconds: Time of the new training.
        why: Why nothing could be tried, or None.
    """

    kind: str
    remedy: str
    before: float = float("nan")
    after: float = float("nan")
    balanced: tuple[float, float] | None = None
    fixed: int = 0
    broken: int = 0
    samples: int = 0
    split: str = "test"
    p_value: float | None = None
    seconds: float = 0.0
    why: str | None = None

    @property
    def words(self) -> str:
        """What it shows, as a sentence."""
        if self.why is not None:
            return f"Not tried: {self.why}."
        counts = f"{self.samples:,} {'validation' if self.split == 'val' else self.split} samples"
        if self.p_value is None:
            return f"The accuracy is {self.after:.2%} instead of {self.before:.2%}."
        change = (
            f"{self.before:.2%} becomes {self.after:.2%} on {counts}: {self.fixed:,} fixed, {self.broken:,} newly wrong"
        )
        if self.balanced is not None:
            change += f"; balanced accuracy {self.balanced[0]:.2%} becomes {self.balanced[1]:.2%}"
        if self.p_value >= LEVEL:
            return f"{change}; that may be chance (p = {self.p_value:.2g})."
        return f"{change} (p = {self.p_value:.2g})."


@public
@dataclass(frozen=True)
class Diagnosis:
    """What `cutaway.doctor` found, the most important first.

    Attributes:
        name: The run or the data.
        findings: Warnings, notes and what is good.
        proofs: What remedies changed, where they were tried.
        not_judged: What could not be judged, and why, a sentence each.
    """

    name: str
    findings: tuple[Finding, ...] = field(repr=False)
    proofs: tuple[Proof, ...] = field(default=(), repr=False)
    not_judged: tuple[str, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        warnings = [each.title for each in self.findings if each.severity == "warning"]
        first = f"; first: {warnings[0]}" if warnings else ""
        count = f"{len(warnings):,} warning{'' if len(warnings) == 1 else 's'}"
        return f"<Diagnosis of {self.name}: {count} in {len(self.findings):,} findings{first}>"

    def records(self) -> Iterator[dict[str, Any]]:
        """A JSON-able record for each finding: its rule and source, and its remedy and its proof where it has them."""
        proofs = {proof.kind: proof for proof in self.proofs}
        for each in self.findings:
            record = each.record()
            if each.kind in proofs:
                proof = asdict(proofs[each.kind])
                record["proof"] = {name: None if value != value else value for name, value in proof.items()}
            yield record

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas DataFrame, one row a finding: kind, severity, title, text, remedy, rule, source and known_as."""
        import pandas

        columns = ("kind", "severity", "title", "text", "remedy", "rule", "source", "known_as")
        return pandas.DataFrame([{name: row[name] for name in columns} for row in self.records()], columns=columns)
