"""Checks of arguments and files before any work begins, and warnings about them."""

import difflib
import errno
import math
import operator
import os
import re
import stat
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from cutaway.errors import CutawayWarning, DataError, Hint, UnknownNameError, UsageError, printable
from cutaway.words import listed, shown

if TYPE_CHECKING:
    import numpy as np

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep

# Beyond this, squares of float32 values overflow, and distances and covariances mean nothing.
LARGEST = 1e30

LONGEST_NAME = 1_000
"""Characters of the name of a dataset, a class or a column at most: run.json holds no longer ones."""

SURROGATES = re.compile("[\ud800-\udfff]")


def as_array(value: Any, *, what: str) -> "np.ndarray":
    """View a value as a NumPy array.

    Raises:
        DataError: The value is ragged or has masked entries.
    """
    import numpy as np  # here, because commands check their options without it

    try:
        values = np.asarray(value)
    except ValueError:
        raise DataError(f"{what} have rows of different lengths", hint="pad or truncate the rows") from None
    if np.ma.is_masked(value):
        raise DataError(f"{what} are a masked array", hint="fill in or drop the masked entries")
    return values


def check_matrix(values: "np.ndarray", *, name: str) -> "np.ndarray":
    """Return ``values`` as float32 (sample, unit).

    Args:
        values: The matrix.
        name: A name for its values, for errors.

    Raises:
        DataError: It is empty, not two-dimensional or not of real numbers, or a value in it is not finite.
    """
    import numpy as np

    array = as_array(values, what=name)
    if array.ndim != 2 or array.size == 0:
        raise DataError(
            f"{name} must be a nonempty matrix (sample, unit), got the shape {array.shape}",
            hint="flatten each sample to one row, for example with reshape(len(h), -1)",
        )
    if array.dtype.kind not in "fiu":
        raise DataError(f"{name} must be real numbers, got the type {array.dtype}", hint="convert them to float32")
    # NaN fails the comparison as well; minimum and maximum need no second array of the same size
    if not max(float(array.max()), -float(array.min())) <= LARGEST:
        row, column = np.argwhere(~(np.abs(array.astype(np.float64)) <= LARGEST))[0]
        raise DataError(
            f"{name} must be finite and within ±{LARGEST:g}",
            got=f"{array[row, column]} at sample {row}, unit {column}",
            hint="check for a layer or an epoch whose weights are not finite, or leave these samples out",
        )
    return array.astype(np.float32, copy=False)


def whole_number(text: str) -> int | None:
    """The whole number that a text is; None for any other text, and for more digits than any of our numbers has."""
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else None


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number, of Python or of NumPy, and not True or False."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_whole(value: int, *, name: str, least: int | None = None, most: int | None = None) -> int:
    """Return ``value`` as an int.

    Raises:
        UsageError: It is not a whole number of 64 bits from ``least`` to ``most``; None is no limit.
    """
    if (
        not is_whole(value)
        or abs(value) >= 2**63
        or (least is not None and value < least)
        or (most is not None and value > most)
    ):
        span = "" if least is None else f" from {least:,} up" if most is None else f" from {least:,} to {most:,}"
        raise UsageError(f"{name} must be a whole number{span}, got {shown(value)}")
    return int(value)


LIMITS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "least": (operator.ge, "at least"),
    "above": (operator.gt, "above"),
    "most": (operator.le, "at most"),
    "below": (operator.lt, "below"),
}
"""Limits of numbers by name: what holds for a number and the limit, and how it is put into words."""


def limits_in_words(limits: Mapping[str, float]) -> str:
    """Limits of a number as text: "above 0 and at most 1"."""
    return listed([f"{LIMITS[each][1]} {limit:g}" for each, limit in limits.items()])


