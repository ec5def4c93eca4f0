"""What a person wrote to a run: a title, tags, a note. It is in the run folder, so that it moves with it."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from cutaway.errors import RunError
from cutaway.runs import changing, check_own, read_bytes, read_json, write_atomic

NOTES = "notes.json"
BYTES = 200_000
MOVE = "move the file away"

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^,\r\n]+$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class Notes(BaseModel):
    """What a person wrote.

    Attributes:
        title: What they call the run; "" for the name of its folder.
        tags: Words to find it by, each once; without commas, which separate them where they are typed.
        note: Anything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Title = ""
    tags: Annotated[tuple[Tag, ...], Field(max_length=30)] = ()
    note: Annotated[str, Field(max_length=20_000)] = ""

    @field_validator("tags")
    @classmethod
    def _once(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(tags))


def read_notes(run: Path) -> Notes:
    """The notes in a run folder: those fields that can be read."""
    try:
        record = _record(run)
    except (OSError, RunError):
        return Notes()
    return Notes.model_validate({name: record[name] for name in Notes.model_fields if _is_valid(name, record)})


def _record(run: Path) -> dict[str, Any]:
    """What the file holds, also fields of other versions; nothing where there is none.

    Raises:
        OSError, RunError: It cannot be read, or is damaged.
    """
    try:
        record = read_json(read_bytes(run / NOTES, run=run, limit=BYTES), where=f"{run.name}/{NOTES}", hint=MOVE)
    except FileNotFoundError:
        return {}
    if not isinstance(record, dict):
        raise RunError("notes of a run are one JSON object", got=f"something else in {run.name}/{NOTES}", hint=MOVE)
    return record  # pyright: ignore[reportUnknownVariableType]


def _is_valid(name: str, record: dict[str, Any]) -> bool:
    try:
        Notes.model_validate({name: record[name]})
    except (KeyError, ValidationError):
        return False
    return True


def change_notes(run: Path, changed: Notes) -> None:
    """Write those fields of the notes of a run that are given; the others, also of other versions, stay as they are.

    Args:
        run: The folder of the run.
        changed: Only fields that it was made with count.

    Raises:
        RunError: The folder cannot be written, or the file is a link, or damaged: what it holds is not written over.
    """
    check_own(run.parent, Path(run.name) / NOTES)
    given = changed.model_dump(include=changed.model_fields_set)
    try:
        with changing(run / NOTES):  # two people may write different fields simultaneously
            notes = Notes().model_dump() | _record(run) | given
            text = json.dumps(notes, ensure_ascii=False, indent=2)
            # half of a surrogate pair becomes the escape of JSON that it was
            write_atomic(run / NOTES, text.encode(errors="backslashreplace") + b"\n")
    except OSError as error:
        raise RunError(
            "notes are kept in the folder of the run, which must be one that can be written",
            got=f"{error.strerror or error}: {run.name}",
            hint="check the permissions of the folder and the free space on the disk",
        ) from error
