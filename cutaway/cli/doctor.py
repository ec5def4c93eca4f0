"""The command that says what is wrong with a run or with data."""

import shlex
from typing import Annotated, Any

import typer

from cutaway.errors import UsageError
from cutaway.execution import check_engine
from cutaway.options import typed_options
from cutaway.topics.doctor.options import DoctorOptions, parse_mutes

from .label_issues import data_again, find_run_or_data
from .options import DataOption, EngineOption, GivenDataOptions, JsonOption, RunsOption, with_records
from .output import as_typed, print_findings, print_json, say

SERIOUS = 3
"""Exit code of --fail-on; errors have 1 and 2."""


@with_records
def doctor(
    *,
    where: Annotated[
        str, typer.Argument(metavar="RUN|DATA", help="A run, or a dataset's name (see: cutaway datasets) or a path.")
    ],
    asked: DoctorOptions,
    data: DataOption = None,
    options: GivenDataOptions,
    runs: RunsOption = "runs",
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is wrong with a run, or with data before a training, and what would help."""
    from cutaway.topics.doctor.doctor import doctor as diagnose

    check_engine(engine)
    mute = parse_mutes(asked.mute)
    run = find_run_or_data(where, runs=runs, data=data)
    if run is not None:
        tests = {"try_remedies": asked.try_remedies, "seeds": asked.seeds, "budget": asked.budget}
        found = diagnose(run, mute=mute, engine=engine, **tests)
    else:
        if asked.try_remedies:
            raise UsageError(f"cannot try remedies on {where}: it is data, not a run", hint="train on it first")
        found = diagnose(where, mute=mute, **options)
    if as_json:
        print_json(found.to_json())
    else:
        _print(found, where, run, asked, options, data)
    if asked.fail_on is not None and found.is_as_serious(asked.fail_on):
        raise typer.Exit(SERIOUS)


def _print(found: Any, where: str, run: Any, asked: DoctorOptions, options: dict[str, Any], data: str | None) -> None:
    print_findings(found.findings, rules=asked.rules)
    if not any(each.severity == "warning" and not each.muted for each in found.findings):
        say("No check found anything that needs attention.")
    for sentence in found.not_judged:
        say(sentence)
    for tested in found.remedy_tests:
        say(
            f"\n{'Tried for' if tested.why is None else 'For'} {tested.kind}: {as_typed(tested.remedy)}. {tested.words}"
        )
    if asked.try_remedies and not found.remedy_tests:
        say("\nNothing was tried: no warning has a remedy that can be tried.")
    more, helped = data_again(run, data), _what_helped_most(found)
    if run is None:
        say(f"\nNext: train on it:  cutaway train {shlex.join([where, *typed_options(options)])}")
    elif not asked.try_remedies and any(
        each.can_be_tried(trained=run.context.manifest.origin == "training") for each in found.findings
    ):
        say(f"\nNext: try what would help:  cutaway doctor {shlex.quote(where)}{more} --try")
    elif helped:
        say(f"\nNext: {helped}")
    else:
        say(f"\nNext: look at its mistakes:  cutaway report {shlex.quote(where)}{more}")


def _what_helped_most(found: Any) -> str:
    """The remedy whose training helped most, a sentence; "" if none did. A temperature needs no other training."""
    helped = [each for each in found.remedy_tests if each.helped and each.seconds]
    if not helped:
        return ""
    best = max(helped, key=lambda each: each.after - each.before)
    finding = next((each for each in found.findings if each.kind == best.kind and each.remedy is not None), None)
    if finding is not None and finding.advice and not finding.remedy.settings:  # it names ways, where no option does it
        return str(finding.advice)
    return f"{as_typed(best.remedy)}{'' if best.remedy.startswith('train ') else ', and train again'}."
