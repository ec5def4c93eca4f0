"""A single input that gives the label away."""

from collections.abc import Iterable

from cutaway.findings.records import Evidence, Finding, Remedy
from cutaway.metrics import wilson_interval

KIND = "telling-input"
# The best measurement of an honest table is right for at most 95% or so: a petal's width tells 95% of irises.
TELLS = 0.965


def check(evidence: Evidence) -> Iterable[Finding]:
    """Warn of an input that tells the class alone, on samples on which that was not found out."""
    found = evidence.telling
    if found is None:
        return
    low, _ = wilson_interval(found.correct, found.samples)
    if low < TELLS or found.baseline > 0.9:
        return
    name = str(found.input) if evidence.input_names is None else evidence.input_names[found.input]
    what = f"input {name}" if evidence.input_names is None else f'"{name}"'
    text = (
        f"{what[:1].upper()}{what[1:]} alone tells the class of {found.correct:,} of {found.samples:,} samples "
        f"({found.correct / found.samples:.1%}), where the largest class has {found.baseline:.1%}. Check that it is "
        "known before the answer is: otherwise the model is worth nothing on new samples."
    )
    record = {"input": name, "correct": found.correct, "samples": found.samples, "baseline": found.baseline}
    remedy = Remedy(f"leave out {what}", change="drop-inputs", inputs=(found.input,))
    yield Finding(KIND, "warning", "One input gives the label away", text, record, remedy)