def check_number(value: Any, *, name: str, **limits: float) -> float:
    """Return ``value`` as a float.

    Args:
        value: The value.
        name: A name for it, for errors.
        limits: What it must be, by the names of `LIMITS`.

    Raises:
        UsageError: It is not a finite number within the limits.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    is_too_long = is_whole(value) and abs(value) >= LARGEST  # more digits than a float has
    number = float(value) if is_number and not is_too_long else math.nan
    if not math.isfinite(number) or not all(LIMITS[each][0](number, limit) for each, limit in limits.items()):
        raise UsageError(f"{name} must be a finite number, {limits_in_words(limits)}, got {shown(value)}")
    return number


def check_choice(value: Any, *, name: str, choices: Collection[str]) -> str:
    """Return ``value``, which is one of some names.

    Raises:
        UnknownNameError: It is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise UnknownNameError(
            f"{name} must be one of {', '.join(choices)}",
            got=shown(value),
            hint=meant(value, choices, Hint("pass for example {}", **{name: next(iter(choices))})),
        )
    return value


def check_flag(value: Any, *, name: str) -> bool:
    """Return a truth value as a bool.

    Raises:
        UsageError: It is none.
    """
    if type(value).__name__ not in ("bool", "bool_"):  # or NumPy's bool
        raise UsageError(f"{name} must be true or false, got {shown(value)}")
    return bool(value)


def check_each(values: Any, *, name: str, check: Callable[..., Any], least: int = 0) -> tuple[Any, ...]:
    """Return several values, or a single one, as a tuple.

    Args:
        values: The values, or one of them.
        name: A name for them, for errors.
        check: Checks one, called as ``check(value, name=name)``.
        least: How many there must be.

    Raises:
        UsageError: One of them is wrong, or there are too few.
    """
    given = [values] if isinstance(values, str) or not isinstance(values, Iterable) else values
    several = tuple(check(each, name=name) for each in given)
    if len(several) < least:
        raise UsageError(f"{name} must hold at least {least}, got {len(several)}")
    return several


def check_names(names: Iterable[object], *, what: str, hint: str) -> None:
    """Check that names can be kept in a run folder.

    Raises:
        UsageError: One is not text, is longer than `LONGEST_NAME` characters, or holds half of a surrogate pair, which
            no file in UTF-8 can hold.
    """
    for name in names:
        if not isinstance(name, str) or len(name) > LONGEST_NAME or SURROGATES.search(name):
            raise UsageError(
                f"{what} must be text of at most {LONGEST_NAME:,} characters that UTF-8 can write, got {shown(name)}",
                hint=hint,
            )


def check_seed(seed: Any, *, name: str = "seed") -> int:
    """Return ``seed`` as an int.

    Raises:
        UsageError: It is not a whole number of 32 bits, as scikit-learn requires.
    """
    return check_whole(seed, name=name, least=0, most=2**32 - 1)


def _similar(name: object, known: Iterable[str]) -> str | None:
    """The known name that is most like a misspelled or shortened one, in any case of its letters, or None.

    A name is shortened to its beginning, such as "acc", or to the first letters of its words, such as "lr".
    """
    wanted = str(name).casefold() if isinstance(name, str | os.PathLike) else ""
    folded = {each.casefold(): each for each in reversed(list(known))}
    near = difflib.get_close_matches(wanted, folded, n=1)
    short = (each for each in reversed(folded) if wanted and (each.startswith(wanted) or _initials(each) == wanted))
    return folded[near[0]] if near else next((folded[each] for each in short), None)


def _initials(name: str) -> str:
    return "".join(word[:1] for word in re.split(r"[\W_]+", name))


def meant(name: object, known: Iterable[str], otherwise: str = "choose one of these") -> str:
    """The next step for a name that does not exist: the known name that is most like it, or else `otherwise`."""
    similar = _similar(name, known)
    return f'did you mean "{similar}"?' if similar else otherwise


def check_perplexity(perplexity: Any, *, name: str = "perplexity") -> Any:
    """Return a perplexity as a float, or several as a tuple of them.

    Raises:
        UsageError: There is none, or one is not a finite number from 1 up.
    """
    several = check_each(perplexity, name=name, check=partial(check_number, least=1), least=1)
    return several[0] if len(several) == 1 else several


def required(first: Mapping[str, Any]) -> str:
    """The requirement in one of the errors of pydantic, to follow a name: "must be greater than 0".

    Args:
        first: An entry of ``ValidationError.errors()``.
    """
    if first["type"] == "extra_forbidden":
        return "must not be there"
    said = re.sub(r"^(\w+ should|Value error, must) ", "must ", first["msg"])
    return said if said.startswith("must ") else f"must be valid ({said})"


