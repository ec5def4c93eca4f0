"""Digits that the people of a studio have drawn: a file for each person, and data sets of all of them.

The files are in the folder of runs of the one who started the studio. That of a person is an .npz file with
``x_train``, uint8 (digit, 28, 28), ink white on black as in MNIST, and ``y_train``, uint8 (digit,), so that
`cutaway.load_dataset` reads it. Data sets are .npz files as well, and hold no names.
"""

import hashlib
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cutaway.data import read_npz
from cutaway.errors import CutawayError, RunError, UnknownNameError, UsageError, printable
from cutaway.runs import changing, check_own, names_in, regular_file, write_atomic

from .signatures import file_signature

DIGITS = Path(".studio") / "digits"
"""Where the files of people are, below the runs."""

DATA_SETS = Path(".studio") / "class-data"
"""Where data sets of their digits are, below the runs."""

MOST = 100
"""Digits of one person."""

MOST_SETS = 20
"""Data sets; one with MNIST takes 47 MB."""

PEOPLE = 500
"""Files of people that are read at most."""

SIDE = 28
BYTES = 1 << 20
HELD_OUT = 0.2
"""Share of the people whose digits are the test samples of a data set."""

LEAST_OF_EACH, LEAST_IN_MEAN = 3, 5
"""How often a digit is among training samples, so that a training can take validation and test samples from them."""

STARTER = "_"
"""What the file of the one who started the studio is called: the names of others begin with a letter or a digit."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Digits of one person, or of several, in the order in which they were drawn.

    Attributes:
        pixels: uint8 (digit, 28, 28), 0 for paper and 255 for ink.
        labels: uint8 (digit,), from 0 to 9.
    """

    pixels: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, pixels: bytes = b"", labels: bytes = b"") -> "Digits":
        """Digits from their bytes, one after another."""
        return cls(np.frombuffer(pixels, np.uint8).reshape(-1, SIDE, SIDE), np.frombuffer(labels, np.uint8))

    @classmethod
    def join(cls, parts: "Iterable[Digits]") -> "Digits":
        """Digits one after another."""
        every = [cls.of(), *parts]
        return cls(np.concatenate([each.pixels for each in every]), np.concatenate([each.labels for each in every]))

    def __len__(self) -> int:
        return len(self.labels)

    def names(self) -> list[str]:
        """A name for each digit, which is of its pixels and its label: 16 hexadecimal digits."""
        pairs = zip(self.pixels, self.labels, strict=True)
        return [hashlib.sha256(bytes([label]) + pixels.tobytes()).hexdigest()[:16] for pixels, label in pairs]

    def shuffled(self) -> "Digits":
        """The same in a random order, another one each time."""
        order = np.random.default_rng().permutation(len(self))
        return Digits(self.pixels[order], self.labels[order])

    def without(self, place: int) -> "Digits":
        """All but one of them."""
        return Digits(np.delete(self.pixels, place, axis=0), np.delete(self.labels, place))


