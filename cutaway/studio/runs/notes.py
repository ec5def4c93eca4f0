"""What a person wrote to a run: a title, tags, a note. It is in the run folder, so that it moves with it."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cutaway.errors import RunError
from cutaway.runs import write_atomic

NOTES = "notes.json"
BYTES = 100_000

Tag = Annotated[str, Field(min_length=1, max_length=60)]


class Notes(BaseModel):
    """What a person wrote.

    Attributes:
        title: What they call the run; "" for the name of its folder.
        tags: Words to find it by.
        note: Anything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[str, Field(max_length=200)] = ""
    tags: Annotated[tuple[Tag, ...], Field(max_length=30)] = ()
    note: Annotated[str, Field(max_length=20_000)] = ""


def read_notes(run: Path) -> Notes:
    """The notes in a run folder; empty where there are none, or none that can be read."""
    file = run / NOTES
    try:
        if not file.is_file() or file.stat().st_size > BYTES:
            return Notes()
        return Notes.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return Notes()


def write_notes(run: Path, notes: Notes) -> None:
    """Write the notes of a run.

    Raises:
        RunError: The folder cannot be written.
    """
    try:
        write_atomic(run / NOTES, json.dumps(notes.model_dump(), ensure_ascii=False, indent=2).encode() + b"\n")
    except OSError as error:
        raise RunError(
            "notes are kept in the folder of the run, which must be one that can be written",
            got=f"{error.strerror or error}: {run.name}",
            hint="check the permissions of the folder and the free space on the disk",
        ) from error
