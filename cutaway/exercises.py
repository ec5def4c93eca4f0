"""Exercises that check themselves: `check` tells students whether an answer is right, and shows no solution.

The answers lie in the folder ``answers`` beside a notebook, one JSON file per lesson, as hashes: ``answers/02_*.json``
has those of lesson 2. Only a wrong answer that the teacher expected gets a hint of its own. The hashes keep an answer
from being read by accident; they do not keep anybody from trying all options of a question. What was right is kept in
memory for `exercises_done`: nothing is written, and nothing is sent, unless a student asks for it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway._lazy import public
from cutaway.errors import DataError, UnknownNameError, UsageError

if TYPE_CHECKING:
    import numpy as np

FOLDER = "answers"
"""Folder of the answers, beside the notebook."""


_done: dict[tuple[int, str], bool] = {}
"""What was checked since Python was started, by lesson and number, and whether it was right once."""


@dataclass(frozen=True)
class Exercise:
    """What a teacher knows of an exercise or a question.

    Attributes:
        answer: The right answer: the letter of an option, a number, an array of numbers, or a function of numbers.
        tolerance: Largest absolute difference at which a number is right for certain; from 1.5 times as much on, it is
            wrong for certain. With 0, a number is right if its first 12 digits are.
        inputs: For a function: the arguments of each call that is compared.
        why: Why the answer is right, in a sentence or two; shown with a right answer.
        hint: The next step for those whose answer is wrong.
        misconceptions: Pairs of a wrong answer that is expected and the hint for it.
    """

    answer: Any
    tolerance: float = 0.0
    inputs: Sequence[Sequence[Any]] = ()
    why: str = ""
    hint: str = ""
    misconceptions: Sequence[tuple[Any, str]] = ()


@public
def check(exercise: str, answer: Any) -> None:
    """Print whether an answer is right, or a hint.

    Args:
        exercise: Number of the lesson and of the exercise, as in "2.3", or of the question, as in "2.q3".
        answer: The letter of an option, a number, an array of numbers of any shape, or a function. None or "" for a
            question that is not answered yet.

    Raises:
        UnknownNameError: There are no answers for this lesson beside the notebook, or no such exercise.
        UsageError: The answer is of another type or shape than the exercise takes.
        DataError: The file of answers is damaged.
    """
    print(_judge(exercise, answer))  # noqa: T201 (what a student reads below the cell)


@public
def exercises_done(path: str | Path | None = None) -> None:
    """Print which answers `check` found right since the notebook was started, lesson by lesson: a sheet to hand in.

    Args:
        path: A file, whose name ends in .txt, to which the sheet is also written; None for no file.

    Raises:
        UsageError: The file has another ending, or cannot be written.
        UnknownNameError, DataError: The answers of a lesson are no longer beside the notebook, or are damaged.
    """
    lessons = sorted({lesson for lesson, _ in _done})
    sheet = "\n".join(_line(lesson) for lesson in lessons) or "nothing has been checked since the notebook was started"
    print(sheet)  # noqa: T201 (what a student reads below the cell)
    if path is not None:
        if not isinstance(path, str | Path) or Path(path).suffix.lower() != ".txt" or "\0" in str(path):
            raise UsageError(  # so that no notebook is replaced by its own sheet
                "a sheet is written into a file that ends in .txt", got=repr(path), hint='try "my name.txt"'
            )
        from cutaway.runs import check_output, write_output

        check_output(Path(path))
        write_output(Path(path), f"{sheet}\n".encode())


def _line(lesson: int) -> str:
    """What is right of one lesson, of how many."""
    name, known = _read(lesson)
    right = [number for number in known if _done.get((lesson, number))]
    parts: list[str] = []
    for words, is_kind in (("exercises", str.isdecimal), ("questions", lambda number: not number.isdecimal())):
        every = [number for number in known if is_kind(number)]
        done = [number for number in right if is_kind(number)]
        if every:
            which = f" ({', '.join(done)})" if done else ""
            parts.append(f"{len(done)} of {len(every)} {words}{which}")
    return f"{name}: {' and '.join(parts)} right"


def _judge(exercise: str, answer: Any) -> str:
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return f"{exercise}: no answer yet"
    known = _find(exercise)
    values = _values(exercise, answer, kind=known.kind, inputs=known.inputs, shape=known.shape)
    is_right = _matches(values, known.hashes, known)
    lesson, _, number = exercise.partition(".")
    place = int(lesson), number
    _done[place] = is_right or _done.get(place, False)
    if is_right:
        return f"{exercise}: right. {known.why}".rstrip()
    hint = next((hint for wrong, hint in known.misconceptions if _matches(values, wrong, known)), known.hint)
    return f"{exercise}: not yet. {hint}".rstrip()


@dataclass(frozen=True)
class _Known:
    """What a file of answers says of one exercise."""

    kind: str
    shape: list[int] | None
    tolerance: float
    inputs: list[list[Any]]
    salt: str
    hashes: list[str]
    why: str
    hint: str
    misconceptions: list[tuple[list[str], str]]

    @classmethod
    def of(cls, record: dict[str, Any]) -> "_Known":
        """The same from plain data; whatever else that is raises TypeError, KeyError or ValueError."""
        shape = record["shape"]
        return cls(
            kind=str(record["kind"]),
            shape=None if shape is None else [int(side) for side in shape],
            tolerance=float(record["tolerance"]),
            inputs=[list(arguments) for arguments in record["inputs"]],
            salt=str(record["salt"]),
            hashes=[str(part) for part in record["hashes"]],
            why=str(record["why"]),
            hint=str(record["hint"]),
            misconceptions=[([str(part) for part in hashes], str(hint)) for hashes, hint in record["misconceptions"]],
        )


def write_answers(path: Path | str, exercises: Mapping[str, Exercise]) -> Path:
    """Write the answers of one lesson, for exercises in a notebook of your own.

    Args:
        path: The file: its name begins with the number of the lesson, as in "answers/21_my_lesson.json". Its folder is
            made.
        exercises: Mapping from the number of each exercise, or "q1" for a question, to what is known of it.

    Returns:
        The path.
    """
    target, lesson = Path(path), {}
    for name, exercise in exercises.items():
        # the same answers give the same file, and equal answers of two exercises look different
        salt = hashlib.sha256(f"{target.stem} {name}".encode()).hexdigest()[:8]
        kind = _kind(exercise.answer)
        shape = None if kind == "function" else list(_numbers(exercise.answer).shape) if kind == "numbers" else []
        lesson[name] = {
            "kind": kind,
            "shape": shape,
            "tolerance": exercise.tolerance,
            "inputs": [list(arguments) for arguments in exercise.inputs],
            "salt": salt,
            "hashes": _hashes(name, exercise.answer, exercise, salt),
            "why": exercise.why,
            "hint": exercise.hint,
            "misconceptions": [[_hashes(name, wrong, exercise, salt), hint] for wrong, hint in exercise.misconceptions],
        }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(lesson, indent=1) + "\n", encoding="utf-8")
    return target


def _hashes(name: str, answer: Any, exercise: Exercise, salt: str) -> list[str]:
    """An answer, right or wrong, as it is kept: one hash per value."""
    values = _values(name, answer, kind=_kind(exercise.answer), inputs=exercise.inputs, shape=None)
    return [_hash(salt, place, next(_cells(value, exercise.tolerance))) for place, value in enumerate(values)]


def _find(exercise: str) -> _Known:
    name = re.fullmatch(r"(\d{1,2})\.(q?\d{1,2})", exercise) if isinstance(exercise, str) else None
    if name is None:
        raise UsageError(
            "an exercise is named by the numbers of its lesson and its own",
            got=repr(exercise),
            hint='write ct.check("2.3", answer) for exercise 3 of lesson 2, or ct.check("2.q3", "b") for a question',
        )
    lesson = int(name[1])
    _, known = _read(lesson)
    if name[2] not in known:
        raise UnknownNameError(
            f"lesson {lesson} has the exercises and questions {', '.join(known)}",
            got=name[2],
            hint="use the number above the exercise",
        )
    return known[name[2]]


def _read(lesson: int) -> tuple[str, dict[str, _Known]]:
    """The name of a file of answers without its ending, and what it says of each exercise."""
    files = sorted(Path(FOLDER).glob(f"{lesson:02d}_*.json"))
    if not files:
        raise UnknownNameError(
            f"the answers of a lesson are in the folder {FOLDER!r} beside its notebook",
            got=f"none for lesson {lesson} in {Path.cwd() / FOLDER}",
            hint="look whether the number of the lesson is right, and open the notebook in the folder that it came in",
        )
    try:
        record = json.loads(files[0].read_text(encoding="utf-8"))
        return files[0].stem, {number: _Known.of(known) for number, known in record.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _damaged(f"{files[0]} with {error!r}") from error


def _damaged(what: str) -> DataError:
    rule = "a file of answers is as `write_answers` wrote it"
    return DataError(rule, got=what, hint="take a new copy of the lessons")


def _kind(answer: Any) -> str:
    return "function" if callable(answer) else "choice" if isinstance(answer, str) else "numbers"


def _values(
    exercise: str, answer: Any, *, kind: str, inputs: Sequence[Sequence[Any]], shape: Sequence[int] | None
) -> list[str] | list[float]:
    """What is compared: the letter, the numbers, or all numbers that the function returns."""
    came = _kind(answer)
    if came != kind:
        takes, hint = {
            "choice": ("the letter of an option", 'write it in quotes: "b"'),
            "numbers": ("numbers", "pass a number or an array, without quotes"),
            "function": ("a function", "pass its name, without quotes and parentheses"),
        }[kind]
        raise UsageError(f"{exercise} takes {takes}", got=type(answer).__name__, hint=hint)
    if kind == "choice":
        return [answer.strip().lower()]
    if kind == "function":
        return _returned(exercise, answer, inputs)
    array = _numbers(answer, exercise)
    if shape is not None and list(array.shape) != list(shape):
        takes = "one number" if not shape else f"numbers of shape {tuple(shape)}"
        raise UsageError(
            f"{exercise} takes {takes}", got=f"the shape {array.shape}", hint="read again what the exercise asks for"
        )
    return array.ravel().tolist()


def _returned(exercise: str, function: Callable[..., Any], inputs: Sequence[Sequence[Any]]) -> list[float]:
    import numpy as np

    returned: list[float] = []
    for arguments in inputs:
        arrays = [np.array(argument, dtype=np.float64) for argument in arguments]
        try:
            result = function(*arrays)
        except Exception as error:
            error.add_note(f"{exercise} called the function with {', '.join(map(str, arguments))}")
            raise
        returned += _numbers(result, exercise).ravel().tolist()
    return returned


def _numbers(answer: Any, exercise: str = "an exercise") -> "np.ndarray":
    import numpy as np

    try:
        return np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"{exercise} takes numbers", got=type(answer).__name__, hint="pass an array") from error


def _matches(values: Sequence[Any], hashes: Sequence[str], known: _Known) -> bool:
    return len(values) == len(hashes) and all(
        expected in [_hash(known.salt, place, cell) for cell in _cells(value, known.tolerance)]
        for place, (value, expected) in enumerate(zip(values, hashes, strict=True))
    )


def _cells(value: str | float, tolerance: float) -> Iterator[str]:
    """The text that stands for a value, then those of the values next to it: hashes know no "near"."""
    if isinstance(value, str):
        yield value
    elif tolerance == 0 or not abs(value) < 1e15 * tolerance:  # too large for cells, or no number
        yield f"{value + 0.0:.12g}"
    else:
        # cells half as wide as the tolerance: within two of them is right, up to 1.5 times the tolerance may be
        cell = round(value / (tolerance / 2))
        for step in (0, -1, 1, -2, 2):
            yield f"{cell + step}"


def _hash(salt: str, place: int, text: str) -> str:
    return hashlib.sha256(f"{salt} {place} {text}".encode()).hexdigest()[:16]