class ClassDigits:
    """The digits that people have drawn, in a folder of runs.

    Args:
        runs: The folder of runs of the one who started the studio.
    """

    def __init__(self, runs: Path) -> None:
        self._runs = runs

    def people(self) -> list[str]:
        """Who has drawn digits, by name; of the one who started the studio the name is "".

        Raises:
            RunError: The folder cannot be read, or is a link.
        """
        check_own(self._runs, DIGITS)
        try:
            files = names_in(self._runs / DIGITS, files=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unusable(error) from error
        stems = [name.removesuffix(".npz") for name in files if name.endswith(".npz")][:PEOPLE]
        return sorted("" if stem == STARTER else stem for stem in stems)

    def signature(self) -> list[object]:
        """What changes when somebody draws a digit or one is removed: JSON-able.

        Raises:
            RunError: The folder cannot be read, or is a link.
        """
        return [[person, file_signature(self._file(person))] for person in self.people()]

    def read(self, person: str) -> Digits:
        """The digits of a person; none where there is no file.

        Raises:
            RunError: Their file is damaged.
        """
        file = self._file(person)
        try:
            arrays = read_npz(regular_file(file, run=self._runs, limit=BYTES), limit=BYTES)
            return _checked(arrays["x_train"], arrays["y_train"])
        except FileNotFoundError:
            return Digits.of()
        except (OSError, ValueError, CutawayError) as error:
            why = error.got if isinstance(error, CutawayError) else str(error)
            raise RunError(
                f"{file.name} holds digits as the studio wrote them",
                got=printable(f"a damaged file, {why}".replace(str(file), file.name)),
                hint=f"move it out of {DIGITS}",
            ) from error

    def readable(self) -> tuple[dict[str, Digits], dict[str, str]]:
        """The digits of all people whose files can be read, and for the others why not.

        Raises:
            RunError: The folder cannot be read.
        """
        found, problems = dict[str, Digits](), dict[str, str]()
        for person in self.people():
            try:
                found[person] = self.read(person)
            except RunError as error:
                problems[person] = str(error)
        return found, problems

    def add(self, person: str, pixels: bytes, label: int) -> Digits:
        """Add a digit to those of a person, and return all of theirs.

        Raises:
            UsageError: It is not a picture of 28 x 28 pixels with ink, its label is not one of the classes, or they
                have drawn enough.
            RunError: Their file is damaged, or cannot be written.
        """
        if len(pixels) != SIDE * SIDE or not any(pixels) or not 0 <= label <= 9:
            raise UsageError(
                f"a digit is {SIDE} x {SIDE} pixels with ink, and a number from 0 to 9",
                got=f"{len(pixels):,} bytes{'' if any(pixels) else ' without ink'} for {label}",
                hint="load the page again",
            )
        with self._changing(person):
            known = self.read(person)
            if len(known) >= MOST:
                raise UsageError(
                    f"a person gives at most {MOST} digits", got="one more", hint="take the last one back, or stop here"
                )
            return self._write(person, Digits.join([known, Digits.of(pixels, bytes([label]))]))

    def take_back(self, person: str) -> Digits:
        """Remove the digit that a person has drawn last, and return those that are left.

        Raises:
            RunError: Their file is damaged, or cannot be written.
        """
        with self._changing(person):
            known = self.read(person)
            return self._write(person, known.without(len(known) - 1)) if len(known) else known

    def remove(self, person: str, name: str) -> Digits:
        """Remove a digit of a person, and return those that are left.

        Args:
            person: Whose it is.
            name: See `Digits.names`.

        Raises:
            UnknownNameError: There is no such digit.
            RunError: Their file is damaged, or cannot be written.
        """
        known = Digits.of()
        if person in self.people():
            with self._changing(person):
                known = self.read(person)
                if name in known.names():
                    return self._write(person, known.without(known.names().index(name)))
        raise UnknownNameError(
            "a digit is one of those that are shown", got=f'"{name:.40}"', hint="load the page again"
        )

    def _file(self, person: str) -> Path:
        return self._runs / DIGITS / f"{person or STARTER}.npz"

    @contextmanager
    def _changing(self, person: str) -> Iterator[None]:
        check_own(self._runs, DIGITS)
        try:
            (self._runs / DIGITS).mkdir(parents=True, exist_ok=True)
            with changing(self._file(person)):
                yield
        except OSError as error:
            raise _unusable(error) from error

    def _write(self, person: str, digits: Digits) -> Digits:
        file = self._file(person)
        if len(digits):
            write_atomic(file, _packed({"x_train": digits.pixels, "y_train": digits.labels}), mode=0o600)
        else:
            file.unlink()
        return digits


def data_set(people: Mapping[str, Digits]) -> tuple[dict[str, np.ndarray], int]:
    """The digits of a class as a data set: those of a fifth of the people, and nobody else's, are the test samples.

    So accuracy on them is that on handwriting that the model has never seen. Which people these are is decided by a
    digest of the names, so that it stays as it is when somebody joins, as far as that is possible. The digits of each
    part are shuffled, so that nobody can tell from a data set where those of one person begin.

    Args:
        people: The digits of each person.

    Returns:
        "x_train" and "y_train", and of two people or more "x_test" and "y_test"; and the number of people whose digits
        are the test.

    Raises:
        UsageError: There are no digits, or those of the test have a label that no others have.
    """
    given = {name: digits for name, digits in people.items() if len(digits)}
    if not given:
        raise UsageError("a data set of digits holds some", got="none", hint="draw some on the page of digits")
    order = sorted(given, key=lambda name: hashlib.sha256(name.encode()).digest())
    held_out = math.ceil(HELD_OUT * len(order)) if len(order) > 1 else 0
    parts = (order[:held_out], order[held_out:])
    test, train = (Digits.join(given[name] for name in part).shuffled() for part in parts)
    arrays = {"x_train": train.pixels, "y_train": train.labels}
    if not held_out:
        return arrays, 0
    return arrays | {"x_test": test.pixels, "y_test": test.labels}, held_out


def check_learnable(arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse a data set that cannot be split further, or whose test has what is not among its training samples.

    Validation samples, and without a test also test samples, are taken from the training samples: some of each label.

    Raises:
        UsageError: It is one.
    """
    trained, counts = np.unique(arrays["y_train"], return_counts=True)
    unknown = np.setdiff1d(arrays.get("y_test", trained), trained)
    if len(unknown):
        got = f"no {unknown[0]} among them"
    elif len(trained) < 2 or counts.min() < LEAST_OF_EACH:
        got = f"{counts.min()} times {trained[counts.argmin()]} among {len(trained)} digits that differ"
    elif counts.mean() < LEAST_IN_MEAN:
        got = f"{counts.sum()} in all"
    else:
        return
    raise UsageError(
        f"the training samples have two digits or more, each {LEAST_OF_EACH} times, {LEAST_IN_MEAN} times in the mean, "
        "and all that the test samples have",
        got=got,
        hint="have each person draw every digit from 0 to 9 some more times",
    )


def write_data_set(runs: Path, stem: str, arrays: Mapping[str, np.ndarray]) -> str:
    """Write a data set beside those that are there, of which none is changed: runs were trained on them.

    Args:
        runs: The folder of runs.
        stem: What it is called; if there is one of this name, a number follows.
        arrays: See `data_set`.

    Returns:
        The name of its file.

    Raises:
        RunError: It cannot be written, or there are enough.
    """
    check_own(runs, DATA_SETS)
    folder = runs / DATA_SETS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with changing(folder / stem):
            there = names_in(folder, files=True)
            if len(there) >= MOST_SETS:
                raise RunError(
                    f"a class has at most {MOST_SETS} data sets", got="one more", hint="delete one on the page of data"
                )
            names = (f"{stem}{'' if number == 1 else f'-{number}'}.npz" for number in range(1, MOST_SETS + 1))
            name = next(name for name in names if name not in there)
            write_atomic(folder / name, _packed(arrays), mode=0o600)
            return name
    except OSError as error:
        raise _unusable(error) from error


def _checked(pixels: np.ndarray, labels: np.ndarray) -> Digits:
    shapes = labels.ndim == 1 and 0 < len(labels) <= MOST and pixels.shape == (len(labels), SIDE, SIDE)
    if not shapes or pixels.dtype != np.uint8 or labels.dtype != np.uint8 or labels.max() > 9:
        raise ValueError(f"with pictures {pixels.shape} {pixels.dtype} and labels {labels.shape} {labels.dtype}")
    return Digits(pixels, labels)


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _unusable(error: OSError) -> RunError:
    return RunError(
        "digits are kept in the folder of runs, which must be one that can be written",
        got=error.strerror or str(error),
        hint="check the permissions of the folder and the free space on the disk",
    )
