"""How long work reports its progress, and how it is canceled.

A room that works for more than a second takes an ``on_progress`` callable and hands it `Progress` records. Who draws
them (a terminal bar, a notebook, the studio) is decided above, in `cutaway.api`. The same callable is how work is
canceled: where a `CancelToken` is active, it raises `Canceled`, and the room ends after the step in hand.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from threading import Event
from types import TracebackType

from cutaway.errors import Canceled


@dataclass(frozen=True)
class Progress:
    """One report of work under way.

    Attributes:
        task: What is being done, in the user's words: "training", "neighbors".
        done: Units of work finished so far.
        total: Units of work in all; 0 where nobody can know.
        unit: Name of one unit, plural: "samples".
        note: A few words on the state, such as "epoch 2/5  loss 0.31".
    """

    task: str
    done: int
    total: int
    unit: str = "steps"
    note: str = ""


ProgressCallback = Callable[[Progress], None]
"""Takes a `Progress`; an exception that it raises stops the work."""


def ignore_progress(_: Progress) -> None:
    """Take a progress record and do nothing with it."""


class CancelToken:
    """Cancels long work from another thread or a signal handler.

    Work that starts inside ``with token:`` ends with `Canceled` soon after ``token.cancel()`` was called, usually
    within 0.2 s. What was finished by then is kept: a training can be resumed, an embedding returns the coordinates
    reached so far.

    >>> token = CancelToken()
    >>> with token:  # in another thread: token.cancel()
    ...     run = ct.train(model, data)
    """

    def __init__(self) -> None:
        self._event = Event()
        self._entered: list[Token[CancelToken | None]] = []
        self._watching = 0

    @property
    def canceled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask the work to end; safe in any thread and in a signal handler."""
        self._event.set()

    @property
    def watched(self) -> bool:
        """Whether work is under way that will notice `cancel` soon."""
        return self._watching > 0

    @contextmanager
    def watching(self) -> Generator[None]:
        """Say that work is under way that calls `raise_if_canceled` often."""
        self._watching += 1
        try:
            yield
        finally:
            self._watching -= 1

    def raise_if_canceled(self) -> None:
        """Raise if `cancel` was called.

        Raises:
            Canceled: It was.
        """
        if self.canceled:
            raise Canceled(
                "work goes on until it is done",
                got="a request to cancel it",
                hint="run it again; what was finished is kept",
            )

    def __enter__(self) -> "CancelToken":
        self._entered.append(_ACTIVE.set(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _ACTIVE.reset(self._entered.pop())


_ACTIVE: ContextVar[CancelToken | None] = ContextVar("cutaway_cancel_token", default=None)


def active_token() -> CancelToken | None:
    """The innermost `CancelToken` whose ``with`` block this thread is in, or None."""
    return _ACTIVE.get()
