"""Exercises that check themselves: `check` tells students whether an answer is right, and shows no solution.

The answers lie in the folder ``answers`` next to a notebook, one file per lesson: ``answers/02_*.txt`` has the answers
to lesson 2, as JSON in base64 so that nobody reads them by accident. Right answers are kept in memory for
`exercises_done`: nothing is written, and nothing is sent, unless a student asks for it.
"""

import base64
import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cutaway._lazy import public
from cutaway.checks import check_path
from cutaway.errors import CutawayError, DataError, UnknownNameError, UsageError
from cutaway.words import shown

FOLDER = "answers"
"""Folder of the answers, next to the notebook."""


_done: dict[tuple[int, str], bool] = {}
"""Checked exercises since Python was started, by lesson and number, and whether the answer was right once."""


@dataclasses.dataclass(frozen=True)
class Exercise:
    """A teacher's record of an exercise or a question.

    Attributes:
        answer: The right answer: the letter of an option, a number, an array of numbers, or a function of numbers. In a
            file of answers, all numbers that the function returns.
        tolerance: Largest absolute difference at which a number is right.
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

    What cannot be judged is a line as well, so the cells below still run: an answer of another type or shape than the
    exercise takes, an unknown exercise, a file of answers that is missing or damaged. Only an error in a function of
    the student is raised, since its traceback shows where it is.

    Args:
        exercise: Number of the lesson and of the exercise, as in "2.3", or of the question, as in "2.q3".
        answer: The letter of an option, a number, an array of numbers of any shape, or a function. None or "" for a
            question that is not answered yet.
    """
    try:
        line = _judge(exercise, answer)
    except CutawayError as error:
        line = f"not judged: {error}"
    print(line)  # noqa: T201 (a student reads it below the cell)


@public
def exercises_done(path: str | Path | None = None) -> None:
    """Print which answers `check` found right since the notebook was started, lesson by lesson: a sheet to hand in.

    Args:
        path: A file, whose name ends in .txt, to which the sheet is also written; None for no file.

    Raises:
        UsageError: The file has another ending, or cannot be written.
        UnknownNameError, DataError: The answers of a lesson are no longer next to the notebook, or are damaged.
    """
    lessons = sorted({lesson for lesson, _ in _done})
    sheet = "\n".join(_line(lesson) for lesson in lessons) or "nothing has been checked since the notebook was started"
    print(sheet)  # noqa: T201 (a student reads it below the cell)
    if path is not None:
        from cutaway.runs import check_output, write_output

        target = check_path(path, name="path")
        check_output(target, (".txt",))  # a sheet must not replace its own notebook
        write_output(target, f"{sheet}\n".encode())


def write_answers(path: Path | str, exercises: Mapping[str, Exercise]) -> Path:
    """Write the answers of one lesson, for exercises in a notebook of your own.

    Args:
        path: The file: its name begins with the number of the lesson, as in "answers/21_my_lesson.txt". Its folder is
            made.
        exercises: Mapping from the number of each exercise, or "q1" for a question, to its `Exercise`.

    Returns:
        The path.

    Raises:
        UsageError: An answer is neither a letter nor numbers, or another attribute of an exercise is of another type.
    """
    lesson: dict[str, dict[str, Any]] = {}
    for name, known in exercises.items():
        wrong = [(_plain(name, answer, known.inputs), hint) for answer, hint in known.misconceptions]
        plain = _plain(name, known.answer, known.inputs)
        lesson[name] = vars(dataclasses.replace(known, answer=plain, misconceptions=wrong))
        try:
            _known(lesson[name])
        except (TypeError, ValueError, OverflowError) as error:
            raise UsageError(f'exercise "{name}" cannot be judged: {error}', hint="correct its record") from error
    target = check_path(path, name="path")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(base64.encodebytes(json.dumps(lesson, default=np.ndarray.tolist).encode()))
    return target


def _line(lesson: int) -> str:
    """The number of right answers of one lesson, and of its exercises."""
    name, known = _read(lesson)
    parts: list[str] = []
    for words, of_kind in (("exercises", str.isdecimal), ("questions", re.compile("q").match)):
        every = [number for number in known if of_kind(number)]
        done = [number for number in every if _done.get((lesson, number))]
        which = f" ({', '.join(done)})" if done else ""
        parts += [f"{len(done)} of {len(every)} {words}{which}"] if every else []
    return f"{name}: {' and '.join(parts)} right"


def _judge(exercise: str, answer: Any) -> str:
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return f"{exercise}: no answer yet"
    name = re.fullmatch(r"(\d{1,2})\.(q?\d{1,2})", exercise) if isinstance(exercise, str) else None
    if name is None:
        raise UsageError(
            f"no such exercise: {shown(exercise)}",
            hint='write ct.check("2.3", answer) for exercise 3 of lesson 2, or ct.check("2.q3", "b") for a question',
        )
    place = int(name[1]), name[2]
    _, exercises = _read(place[0])
    if name[2] not in exercises:
        raise UnknownNameError(
            f'lesson {place[0]} has no exercise "{name[2]}"; it has {", ".join(exercises)}',
            hint="use the number above the exercise",
        )
    known = exercises[name[2]]
    given = _checked(exercise, answer, known)
    is_right = _agree(given, known.answer, known.tolerance)
    _done[place] = is_right or _done.get(place, False)
    if is_right:
        return f"{exercise}: right. {known.why}".rstrip()
    hints = (hint for wrong, hint in known.misconceptions if _agree(given, wrong, known.tolerance))
    return f"{exercise}: not yet. {next(hints, known.hint)}".rstrip()


