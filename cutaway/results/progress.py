"""Progress on the user's screen: what ``progress=True`` means."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from math import inf
from typing import Any, cast

from cutaway.checks import check_flag
from cutaway.progress import Pace, Progress, ProgressCallback, active_tokens, ignore_progress, raise_if_canceled

ProgressOption = bool | Callable[[Progress], None]
"""True draws bars on stderr (or in the notebook), False draws nothing, a callable gets the `Progress` records."""

# Seconds between two drawings of a notebook's lines.
REDRAW = 0.2


@contextmanager
def show_progress(progress: ProgressOption) -> Generator[ProgressCallback]:
    """Turn the user's ``progress=`` into a callback for the packages below, for as long as the work goes on.

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
            for token in tokens:  # of the thread that asked for the work
                token.raise_if_canceled()

        for token in tokens:
            stack.enter_context(token.watching())
        yield on_progress


class _Stderr:
    """Standard error as a place for progress alone: that nobody reads it, or that its disk is full, ends no work.

    It is the stream that was there at first: bars put their own in its place, which keeps the output of others above.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        self._stream: Any = sys.stderr

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError, AttributeError):  # ValueError: closed; AttributeError: there is none
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):  # as above
            self._stream.flush()

    def isatty(self) -> bool:
        with suppress(OSError, ValueError, AttributeError):  # as above
            return self._stream.isatty()
        return False

    def fileno(self) -> int:
        return self._stream.fileno()


@contextmanager
def _drawing(progress: ProgressOption) -> Generator[ProgressCallback]:
    if callable(progress):
        yield progress
    elif not check_flag(progress, name="progress, unless it is a function,"):
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


class _Pace:
    """How fast one task goes: told of its reports, says how far it is."""

    def __init__(self, first: Progress) -> None:
        self.first = self.done = first.done
        self.begun = self.changed = time.perf_counter()
        self.pace = Pace(first.done, self.begun)

    def words(self, now: Progress) -> str:
        """The whole and its seconds, or the share, the rate, and the seconds left at that rate."""
        clock = time.perf_counter()
        if now.done != self.done:
            self.done, self.changed = now.done, clock
            self.pace.take(now.done, clock)
        if now.ended:
            return f"{now.done - self.first:,} {now.unit} in {clock - self.begun:.1f} s"
        if not now.total:
            return f"{now.done:,} {now.unit}"
        words, left = [f"{100 * now.done // now.total}%"], now.seconds_left
        rate = self.pace.rate(now.total)
        if rate is not None:
            if now.seconds_left is None:  # between two reports of progress the seconds are counted down
                left = max((now.total - now.done) / rate - (clock - self.changed), 0)
            words.append(f"{rate:,.0f}/s" if rate >= 1 else f"{1 / rate:.1f} s each")
        return ", ".join(words if left is None or left == inf else [*words, f"{left:,.0f} s left"])


class _Tasks:
    """The paces of tasks by name; a task that is reported after it ended begins again."""

    def __init__(self) -> None:
        self._paces: dict[str, _Pace] = {}

    def begins(self, now: Progress) -> bool:
        """Whether this is the first report of a task, or the first since it ended."""
        return now.task not in self._paces

    def words(self, now: Progress) -> str:
        """How far a task is."""
        words = self._paces.setdefault(now.task, _Pace(now)).words(now)
        if now.ended:
            del self._paces[now.task]
        return words


def _lines() -> ProgressCallback:
    """A line on stderr when a task is done: for logs and pipes, where a moving bar makes no sense."""
    tasks = _Tasks()

    def on_progress(now: Progress) -> None:
        words = tasks.words(now)
        if now.ended:
            _Stderr().write(f"{now.task}: {words}{f'  {now.note}' if now.note else ''}\n")

    return on_progress


def _cell() -> ProgressCallback:
    """Lines below a notebook's cell, one for each task, updated as it goes on, without widgets."""
    from IPython.display import display  # pyright: ignore[reportUnknownVariableType]

    tasks = _Tasks()
    lines: dict[str, str] = {}
    shown: list[Any] = []
    spoken = float("-inf")

    def on_progress(now: Progress) -> None:
        nonlocal spoken
        lines[now.task] = f"{now.task}: {tasks.words(now)}{f'  {now.note}' if now.note else ''}"
        clock = time.perf_counter()
        if not now.ended and clock - spoken < REDRAW:
            return
        spoken = clock
        text = {"text/plain": "\n".join(lines.values())}
        if shown:
            shown[0].update(text, raw=True)
        else:
            shown.append(display(text, raw=True, display_id=True))

    return on_progress


@contextmanager
def _bars() -> Generator[ProgressCallback]:
    """One bar per task with its share, rate and time left, and its units and seconds once it is done."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars
    from rich.table import Column

    # One column that takes the rest: a long note of one task is cut, and no number of another one.
    rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=8),
        TextColumn("{task.fields[words]} {task.fields[note]}", markup=False, table_column=rest),
    )
    with Bars(*columns, console=Console(file=cast(Any, _Stderr())), refresh_per_second=8, expand=True) as bars:
        tasks, shown = _Tasks(), dict[str, Any]()

        def on_progress(now: Progress) -> None:
            if now.task not in shown:
                shown[now.task] = bars.add_task(now.task, total=now.total or None, words="", note="")
            elif tasks.begins(now):
                bars.reset(shown[now.task])
            words, total = tasks.words(now), now.total or None
            bars.update(shown[now.task], completed=now.done, total=total, words=words, note=now.note)

        yield on_progress
