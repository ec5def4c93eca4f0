"""Progress on the user's screen: what ``progress=True`` means."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, cast

from cutaway.progress import Progress, ProgressCallback, active_tokens, ignore_progress, raise_if_canceled

ProgressOption = bool | Callable[[Progress], None]
"""True draws bars on stderr (or in the notebook), False draws nothing, a callable gets the `Progress` records."""

# Seconds between two drawings of a notebook's lines.
REDRAW = 0.2


@contextmanager
def show_progress(progress: ProgressOption) -> Generator[ProgressCallback]:
    """Turn the user's ``progress=`` into a callback for the rooms below, for as long as the work goes on.

    The callback raises `Canceled` once one of the active `CancelToken`s was canceled.

    Raises:
        Canceled: One of them was canceled before: the work does not start.
    """
    raise_if_canceled()
    tokens = active_tokens()
    with ExitStack() as stack:
        draw = stack.enter_context(_drawing(progress))
        if not tokens:
            yield draw
            return

        def on_progress(now: Progress) -> None:
            draw(now)
            for token in tokens:  # those of the thread that asked for the work
                token.raise_if_canceled()

        for token in tokens:
            stack.enter_context(token.watching())
        yield on_progress


class _Stderr:
    """Standard error as a place for progress alone: that nobody reads it, or that its disk is full, ends no work."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError, AttributeError):  # ValueError: closed; AttributeError: there is none
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()

    def isatty(self) -> bool:
        with suppress(OSError, ValueError, AttributeError):
            return sys.stderr.isatty()
        return False

    def fileno(self) -> int:
        return sys.stderr.fileno()


@contextmanager
def _drawing(progress: ProgressOption) -> Generator[ProgressCallback]:
    if callable(progress):
        yield progress
    elif not progress:
        yield ignore_progress
    elif _in_notebook():
        yield _cell()
    elif _Stderr().isatty():
        with _bars() as on_progress:
            yield on_progress
    else:
        yield _lines()


def _in_notebook() -> bool:
    """Whether this code runs in the kernel of a notebook; that ipykernel is loaded says nothing."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None


def _lines() -> ProgressCallback:
    """A line on stderr when a task is done: for logs and pipes, where a moving bar makes no sense."""
    begun: dict[str, float] = {}

    def on_progress(now: Progress) -> None:
        start = begun.setdefault(now.task, time.perf_counter())
        if now.done >= now.total:
            seconds = time.perf_counter() - start
            note = f"  {now.note}" if now.note else ""
            _Stderr().write(f"{now.task}: {now.done:,} {now.unit} in {seconds:.1f} s{note}\n")
            del begun[now.task]

    return on_progress


def _cell() -> ProgressCallback:
    """Lines below a notebook's cell, one for each task, updated as it goes on, without widgets."""
    from IPython.display import display  # pyright: ignore[reportUnknownVariableType]

    lines: dict[str, str] = {}
    begun: dict[str, float] = {}
    shown: list[Any] = []
    spoken = float("-inf")

    def on_progress(now: Progress) -> None:
        nonlocal spoken
        clock = time.perf_counter()
        seconds = clock - begun.setdefault(now.task, clock)
        lines[now.task] = f"{now.task}: {_words(now, seconds)}{f'  {now.note}' if now.note else ''}"
        if now.done < now.total and clock - spoken < REDRAW:
            return
        spoken = clock
        text = {"text/plain": "\n".join(lines.values())}
        if now.done >= now.total:
            del begun[now.task]
        if shown:
            shown[0].update(text, raw=True)
        else:
            shown.append(display(text, raw=True, display_id=True))

    return on_progress


def _words(now: Progress, seconds: float) -> str:
    """How far a task is: the whole and its seconds, or the share, the rate and the seconds left."""
    if now.done >= now.total:
        return f"{now.done:,} {now.unit} in {seconds:.1f} s"
    share = f"{100 * now.done // now.total}%"
    if not now.done or not seconds:
        return share
    return f"{share}, {now.done / seconds:,.0f} a second, {seconds * (now.total - now.done) / now.done:.0f} s left"


@contextmanager
def _bars() -> Generator[ProgressCallback]:
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
    with Bars(*columns, console=Console(file=cast(Any, _Stderr())), refresh_per_second=8) as bars:
        tasks: dict[str, Any] = {}

        def on_progress(now: Progress) -> None:
            if now.task not in tasks:
                tasks[now.task] = bars.add_task(now.task, total=now.total or None, rate="", note="")
            task = tasks[now.task]
            speed = next(t.finished_speed or t.speed for t in bars.tasks if t.id == task)
            rate = f"{speed:,.0f}/s" if speed and now.total > 1 else ""
            bars.update(task, completed=now.done, total=now.total or None, rate=rate, note=now.note)

        yield on_progress
