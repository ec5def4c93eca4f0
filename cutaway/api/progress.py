"""Progress on the user's screen: what ``progress=True`` means."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cutaway.progress import Progress, Report, silent

ProgressOption = bool | Callable[[Progress], None]
"""True draws bars on stderr (or in the notebook), False is silent, a callable gets the `Progress` records."""


@contextmanager
def reporting(progress: ProgressOption) -> Iterator[Report]:
    """Turn the user's ``progress=`` into a `Report` for the rooms below, for as long as the work goes on."""
    if callable(progress):
        yield progress
    elif not progress:
        yield silent
    elif sys.stderr.isatty() or "ipykernel" in sys.modules:
        with _bars() as report:
            yield report
    else:
        yield _lines()


def _lines() -> Report:
    """A line on stderr when a task is done: for logs and pipes, where a moving bar makes no sense."""
    begun: dict[str, float] = {}

    def report(now: Progress) -> None:
        start = begun.setdefault(now.task, time.perf_counter())
        if now.done >= now.total:
            seconds = time.perf_counter() - start
            note = f"  {now.note}" if now.note else ""
            sys.stderr.write(f"{now.task}: {now.done:,} {now.unit} in {seconds:.1f} s{note}\n")
            del begun[now.task]

    return report


@contextmanager
def _bars() -> Iterator[Report]:
    """One bar a task with its share, rate and time left."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("left", style="dim"),
        TextColumn("{task.fields[note]}"),
    )
    with Bars(*columns, console=Console(file=sys.stderr), refresh_per_second=8) as bars:
        tasks: dict[str, Any] = {}

        def report(now: Progress) -> None:
            if now.task not in tasks:
                tasks[now.task] = bars.add_task(now.task, total=now.total or None, rate="", note="")
            task = tasks[now.task]
            speed = next(t.finished_speed or t.speed for t in bars.tasks if t.id == task)
            rate = f"{speed:,.0f}/s" if speed and now.total > 1 else ""
            bars.update(task, completed=now.done, total=now.total or None, rate=rate, note=now.note)

        yield report
