"""The command that says what is wrong with a run or with data."""

import shlex
from collections.abc import Callable
from typing import Annotated, Any

import typer

from cutaway.errors import UsageError
from cutaway.execution import check_engine
from cutaway.options import typed_options
from cutaway.topics.doctor.options import DoctorOptions, parse_mutes

from .label_issues import data_again, find_run_or_data
from .options import RUN_OR_DATA, DataOption, EngineOption, GivenDataOptions, JsonOption, RunsOption, with_records
from .output import as_typed, print_findings, print_json, say

SERIOUS = 3
"""Exit code of --fail-on; errors have 1 and 2."""

NOTHING_FOUND = "No check found anything that needs attention."


@with_records
def doctor(
    *,
    where: Annotated[str | None, RUN_OR_DATA] = None,
    asked: DoctorOptions,
    data: DataOption = None,
    options: GivenDataOptions,
    runs: RunsOption = "runs",
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is wrong with a run, or with data before a training, and what would help."""
    from cutaway.topics.doctor.doctor import doctor as diagnose
    from cutaway.topics.doctor.doctor import rule_of

    if asked.explain is not None:
        say("\n".join((asked.explain, *rule_of(asked.explain).page)))
        return
    if where is None:
        raise UsageError("doctor needs a run or data", hint="try cutaway doctor latest")
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
        train = f"Next: train on it:  cutaway train {shlex.join([where, *typed_options(options)])}"
        _print(found, asked, _named_again(where, run, data), train=train)
    if asked.fail_on is not None and found.is_as_serious(asked.fail_on):
        raise typer.Exit(SERIOUS)


def _named_again(where: str, run: Any, data: str | None) -> Callable[[str], str]:
    """What writes commands on a run with the name that the user gave it, in the folder where names are looked for."""
    from cutaway.runs import data_option, run_argument

    if run is None:
        return as_typed
    named = run_argument(run.path)
    again = shlex.quote(where if named == run.path.name else named) + data_again(run, data)
    return lambda words: as_typed(words).replace(shlex.quote(named) + data_option(run.path), again)


def _print(found: Any, asked: DoctorOptions, again: Callable[[str], str], *, train: str) -> None:
    print_findings(found.findings, rules=asked.rules)
    if not any(each.warns for each in found.findings):
        say(NOTHING_FOUND)
    for sentence in found.not_judged:
        say(again(sentence))
    say("What a kind of finding means:  cutaway doctor --explain KIND")
    for tested in found.remedy_tests:
        say(
            f"\n{'Tried for' if tested.why is None else 'For'} {tested.kind}: {as_typed(tested.remedy)}. {tested.words}"
        )
    if asked.try_remedies and not found.remedy_tests:
        say("\nNothing was tried: no warning has a remedy that can be tried.")
    say("\n" + (again(found.next_step) or train))
