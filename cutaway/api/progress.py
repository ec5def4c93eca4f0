"""Progress on the user's screen: what ``progress=True`` means."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    else:
        with _bars() as report:
            yield report


@contextmanager
def _bars() -> Iterator[Report]:
    """One bar a task with its share, rate and time left; where stderr is no terminal, a line when a task is done."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(show_speed=False),
        TextColumn("{task.fields[rate]:>16}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    console = Console(file=sys.stderr, stderr=True)
    with Bars(*columns, console=console, refresh_per_second=8) as bars:
        tasks: dict[str, int] = {}

        def report(now: Progress) -> None:
            if now.task not in tasks:
                tasks[now.task] = bars.add_task(now.task, total=now.total or None, rate="", note="")
            task = tasks[now.task]
            speed = bars.tasks[bars.task_ids.index(task)].speed  # type: ignore[arg-type]
            rate = f"{speed:,.0f} {now.unit}/s" if speed and now.total > 1 else ""
            bars.update(task, completed=now.done, total=now.total or None, rate=rate, note=now.note)  # type: ignore[arg-type]

        yield report
