"""What short trainings measured before a training, as `cutaway preflight --train` keeps it: in words, and a section."""

from collections.abc import Mapping
from typing import Any

from cutaway.cache import CachedResult, cached
from cutaway.page import Section, Table
from cutaway.topics.common.source import ReportSource


def in_words(measured: Mapping[str, float]) -> tuple[dict[str, str], ...]:
    """What was measured, a row for each value."""
    return tuple({"Measured": name.replace("_", " "), "Value": f"{each:.4g}"} for name, each in measured.items())


def kept_trainings(*plan: Any, judged_on: str | None, **_: Any) -> CachedResult:
    """What was measured for a plan: a specification, the settings, and the digest of the samples to judge it on."""
    return cached("short-trainings", plan, judged_on, method=2)


def short_trainings(source: ReportSource) -> Section | None:
    """What was measured before with the same data, model and settings; nothing is trained here."""
    context = source.context
    if not context.opens:
        return None
    manifest = context.manifest
    found = kept_trainings(context.spec, manifest.config, judged_on=manifest.judged_on).read()
    lead = "The model, trained for seconds before the training. Losses are of other samples, except for batch and free."
    return found and Table(name="short", title="Short trainings", lead=lead, rows=in_words(found))