def wrong_part(first: Mapping[str, Any], *, skip: int = 0) -> str:
    """The wrong part of a record, as a noun phrase: '"low" of "x", which must be a valid number'.

    Args:
        first: An entry of ``ValidationError.errors()``.
        skip: Parts of its place that are left out at the beginning.
    """
    place = ".".join(map(str, first["loc"][skip:]))
    if first["type"] == "missing":
        return f'no "{place}"'
    got = shown(first["input"])
    return f'"{place}" of {got}, which {required(first)}' if place else got


def check_path(value: Any, *, name: str) -> Path:
    """Return the path of a file or a folder.

    Raises:
        UsageError: It is something else, or holds a zero byte, as no path does.
    """
    if not isinstance(value, str | os.PathLike) or "\0" in str(value):
        raise UsageError(f"{name} must be a path, not {shown(value)}", hint="pass text or a pathlib.Path")
    return Path(value)


def check_regular(path: Path) -> None:
    """Refuse a pipe, a socket, a device or a folder in the place of a file: reading a pipe waits until somebody writes.

    Raises:
        DataError: It is one; whatever is wrong with a file, or that there is none, whoever reads it says.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise DataError(f"{path} is {file_kind(os.stat(path).st_mode)}, not a file", hint="copy the data into a file")


def open_regular(path: Path, flags: int, *, mode: int = 0o600) -> int:
    """Open a regular file without following a link and without waiting at a pipe; return its descriptor.

    Args:
        path: The file.
        flags: See `os.open`.
        mode: Permissions of a new file, less the umask.

    Raises:
        OSError: It cannot be opened, or is a link or of another kind.
    """
    for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # Windows has the last one only
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags, mode)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "a symbolic link in the place of a file", str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no regular file in the place of one", str(path))
    return descriptor


def read_regular(path: Path) -> bytes:
    """Read a file as `open_regular` opens it.

    Raises:
        OSError: See `open_regular`.
    """
    with open(open_regular(path, os.O_RDONLY), "rb") as file:
        return file.read()


def file_state(path: object) -> tuple[int, int, int] | None:
    """Size, time of the last change and inode of a file or folder; None if there is none."""
    try:
        status = os.stat(str(path))
    except (OSError, ValueError):  # reading it says why
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def folder_mark(folder: Path) -> object:
    """What stays with a folder that is moved, its device and inode; its path while there is no such folder."""
    try:
        status = os.stat(folder)
    except OSError:  # a folder that does not exist yet is known by its path
        return str(folder)
    return [status.st_dev, status.st_ino]


def check_unchanged(states: Mapping[Path, object]) -> None:
    """Refuse files that were written or replaced since they were opened: old and new rows would be mixed.

    Args:
        states: What `file_state` returned for each file before it was opened.

    Raises:
        DataError: One was.
    """
    for file, state in states.items():
        if file_state(file) != state:
            raise DataError(f"{file} changed while it was read", hint="load it again once nobody writes it")


def file_kind(mode: int) -> str:
    """The kind of a file, in words, by the ``st_mode`` of its state."""
    kinds = {
        stat.S_IFREG: "a regular file",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")


def refuse_text(value: Any) -> Any:
    """Return a value that pydantic is to read as a number, and refuse text and True, which it would convert.

    Raises:
        ValueError: It is text or a truth value.
    """
    import numpy as np

    if isinstance(value, str | bytes | bool | np.bool_):
        raise ValueError("not text or a truth value")
    return value


def warn_user(message: str) -> None:
    """Warn with a `CutawayWarning` that points at the line of the user's own code.

    Not at one of this package, nor at one of Keras, whose ``fit`` calls the recorder.

    Args:
        message: One line; a `Hint` if it names options.
    """
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and (
        os.path.abspath(frame.f_code.co_filename).startswith(PACKAGE)
        or str(frame.f_globals.get("__name__")).startswith("keras.")
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(CutawayWarning(message if isinstance(message, Hint) else printable(message)), stacklevel=level)
