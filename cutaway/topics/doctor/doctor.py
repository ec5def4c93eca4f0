"""The verb `doctor`: findings on a run or on data, and tests of their remedies."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cutaway._lazy import public
from cutaway.api.given_data import as_dataset
from cutaway.api.run import Run
from cutaway.checks import meant
from cutaway.data import (
    Dataset,
    Split,
    Table,
    split_and_prepare,
)
from cutaway.errors import ConfigError, CutawayError, DataError, UnknownNameError, UsageError
from cutaway.execution import check_engine
from cutaway.findings import RULES, Finding, Rule, folded
from cutaway.log import survive
from cutaway.results.progress import ProgressOption, show_progress
from cutaway.topics.findings.evidence import data_findings
from cutaway.topics.findings.evidence import findings as findings_of_run
from cutaway.topics.findings.simpler_models import compare_simpler_models
from cutaway.topics.findings.verdict import pressing, verdict

from .not_checked import not_checked_of_data, not_checked_of_run
from .options import DoctorOptions
from .remedy_tests import try_all
from .result import Diagnosis, RemedyTest


@public
def doctor(
    what: Run | Dataset | Table | str | Path | Any,
    y: Any = None,
    *,
    try_remedies: bool = False,
    seeds: int = 5,
    budget: float | None = None,
    mute: Mapping[str, str] | None = None,
    engine: str | None = None,
    progress: ProgressOption = True,
    **options: Any,
) -> Diagnosis:
    """Say what is wrong with a run or with data, most important first.

    Args:
        what: A `Run`; or data, as in `train`, which are checked for everything that shows before a training.
        y: Labels ``(sample,)``, if `what` are inputs.
        try_remedies: Whether to try the remedy of each warning that has one: the run's model is trained again with it,
            and without it from other seeds, and both are compared on the same samples, by what the finding is about:
            accuracy, balanced accuracy, loss or calibration error. Needs a run made by `train`, except for a
            temperature, which needs no training.
        seeds: Trainings with the remedy and as many without, 1 or more, including the run itself. A remedy helps if the
            means differ by more than a change of seed explains (Welch's test). With 1, the run and one training from
            its seed are compared on their samples, which says nothing about other trainings.
        budget: Start no new test after this many seconds; skipped ones are listed. No limit if None; it is not used on
            an engine.
        mute: Kinds of findings that need no attention, and why. They stay in the answer with that reason, come last,
            their remedies are not tried, and findings that they would explain are shown on their own.
        engine: Where remedies are tried, as in `cutaway.label_issues`; workers read the run's folder.
        progress: True draws bars, False draws nothing, a callable gets `Progress` records.
        options: Options for data by name or path, as `load_dataset` takes them.

    Raises:
        UsageError, DataError: The data cannot be loaded, or there is no such engine.
        ExecutionError: The engine cannot be reached, has other versions, or lost its workers.
    """
    check_engine(engine)
    asked = DoctorOptions(seeds=seeds, budget=budget)
    if isinstance(what, Run):
        with show_progress(progress) as on_progress, survive(__name__, f"comparing {what.path.name}", CutawayError):
            compare_simpler_models(what.context, on_progress=on_progress)
        found = findings_of_run(what.context, layers=lambda: what.layers(progress=progress), muted=mute or {})
        findings = with_mutes(found, mute or {})
        wanted = [each for each in findings if try_remedies and each.remedy and each.warns]
        tests = try_all(what, wanted, seeds=asked.seeds, budget=asked.budget, engine=engine, progress=progress)
        failed = {each.kind for each in tests if each.judgments and not each.helped}
        left = tuple(each for each in findings if each.kind not in failed and each.cause not in failed)
        step = what_helped_most(tests) or dict(verdict(what.context, findings=left).lines())["next"]
        return Diagnosis(what.path.name, findings, tests, not_checked_of_run(what), step)
    with show_progress(progress) as on_progress:
        given = as_dataset(what, y, verb="doctor", on_progress=on_progress, **options)
        split, data = _split(given)
        findings = with_mutes(data_findings(given, data, split, muted=mute or {}), mute or {})
        steps = ("Next: " + each.help for each, _ in pressing(folded(findings)))
        return Diagnosis(data.name, findings, (), not_checked_of_data(what, options), next(steps, ""))


def with_mutes(findings: Sequence[Finding], mute: Mapping[str, str]) -> tuple[Finding, ...]:
    """Findings, with a reason for each one that needs no attention; those come last.

    Raises:
        UnknownNameError: There is no such kind of finding.
    """
    for kind, reason in mute.items():
        rule_of(kind)
        if not reason.strip():
            hint = f'pass mute={{"{kind}": "because ..."}}'
            raise UsageError(f"there is no reason to mute {kind}", hint=hint)
    muted = (dataclasses.replace(each, muted=mute.get(each.kind, "")) for each in findings)
    return tuple(sorted(muted, key=lambda each: bool(each.muted)))


def rule_of(kind: str) -> Rule:
    """What there is to know about a kind of finding.

    Raises:
        UnknownNameError: There is no such kind.
    """
    if kind not in RULES:
        hint = meant(kind, RULES, "cutaway doctor names the kind of each finding")
        raise UnknownNameError(f'no such kind of finding: "{kind}"', hint=hint)
    return RULES[kind]


def what_helped_most(tests: Iterable[RemedyTest]) -> str:
    """The next step if a remedy helped, otherwise ""; a temperature, which changes no answer, comes after others."""
    helped = [each for each in tests if each.helped]
    if not helped:
        return ""
    best = max(helped, key=lambda each: (each.seconds > 0, each.after - each.before))
    is_whole = best.remedy.startswith("train ") or not best.seconds
    return "Next: " + best.remedy + ("." if is_whole else ", and train again.")


def _split(given: Dataset | Table) -> tuple[Split, Dataset]:
    try:
        return split_and_prepare(given)
    except (DataError, ConfigError) as error:
        raise DataError(f"the data cannot be split, so they are not checked: {error.fault}", hint=error.hint) from error
