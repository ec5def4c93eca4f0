"""The decisions of a person on labels of a run's data: labels.csv in its folder, to which lines are only added."""

import dataclasses
import getpass
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cutaway.context import RunContext
from cutaway.data import Decision, check_decisions, decide, join_ids, read_decisions, write_decisions
from cutaway.errors import DataError, Hint, os_errors
from cutaway.runs import changing, labels_path, regular_file, write_atomic
from cutaway.words import shown

Check = Callable[[tuple[Decision, ...]], None]


def _accept(_: tuple[Decision, ...]) -> None:
    """Any decisions."""


def decisions_of(context: RunContext) -> tuple[Decision, ...]:
    """The decisions in the folder of a run, in their order; of several on one sample, the last counts.

    Raises:
        DataError, UsageError: The file is damaged.
    """
    return read_all(context.path)


def read_all(run: Path) -> tuple[Decision, ...]:
    """As `decisions_of`, of a run folder.

    Raises:
        DataError, UsageError: The file is damaged.
        RunError: It is a link out of the folder, or no file.
    """
    path = labels_path(run)
    return read_decisions(regular_file(path, run=run)) if os.path.lexists(path) else ()


def add_decisions(context: RunContext, decisions: Decision | Sequence[Decision]) -> Path:
    """Add decisions to those in the folder of a run; nothing in its labels.csv is ever changed.

    Args:
        context: The run.
        decisions: They get the name of the user and the time, if they have none.

    Returns:
        The path of labels.csv.

    Raises:
        UsageError: They are not decisions.
        UnknownNameError, DataError: There is no such sample or class, or labels.csv has other columns.
        RunError: The folder cannot be written.
    """
    # a place in a split, such as val[7], is a place in the source in every later training
    decisions = [dataclasses.replace(each, sample=_place(context, each.sample)) for each in check_decisions(decisions)]
    decide(context.loaded, decisions)  # refuses what cannot be applied
    return append_decisions(context.path, decisions)


def append_decisions(run: Path, decisions: Sequence[Decision], *, check: Check = _accept) -> Path:
    """Add decisions on samples and classes that are known to be there; as `add_decisions`, without its data.

    Args:
        run: The run folder.
        decisions: They get the name of the user and the time, if they have none.
        check: Called with the decisions so far while nobody else can add one; an error that it raises ends it.

    Raises:
        DataError: labels.csv is damaged, or has other columns.
        RunError: The folder cannot be written.
    """
    path, now = labels_path(run), datetime.now(UTC).isoformat(timespec="seconds")
    signed = [dataclasses.replace(each, by=each.by or _user(), when=each.when or now) for each in decisions]
    text = write_decisions(signed)
    with _changing(path):
        check(read_all(run))  # nothing is added to a damaged file, or to a folder
        before = path.read_bytes() if path.exists() else b""
        if before:
            _check_header(before, text, path)
            text = text.split("\n", 1)[1]
            before += b"" if before.endswith(b"\n") else b"\n"
        write_atomic(path, before + text.encode())
    return path


@contextmanager
def _changing(path: Path) -> Generator[None]:
    with (
        os_errors(f"cannot save the decision in {path}", hint="free some space, or make the folder writable"),
        changing(path),
    ):
        yield


def take_back_decision(run: Path, decision: Decision, *, check: Check = _accept) -> None:
    """Take back the last decision in the folder of a run: the one thing that is ever taken out of its labels.csv.

    Args:
        run: The run folder.
        decision: What the last row must say, whoever wrote it.
        check: See `append_decisions`.

    Raises:
        DataError: The last row says something else, or the file is damaged.
        RunError: The folder cannot be written.
    """
    path = labels_path(run)
    with _changing(path):
        found = read_all(run)
        check(found)
        last = found[-1] if found else None
        if last is None or (last.sample, last.action, last.label) != (decision.sample, decision.action, decision.label):
            raise DataError(
                f"there is a later decision, on {last.sample}" if last else "there is no decision to undo",
                hint="decide once more: the last decision on a sample counts",
            )
        text, row = path.read_bytes(), write_decisions([last]).split("\n", 1)[1].encode()
        if not text.endswith(row):
            raise DataError(
                f"cannot undo: another program has saved {path}",
                hint="decide once more: the last decision on a sample counts",
            )
        write_atomic(path, text.removesuffix(row))


def count_held_out(context: RunContext, names: Sequence[str]) -> int:
    """How many of these samples are held out, as validation or test samples.

    Raises:
        UnknownNameError: There is no such sample, or there are several.
    """
    if not names:
        return 0
    held = join_ids([context.split.part(part) for part in ("val", "test")])
    return int(join_ids([context.sample(name) for name in names]).isin(held).sum())


def _check_header(before: bytes, text: str, path: Path) -> None:
    """Lines are added only to a file with the same columns, which a spreadsheet may have saved in another form."""
    found, ours = before.split(b"\n", 1)[0].decode("utf-8-sig", "replace"), text.split("\n", 1)[0]
    if found.replace('"', "").strip() != ours:
        raise DataError(
            f"cannot add a decision to {path}: its first line should be {ours}",
            got=shown(found.strip()),
            hint=Hint(
                "save it as CSV with commas and these columns, or pass it with {} as it is and delete it here",
                labels=None,
            ),
        )


def _place(context: RunContext, name: str) -> str:
    """The name of a row as it is, or the place of the sample if it is named by a file or its place in a split."""
    found = context.sample(name)
    return name if name in context.named(found).columns()["sample"] else found.places()[0]


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in a container
        return ""
