"""How long work reports its progress, and how it is canceled.

A function that works for more than a second takes an ``on_progress`` callable and hands it `Progress` records. Who
draws them (a terminal bar, a notebook, the studio) is decided above, in `cutaway.api`. The same callable is how work is
canceled: where a `CancelToken` is active, it raises `Canceled`, and the work stops after the current step.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from threading import Event, Lock
from types import TracebackType

from cutaway._lazy import public
from cutaway.errors import REQUEST, Canceled


@public
@dataclass(frozen=True)
class Progress:
    """One report of work under way.

    The first report of a task has what was ``done`` before, usually 0. In the last one ``done`` is ``total``, even if
    the work ended earlier than expected: then ``total`` is lowered to it.

    Attributes:
        task: What is being done, in the user's words: "training", "neighbors".
        done: Units of work finished so far.
        total: Units of work in all; 0 if not known.
        unit: Name of one unit, plural: "samples".
        note: A few words on the state, such as "epoch 2/5  loss 0.31".
        seconds_left: Seconds that the rest will take, if a better estimate than the average is known; infinite if
            that is unclear yet.
    """

    task: str
    done: int
    total: int
    unit: str = "steps"
    note: str = ""
    seconds_left: float | None = None

    @property
    def ended(self) -> bool:
        """Whether this is the last report of its task."""
        return 0 < self.total <= self.done


class Pace:
    """How fast work goes lately: the rate over the last half of its time, without the slowest step.

    One step loads and compiles what the others only run. If it counted like them, a report of 80 seconds would have
    2,237 seconds left after the first of 150 embeddings.

    Args:
        done: Units that were done before.
        clock: When it begins, in seconds of any clock.
    """

    STEPS, SHARE = 3, 0.1
    """Fewer steps say something of the others only if they are so much of the whole."""

    def __init__(self, done: float, clock: float) -> None:
        self._begun = clock
        self._moments = deque([(clock, done)], maxlen=1000)

    def take(self, done: float, clock: float) -> None:
        """Note how much is done now."""
        moments = self._moments
        if done > moments[-1][1]:
            moments.append((clock, done))
        while len(moments) > self.STEPS + 1 and moments[1][0] <= (self._begun + clock) / 2:
            moments.popleft()

    def rate(self, total: float) -> float | None:
        """Units of work per second; None if not known yet.

        Args:
            total: Units of work in all.
        """
        steps = [(end - start, after - before) for (start, before), (end, after) in pairwise(self._moments)]
        if len(steps) < self.STEPS:
            first, last = self._moments[0][1], self._moments[-1][1]
            if not steps or last - first < self.SHARE * (total - first):
                return None
        if len(steps) > 1:
            steps.remove(max(steps, key=lambda step: step[0] / step[1]))
        seconds = sum(seconds for seconds, _ in steps)
        return sum(done for _, done in steps) / seconds if seconds > 0 else None


@dataclass(frozen=True)
class ProgressRecord:
    """How far a task is, with its rate and the time left, as a process of jobs sends it.

    Attributes:
        task: As in `Progress`, as are ``done``, ``total``, ``unit`` and ``note``.
        rate: Units of work per second; None if not known yet.
        left: Seconds that the rest will take; None if not known yet.
    """

    task: str
    done: int
    total: int
    unit: str
    note: str
    rate: float | None
    left: float | None


REPORT_SECONDS = 0.2
"""Seconds between two records of one task; its first and its last one are always sent."""


class ProgressReporter:
    """A progress callback that adds rate and time left, and hands reports on a few times a second.

    Args:
        send: Takes each record.
    """

    def __init__(self, send: "Callable[[ProgressRecord], None]") -> None:
        self._send = send
        self._task, self._pace, self._sent = "", Pace(0, 0), 0.0

    def __call__(self, now: Progress) -> None:
        """Take a report."""
        clock = time.monotonic()
        begins = now.task != self._task
        if begins:
            self._task, self._pace = now.task, Pace(now.done, clock)
        self._pace.take(now.done, clock)
        if not begins and clock - self._sent < REPORT_SECONDS and not now.ended:
            return
        self._sent = clock
        rate, left = self._pace.rate(now.total), now.seconds_left
        if left is None and rate and now.total:
            left = (now.total - now.done) / rate
        left = None if left == math.inf else left
        self._send(ProgressRecord(now.task, now.done, now.total, now.unit, now.note, rate, left))


ProgressCallback = Callable[[Progress], None]
"""Takes a `Progress`; an exception that it raises stops the work."""


def ignore_progress(_: Progress) -> None:
    """Take a progress record and do nothing with it."""


@public
class CancelToken:
    """Cancels long work from another thread or a signal handler.

    Work inside ``with token:`` stops soon after ``token.cancel()`` was called, usually within 0.2 s, and raises
    `Canceled`. With a token that was already canceled, it does not start. One token can be used in several threads, and
    canceling it stops the work in all of them; inside several ``with`` blocks, each of the tokens cancels.

    What you keep: a training can be resumed from its last step. A sequence of embeddings keeps the finished ones in the
    cache. A single embedding whose coordinates are already moving raises nothing: you get the coordinates reached so
    far, and `Embedding.canceled` is True. A report keeps the results that are finished. All other work, such as units
    and layer_history, keeps nothing.

    >>> token = CancelToken()
    >>> with token:  # in another thread: token.cancel()
    ...     run = ct.train(model, data)
    """

    def __init__(self) -> None:
        self._event, self._lock = Event(), Lock()
        self._watching = 0

    @property
    def canceled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask the work to stop; safe in any thread and in a signal handler."""
        self._event.set()

    @property
    def watched(self) -> bool:
        """Whether work is under way that will notice `cancel` soon."""
        return self._watching > 0

    @contextmanager
    def watching(self) -> Generator[None]:
        """Say that work is under way that calls `raise_if_canceled` often."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:  # threads may share the token
            self._watching += change

    def raise_if_canceled(self) -> None:
        """Raise if `cancel` was called.

        Raises:
            Canceled: It was.
        """
        if self.canceled:
            raise Canceled(
                "the work was canceled",
                got=REQUEST,
                hint="run it again (in Python, inside a new CancelToken)",
            )

    def __enter__(self) -> "CancelToken":
        _ACTIVE.set((*_ACTIVE.get(), self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _ACTIVE.set(_ACTIVE.get()[:-1])


# Each thread has its own, so that threads can share a token.
_ACTIVE: ContextVar[tuple[CancelToken, ...]] = ContextVar("cutaway_cancel_tokens", default=())


def active_tokens() -> tuple[CancelToken, ...]:
    """Every `CancelToken` whose ``with`` block this thread is in, the outermost first."""
    return _ACTIVE.get()


def raise_if_canceled() -> None:
    """Raise if one of the active tokens was canceled.

    Raises:
        Canceled: It was.
    """
    for token in active_tokens():
        token.raise_if_canceled()
