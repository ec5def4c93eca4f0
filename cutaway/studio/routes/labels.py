"""Decisions on labels: each is kept in the folder of its run as soon as it is made."""

import contextlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from cutaway.data import Decision
from cutaway.errors import DataError, UnknownNameError
from cutaway.jobs import read_part
from cutaway.runs import RunFolder, labels_path
from cutaway.topics.label_issues.decisions import append_decisions, read_all, take_back_decision

from .given import GivenPerson, GivenWorkspace, RunId

router = APIRouter(prefix="/api")

Action = Literal["keep", "relabel", "drop"]
Number = Annotated[int, Field(ge=0, le=2**31)]


class Said(BaseModel, extra="forbid"):
    """What is decided on a label: what to do, and the number of the new class."""

    action: Action
    label: Number | None = None


class NewDecision(BaseModel, extra="forbid"):
    """A decision on a label of a sheet, as a page makes it.

    Attributes:
        key: Key of the result with the sheet.
        index: Place of the label issue on it.
        now: The decision; None to take back the last one.
        before: The last decision as the page shows it; None for none.
    """

    key: Annotated[str, Field(max_length=64)]
    index: Number
    now: Said | None
    before: Said | None


@router.get("/runs/{run}/decisions")
def decisions(run: RunId, workspace: GivenWorkspace) -> dict[str, Any]:
    """The last decision on each sample, in order: its name, what to do, and the number of the new class.

    And when they were changed last, in seconds since 1970; 0 if nobody has decided.
    """
    path = workspace.index.path(run)
    changed = 0.0
    with contextlib.suppress(FileNotFoundError):  # nothing was decided
        changed = labels_path(path).stat().st_mtime
    numbers = {name: number for number, name in enumerate(RunFolder.open(path).manifest.dataset.class_names)}
    last = {each.sample: each for each in read_all(path)}
    return {
        "decisions": [
            {"sample": each.sample, "action": each.action, "label": None if each.label is None else numbers[each.label]}
            for each in last.values()
            if each.label is None or each.label in numbers
        ],
        "changed": changed,
    }


@router.post("/runs/{run}/decisions")
def decide(run: RunId, new: NewDecision, workspace: GivenWorkspace, person: GivenPerson) -> dict[str, Any]:
    """Keep a decision, unless somebody has decided otherwise since the page was made."""
    path = workspace.index.path(run)
    names = RunFolder.open(path).manifest.dataset.class_names
    sheet = _sheet(read_part(new.key, "label_issues"))
    issues: list[Any] = sheet["issues"]
    if new.index >= len(issues):
        raise UnknownNameError(f"the sheet has no label {new.index}", hint="load the page again")
    sample = str(issues[new.index]["sample"])

    def check(known: tuple[Decision, ...]) -> None:
        since = [each for each in known[sheet["decisions"] :] if each.sample == sample]
        if since and new.before != _said(since[-1], names):
            raise DataError(
                f"{sample} was decided meanwhile: {since[-1].action}"
                f"{f' to {since[-1].label}' if since[-1].label else ''}",
                hint="the page shows it now: decide once more",
            )

    if new.now is not None:
        decision = Decision(sample, new.now.action, _class(new.now, names), by=person.name)
        append_decisions(path, [decision], check=check)
    elif new.before is not None:
        take_back_decision(path, Decision(sample, new.before.action, _class(new.before, names)), check=check)
    workspace.hub.send("decisions", {"run": run})
    return {"decisions": len(read_all(path))}


def _sheet(part: Any) -> dict[str, Any]:
    """The record of a sheet among the results.

    Raises:
        UnknownNameError: It is not there any more.
    """
    sheets: list[Any] = [] if part is None else part.document["sheets"]
    if not sheets:
        raise UnknownNameError("the label is not on the sheet any more", hint="load the page again")
    return sheets[0]


def _said(decision: Decision, names: tuple[str, ...]) -> Said:
    label = None if decision.label is None or decision.label not in names else names.index(decision.label)
    return Said(action=decision.action, label=label)


def _class(said: Said, names: tuple[str, ...]) -> str | None:
    if said.label is None:
        return None
    if said.label >= len(names):
        raise UnknownNameError(f"the data has no class {said.label}", hint="load the page again")
    return names[said.label]
