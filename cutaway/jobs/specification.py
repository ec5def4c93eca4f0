"""What every specification of a job has; the kinds of jobs are in `specifications`."""

import hashlib
import importlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from .job_context import JobContext
from .queues import QueueName

CACHE_VERSION = 2
"""Number of the way in which parts are made and kept; those of another one are made again."""

DIED = "The process that computes ended: {reason}. Next: try again."

Name = Annotated[str, Field(max_length=255)]
Text = Annotated[str, Field(max_length=4096)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Setting = bool | int | Number | Text | None
Settings = Annotated[dict[Text, Setting | dict[int, Number]], Field(max_length=40)]
"""Settings as in `cutaway.train`; class weights are "balanced" or a weight for each number of a class."""

RunTitle = Annotated[str, Field(max_length=200)]
Option = Setting | Annotated[list[Text], Field(max_length=20_000)]
Options = Annotated[dict[Text, Option], Field(max_length=40)]
"""Options of data, as in `cutaway.load_dataset`."""


class Specification(BaseModel):
    """What a job is to do; each has a ``kind``, which says what it is.

    Attributes:
        queue: Where it waits, and which process runs it.
        priority: Of several that wait, the one with the lowest number is first; a running one gives way to a lower one.
        writes: Whether only people who may write into the folder of runs can ask for it: it trains, or reads data.
        module: Name of the module whose function ``run(specification, context)`` does it, in a process of the queue.
        answer_seconds: How long an answer to whoever asks for it waits for its end.
        died: What is said when its process ends in the middle of it, with ``{reason}``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    queue: ClassVar[QueueName] = "view"
    priority: ClassVar[int] = 1
    writes: ClassVar[bool] = False
    module: ClassVar[str] = ""
    answer_seconds: ClassVar[float] = 0.0
    died: ClassVar[str] = DIED

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of the runs that it reads."""
        return ()

    def inputs(self, folder: Path) -> list[Any]:
        """What changes when the content of what it reads does, JSON-able.

        Nothing by default, also of a job on one run: only what a page shows has the signatures of its runs.

        Args:
            folder: The folder of runs.

        Raises:
            RunError: A run cannot be read.
        """
        return []

    def home(self, folder: Path, starter: Path) -> Path:
        """The folder whose name decides the result: equal copies of runs that everybody has may share one.

        Args:
            folder: The folder of runs.
            starter: That of the one who started the studio.
        """
        return folder

    def run_in(self, context: JobContext) -> Any:
        """Do it in this process and thread, and return its result, JSON-able, or None."""
        return importlib.import_module(self.module).run(self, context)

    def key(self, folder: Path, starter: Path | None = None) -> str:
        """The digest of all that decides the result, 32 hexadecimal digits.

        Args:
            folder: The folder of runs.
            starter: That of the one who started the studio, if it is another one.

        Raises:
            RunError: A run cannot be read.
        """
        home = str(self.home(folder, starter or folder))
        decides = [CACHE_VERSION, version("cutaway"), home, self.model_dump(mode="json"), self.inputs(folder)]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:32]


class OfRun(Specification):
    """A job on one run.

    Attributes:
        run: Id of the run.
    """

    run: Name

    @property
    def runs(self) -> tuple[str, ...]:
        """Its id."""
        return (self.run,)
