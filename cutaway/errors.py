"""The error tree, drawn once.

    CutawayError
    ├── UsageError (ValueError)          the call was wrong; the command line exits with 2
    │   ├── ConfigError                  a training setting is outside its range
    │   ├── UnknownNameError (KeyError)  a dataset, recipe, layer, run ... of that name does not exist
    │   └── ModelError                   the model cannot be trained or opened here
    ├── DataError (ValueError)           a file or an array of data is damaged or does not fit
    ├── RunError (RuntimeError)          a run folder is damaged or cannot be written
    ├── TrainingError (RuntimeError)     training itself failed
    ├── BackendError (RuntimeError)      Keras runs on a backend that the compiled loop cannot use
    ├── ExecutionError (RuntimeError)    tasks cannot be done there: nobody listens, a worker is lost
    └── Canceled (RuntimeError)          the work was canceled through a `CancelToken`
    CutawayWarning (UserWarning)         nothing failed, but the user should know
    WorkInterrupted (KeyboardInterrupt)  Ctrl-C, or a notebook's stop button, ended work that can go on later

Every message is one line: the fault, what we got if the fault does not show it, and the next step. Every error can be
pickled, so it crosses from one process to another unchanged. What we got may come from someone else's file: control
characters in it are escaped, and it is cut to a length.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

LONGEST = 600
"""Maximum number of characters that a message shows of the fault, of what we got, and of the hint."""


class Hint(str):
    """A text that names options: a `str` in the words of Python, which other doors write in their own.

    ``Hint("try {}", epochs=3)`` is "try epochs=3"; the command line shows "try --epochs 3". What is added to a hint
    with + is kept in the same way.

    Args:
        text: The text with ``{}`` in the place of each option.
        options: The options by name with their values, in their order; None for an option without a value.
    """

    _parts: tuple[str | tuple[str, Any], ...]

    def __new__(cls, text: str, **options: Any) -> "Hint":
        """Put the options into the text."""
        pieces, parts = text.split("{}", len(options)), list[str | tuple[str, Any]]()
        for piece, option in zip(pieces, (*options.items(), ""), strict=True):
            parts += [piece, option]
        return cls._of(tuple(parts))

    @classmethod
    def _of(cls, parts: tuple[str | tuple[str, Any], ...]) -> "Hint":
        said = "".join(each if isinstance(each, str) else _in_python(*each) for each in parts)
        hint = super().__new__(cls, escaped(said))
        hint._parts = parts
        return hint

    def __add__(self, other: str) -> "Hint":
        return Hint._of((*self._parts, *_parts_of(other)))

    def __radd__(self, other: str) -> "Hint":
        return Hint._of((*_parts_of(other), *self._parts))

    def __reduce__(self) -> tuple[Any, ...]:
        return Hint._of, (self._parts,)

    def written(self, option: Callable[[str, Any], str]) -> str:
        """The text with each option as a function of its name and its value writes it."""
        return "".join(each if isinstance(each, str) else option(*each) for each in self._parts)


def install_hint(extra: str) -> str:
    """How to install an extra.

    cutaway is not published: by its name alone, pip would install the package of a stranger.
    """
    from importlib.metadata import version

    wheel = f"dist/cutaway-{version('cutaway')}-py3-none-any.whl"
    return f'run pip install -e ".[{extra}]" in the folder of cutaway, or pip install "{wheel}[{extra}]"'


def _parts_of(text: str) -> tuple[str | tuple[str, Any], ...]:
    return text._parts if isinstance(text, Hint) else (text,)


def _in_python(name: str, value: Any) -> str:
    if value is None or value is ...:
        return f"{name}={'' if value is None else '...'}"
    return f"{name}=" + (f'"{value}"' if isinstance(value, str) and '"' not in value else repr(value))


class CutawayError(Exception):
    """Base of all errors that a user of cutaway can cause.

    Args:
        rule: The fault, as a clause: 'no such folder: "x"', or "dropout must be at least 0 and below 1".
        got: What we got instead, as a noun phrase: "1.5"; empty if the fault shows it.
        hint: The next step for the user, as an imperative; a `Hint` if it names options.
    """

    exit_code = 1

    def __init__(self, rule: str, *, got: str = "", hint: str = "") -> None:
        self.rule, self.got, self.hint = rule, got, hint
        parts = (printable(rule), got and f"got {printable(got)}", hint and f"next: {printable(hint)}")
        super().__init__("; ".join(filter(None, parts)))

    @property
    def fault(self) -> str:
        """The message without the next step."""
        return f"{self.rule}; got {self.got}" if self.got else self.rule

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.rule, self.got, self.hint), self.__dict__


def printable(text: str, most: int = LONGEST) -> str:
    r"""Text of unknown origin as one line that is safe to print.

    Args:
        text: It may hold line ends, escape sequences of a terminal, or halves of surrogate pairs.
        most: Characters to keep; a longer text ends in "…".

    Returns:
        The text with each run of white space as one space, and every other character that cannot be printed as its
        escape, such as ``\x1b``.
    """
    line = " ".join(text[: 4 * most].split())
    shown = escaped(line[: most + 1])
    return shown if len(shown) <= most and len(text) <= 4 * most else f"{shown[: most - 1]}…"


def escaped(text: str) -> str:
    r"""Text of unknown origin whose lines are safe to print, as in `printable`, but whole and with its line ends.

    Args:
        text: See `printable`.

    Returns:
        The text with other white space as a space each, and every other character that cannot be printed as its escape.
    """
    if text.isprintable():
        return text
    return "".join(map(_escaped_character, text))


def _escaped_character(c: str) -> str:
    if c.isprintable() or c == "\n":
        return c
    return " " if c.isspace() else c.encode("unicode_escape").decode("ascii")


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out: Python's MemoryError, or XLA's, which has no class of its own."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and str(error).startswith("RESOURCE_EXHAUSTED")
    )


def _rebuild(kind: type[CutawayError], rule: str, got: str, hint: str) -> CutawayError:
    """Rebuild a pickled error: pickle itself passes no keyword arguments."""
    return kind(rule, got=got, hint=hint)


class UsageError(CutawayError, ValueError):
    """The call was wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A training setting is outside its range."""


class UnknownNameError(UsageError, KeyError):
    """Nothing of that name exists. It is also a KeyError, as for a missing key of a dictionary."""

    __str__ = Exception.__str__  # KeyError would put the message in quotes


class ModelError(UsageError):
    """The model cannot be trained or opened here."""


class DataError(CutawayError, ValueError):
    """A file or an array of data is damaged or does not fit."""


class RunError(CutawayError, RuntimeError):
    """A run folder is damaged or cannot be written."""


class TrainingError(CutawayError, RuntimeError):
    """Training itself failed."""


class BackendError(CutawayError, RuntimeError):
    """Keras runs on a backend that the compiled loop cannot use."""


class ExecutionError(CutawayError, RuntimeError):
    """Tasks cannot be done on the engine that was named."""


REQUEST = "a request to cancel it"
"""What every `Canceled` got; words on when it came, and on what is kept, follow."""


class Canceled(CutawayError, RuntimeError):
    """The work was canceled through a `CancelToken`.

    A training keeps everything up to its last step and can be resumed; other work keeps what it has cached by then.
    """

    exit_code = 130  # of a program that Ctrl-C ended: 128 + SIGINT


class WorkInterrupted(KeyboardInterrupt):
    """Ctrl-C, or the stop button of a notebook, ended work that can be continued; the message says how.

    Args:
        kept: What is kept: "epochs 1 to 3 are kept".
        hint: The next step for the user, as an imperative.
    """

    def __init__(self, kept: str, hint: str) -> None:
        super().__init__(f"{printable(kept)}; next: {printable(hint)}")
        self.kept, self.hint = kept, hint

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.kept, self.hint)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback of a hundred lines."""
        return [f"KeyboardInterrupt: {self}"]


class CutawayWarning(UserWarning):
    """Nothing failed, but the user should know: one line."""


@contextmanager
def os_errors(rule: str, *, hint: str, kind: type[CutawayError] = RunError) -> Generator[None]:
    """Turn what the system refuses inside into one line, such as ``cannot read PATH: Permission denied``.

    Args:
        rule: What cannot be done.
        hint: See `CutawayError`.
        kind: The error that is raised.
    """
    try:
        yield
    except OSError as error:
        raise kind(f"{rule}: {error.strerror or error}", hint=hint) from error