def _read(lesson: int) -> tuple[str, dict[str, Exercise]]:
    """The name of a file of answers without its ending, and its record of each exercise."""
    files = sorted(filter(Path.is_file, Path(FOLDER).glob(f"{lesson:02d}_*.txt")))
    if not files:
        raise UnknownNameError(
            f"no answers for lesson {lesson} in {Path.cwd() / FOLDER}",
            hint="check the number of the lesson, and open the notebook in the folder that it came in",
        )
    try:
        record = json.loads(base64.decodebytes(files[0].read_bytes()))
        return files[0].stem, {number: _known(known) for number, known in record.items()}
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DataError(
            f"the file of answers is damaged: {files[0]} ({error!r})",
            hint="take a new copy of the lessons",
        ) from error


def _known(record: Mapping[str, Any]) -> Exercise:
    """The exercise of a record.

    Raises:
        TypeError, ValueError, OverflowError: The record has another field, or a field of another type.
    """
    known = Exercise(**record)
    answers = [known.answer, *(answer for answer, _ in known.misconceptions)]
    texts = [known.why, known.hint, *(hint for _, hint in known.misconceptions)]
    are_letters = {isinstance(answer, str) for answer in answers}
    if len(are_letters) > 1 or not all(isinstance(text, str) for text in texts):
        raise TypeError("an answer or a text is of another type than the others")
    numbers = [*(value for call in known.inputs for value in call), *([] if True in are_letters else answers)]
    for value in (*numbers, float(_numbers(known.tolerance))):
        _numbers(value)
    return known


def _checked(exercise: str, answer: Any, known: Exercise) -> Any:
    """An answer as `_plain` makes it, if it is of the type and the shape that the exercise takes."""
    kind = "function" if known.inputs else _kind(known.answer)
    if _kind(answer) != kind:
        takes, hint = {
            "choice": ("the letter of an option", 'write it in quotes: "b"'),
            "numbers": ("numbers", "pass a number or an array, without quotes"),
            "function": ("a function", "pass its name, without quotes and parentheses"),
        }[kind]
        raise UsageError(f"{exercise} takes {takes}, not {type(answer).__name__}", hint=hint)
    given = _plain(exercise, answer, known.inputs)
    shape, came = np.shape(known.answer), np.shape(given)
    if came != shape and not known.inputs:
        takes = f"numbers of shape {shape}" if shape else "one number"
        is_comma = isinstance(answer, tuple) and came == (1, *shape)
        hint = "leave out the comma at the end of the answer" if is_comma else "read again what it asks for"
        raise UsageError(f"{exercise} takes {takes}, not the shape {came}", hint=hint)
    return given


def _kind(answer: Any) -> str:
    return "function" if callable(answer) else "choice" if isinstance(answer, str) else "numbers"


def _plain(exercise: str, answer: Any, inputs: Sequence[Sequence[Any]]) -> Any:
    """The compared values: the letter, the numbers, or a list of all numbers that the function returns."""
    if isinstance(answer, str):
        return answer.strip().lower()
    if not callable(answer):
        return _student_numbers(exercise, answer)
    returned: list[float] = []
    for arguments in inputs:
        try:
            result = answer(*(np.array(argument, dtype=np.float64) for argument in arguments))
        except Exception as error:
            error.add_note(f"{exercise} called the function with {', '.join(map(str, arguments))}")
            raise
        returned += _student_numbers(exercise, result).ravel().tolist()
    return returned


def _student_numbers(exercise: str, value: Any) -> np.ndarray:
    try:
        return _numbers(value)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise UsageError(f"{exercise} takes numbers, not {type(value).__name__}", hint="pass an array") from error


def _numbers(value: Any) -> np.ndarray:
    """As an array of numbers. NumPy would read "0.5" as a number, and None as NaN.

    Raises:
        TypeError, ValueError, OverflowError: These are no numbers.
    """
    array = np.asarray(value)
    has_objects = array.dtype.kind == "O"
    kinds = set[type](map(type, array.flat)) if has_objects else ()
    if array.dtype.kind not in "biufO" or any(issubclass(kind, str | None) for kind in kinds):
        raise TypeError(f"no numbers: {type(value).__name__}")
    return array.astype(np.float64) if has_objects else array  # of others it may be too large to copy


def _agree(given: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(given, str):
        return given == expected
    return np.shape(given) == np.shape(expected) and np.allclose(given, expected, rtol=1e-9, atol=tolerance)
