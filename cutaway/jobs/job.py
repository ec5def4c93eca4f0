"""A job that pages wait for, how it stands, and a process that runs some."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from cutaway.parallel import RunnerProcess

from .queues import QueueName
from .specification import Specification

State = Literal["waiting", "running", "done", "failed", "canceled"]
Callback = Callable[[str, Any], None]


@dataclass(frozen=True)
class JobState:
    """How a job stands, as a page is told.

    Attributes:
        key: Key of the job and its result.
        state: "waiting", "running", "done", "failed" or "canceled".
        parts: Names of the parts that are in the store, or the heads of frames.
        progress: A `cutaway.progress.ProgressRecord` as JSON, or None.
        error: Why it failed, or None.
        result: What came out, of jobs that have no parts; otherwise None.
    """

    key: str
    state: State
    parts: list[Any] = field(default_factory=list[Any])
    progress: dict[str, Any] | None = None
    error: str | None = None
    result: Any = None


@dataclass(eq=False)
class Job:
    """Something that pages wait for.

    Attributes:
        key: Key of its result.
        specification: What to do.
        folder: Folder of the runs.
        callbacks: For each folder in which somebody waits, what tells the pages that show it.
        queue: Where it waits.
        pages: The pages that wait, each after its person and a slash, and when each asked last.
        state: How it stands.
        progress: How far it is, or None.
        error: Why it failed, or None.
        result: What came out, or None.
        process: Which process runs it, or None.
        is_moved: Whether it is being stopped for something more urgent, and then waits again.
        asked: When it was first asked for.
        begun: When it was begun; infinite before.
        turn: When whoever waits was served last before it was begun.
    """

    key: str
    specification: Specification
    folder: Path
    callbacks: dict[Path, Callback]
    queue: QueueName
    pages: dict[str, float] = field(default_factory=dict[str, float])
    state: State = "waiting"
    progress: dict[str, Any] | None = None
    error: str | None = None
    result: Any = None
    process: "JobProcess | None" = None
    is_moved: bool = False
    asked: float = -math.inf
    begun: float = math.inf
    turn: float = math.inf

    @property
    def people(self) -> set[str]:
        """Who waits."""
        return {page.partition("/")[0] for page in self.pages}

    def order(self, served: float) -> tuple[bool, float, int]:
        """What decides which job is done first: that with the lowest.

        Args:
            served: When whoever waits for it was served last.
        """
        return self.specification.priority > 0, served, self.specification.priority

    def as_state(self, parts: Sequence[Any] = ()) -> JobState:
        """How it stands, with the parts that are there."""
        return JobState(self.key, self.state, list(parts), self.progress, self.error, self.result)

    def notify(self, **more: Any) -> None:
        """Tell the pages, all but a result, which they ask for."""
        state = {name: value for name, value in asdict(self.as_state()).items() if name not in ("parts", "result")}
        what = {"kind": self.specification.model_dump()["kind"], "run": next(iter(self.specification.runs), None)}
        for callback in self.callbacks.values():
            callback("job", {**state, **what, **more})


@dataclass(eq=False)
class JobProcess:
    """One process of a queue, which comes and goes.

    Attributes:
        runner: The process; None while there is none.
        jobs: What it runs.
        begun: When its last job began.
        load_at: When it is loaded ahead of any job; infinite for never.
        needed_until: When it ends, if it has no job.
        is_stopping: Whether it is being ended: until its end is seen, it begins with nothing.
    """

    runner: RunnerProcess | None = None
    jobs: list[Job] = field(default_factory=list[Job])
    begun: float = -math.inf
    load_at: float = math.inf
    needed_until: float = 0.0
    is_stopping: bool = False
