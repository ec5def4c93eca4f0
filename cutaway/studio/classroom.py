"""The class page of a studio's owner: everybody's progress, handing out runs, and finished tasks."""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from cutaway.checks import read_regular
from cutaway.errors import RunError, os_errors, printable
from cutaway.jobs import Trainings
from cutaway.runs import changing, write_atomic

from .settings import Person
from .uploads import STALE
from .workspace import Workspace

TASKS_FILE = "playground-tasks.json"
"""The tasks of all people, in the folder of the studio's owner."""

TASKS = 20
"""Tasks of one person at most; the playground has fewer."""

TASKS_BYTES = 1 << 24

GIVEN = ".given-"
"""The beginning of the names of unfinished copies; the next copy removes those that a killed server left."""

ERRORS = 5
"""Maximum number of errors of one person that are reported."""


class DoneTask(BaseModel, extra="forbid"):
    """A task of the playground that somebody has done.

    Attributes:
        name: Its name.
        when: The time by the clock of their machine, as ISO 8601 has it.
        address: The settings of the playground at that moment, as in its address.
        step: The step of training at that moment.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,39}$")]
    when: Annotated[str, StringConstraints(pattern=r"^[0-9TZ:.+-]{1,40}$")]
    address: Annotated[str, StringConstraints(pattern=r"^[!-~]{0,800}$")] = ""
    step: Annotated[int, Field(ge=0, le=10**9)] = 0

    def fields(self) -> dict[str, Any]:
        """All but the name, as plain data."""
        return self.model_dump(exclude={"name"})


class DoneTasks:
    """Who has done which tasks, kept in a file.

    Args:
        folder: The folder of runs of the studio's owner.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / TASKS_FILE

    def everybody(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The tasks that people have done, by person and then by name.

        Raises:
            RunError: The file cannot be read, or is damaged.
        """
        try:
            if not self._file.exists():
                return {}
            if self._file.stat().st_size > TASKS_BYTES:
                raise ValueError(f"more than {TASKS_BYTES:,} bytes")
            everybody = json.loads(read_regular(self._file))
            return {
                str(person): {name: DoneTask(name=name, **done).fields() for name, done in own.items()}
                for person, own in everybody.items()
            }
        except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
            raise RunError(f"{TASKS_FILE} is damaged: {error}", hint="move it away") from error

    def add(self, person: str, task: DoneTask) -> dict[str, dict[str, Any]]:
        """Note a task that somebody has done; the first time counts. Returns all of theirs.

        Raises:
            RunError: The file cannot be written, or is damaged.
        """
        hint = "check the space on the disk and the permissions of the folder"
        with (
            os_errors(f"cannot write {self._file.name}, where finished tasks are noted", hint=hint),
            changing(self._file),
        ):
            everybody = self.everybody()
            own = everybody.setdefault(person, {})
            if task.name not in own and len(own) < TASKS:
                own[task.name] = task.fields()
                write_atomic(self._file, json.dumps(everybody, indent=1).encode(), mode=0o600)
            return own


def class_rows(
    people: Sequence[Person], workspaces: Mapping[str, Workspace], *, trainings: Trainings, tasks: DoneTasks
) -> list[dict[str, Any]]:
    """The progress of everybody who has their own folder, or has done a task.

    Returns:
        For each person ``name``; ``own``, whether they have a folder of their own; and ``tasks``, those that are done,
        by name. With a folder of their own also ``runs``, how many there are by their state, without
        those that were handed out; ``last``, the newest run
        that can be read; ``best``, the highest test accuracy; ``training``, jobs that wait or run, with their place in
        the queue; and ``errors``, why runs and jobs failed, at most five.
    """
    done = tasks.everybody()
    given = {row["id"] for row in workspaces[""].index.rows()}  # copies of these are the teacher's work
    return [
        _class_row(person, workspaces[person.name], trainings=trainings, given=given, done=done.get(person.name, {}))
        for person in people
    ]


def _class_row(
    person: Person, workspace: Workspace, *, trainings: Trainings, given: set[str], done: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    if not person.writes:  # they look at the runs of the owner, which say nothing about them
        return {"name": person.name, "own": False, "tasks": done}
    runs = [row for row in workspace.index.rows() if row["id"] not in given]
    jobs = trainings.rows(workspace.trainings)
    tested = [accuracy for row in runs if (accuracy := (row.get("test") or {}).get("accuracy")) is not None]
    last = next((row for row in runs if row["state"] != "damaged"), None)
    failed = [row for row in (*reversed(jobs), *runs) if row["state"] in ("failed", "died", "damaged")][:ERRORS]
    return {
        "name": person.name,
        "own": True,
        "runs": Counter(row["state"] for row in runs),
        "last": last and {name: last[name] for name in ("id", "title", "called", "state", "data", "created")},
        "best": max(tested, default=None),
        "training": [
            {name: row.get(name) for name in ("state", "place", "waiting", "starts_in")}
            for row in jobs
            if row["state"] in ("queued", "starting", "running")
        ],
        "errors": [printable(str(row.get("error") or row.get("why") or row["state"])) for row in failed],
        "tasks": done,
    }


def hand_out(run: Path, people: Sequence[Person]) -> dict[str, int]:
    """Copy a run into the folder of everybody with their own one.

    Args:
        run: Its folder. It is not copied to whoever has a run of this name already.
        people: All but the owner, who hands it out.

    Returns:
        ``given``, how many got a copy; ``had``, how many had one already.

    Raises:
        RunError: A copy cannot be written; those before it are whole.
    """
    given = had = 0
    for person in people:
        if not person.writes:
            continue
        target = person.runs / run.name
        if target.exists():
            had += 1
            continue
        try:
            # a name with a dot is no run: a copy that is interrupted is not shown
            for stray in person.runs.glob(f"{GIVEN}*"):
                if time.time() - stray.lstat().st_mtime > STALE:
                    shutil.rmtree(stray, ignore_errors=True)
            with TemporaryDirectory(prefix=GIVEN, dir=person.runs) as folder:
                shutil.copytree(run, Path(folder) / run.name, ignore=_left_out).rename(target)
        except (OSError, shutil.Error) as error:
            if target.exists():  # somebody else handed it out at this moment
                had += 1
                continue
            raise RunError(
                f"cannot copy the run for {person.name}, after {given} copies: {_why(error)}",
                hint="check the space on the disk, then hand it out again",
            ) from error
        given += 1
    return {"given": given, "had": had}


def _left_out(folder: str, names: list[str]) -> set[str]:
    """Names to leave out of a copy: links, which may lead out of the run."""
    return {name for name in names if os.path.islink(os.path.join(folder, name))}


def _why(error: OSError) -> str:
    """The first reason of an error of `shutil.copytree`, which may have one for each file."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        return str(error.args[0][0][-1])
    return str(error.strerror or error)


def run_bytes(run: Path) -> int:
    """How many bytes the files of a run take, links left out."""
    return sum(file.stat().st_size for file in run.rglob("*") if file.is_file() and not file.is_symlink())
