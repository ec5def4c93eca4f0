"""Answers are right, near, wrong or of another type, and no file of answers shows one."""

import numpy as np
import pytest

import cutaway as ct
from cutaway.exercises import Exercise, write_answers


def softmax(z):
    powers = np.exp(z - np.max(z))
    return powers / powers.sum()


EXERCISES = {
    "q1": Exercise("b", why="Since b.", misconceptions=[("a", "Not a: look again.")]),
    "1": Exercise(0.93, tolerance=0.01, hint="Count again.", misconceptions=[(0.07, "That is the error.")]),
    "2": Exercise(42),
    "3": Exercise([[1.5, -2.0], [0.0, 3.0]], tolerance=1e-3),
    "4": Exercise(softmax, tolerance=1e-6, inputs=[[[1.0, 2.0, 3.0]], [[1000.0, 0.0]]], hint="Add them up."),
}


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """What ``ct.check`` prints in a folder with answers."""
    write_answers(tmp_path / "answers" / "03_lesson.txt", EXERCISES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cutaway.exercises._done", {})

    def check(exercise, answer):
        ct.check(exercise, answer)
        return capsys.readouterr().out

    return check


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("3.q1", " B ", "3.q1: right. Since b.\n"),
        ("3.q1", "a", "3.q1: not yet. Not a: look again.\n"),
        ("3.q1", "c", "3.q1: not yet.\n"),
        ("3.q1", "", "3.q1: no answer yet\n"),
        ("3.1", None, "3.1: no answer yet\n"),
        ("3.1", np.float32(0.921), "3.1: right.\n"),
        ("3.1", 0.9, "3.1: not yet. Count again.\n"),
        ("3.1", 0.069, "3.1: not yet. That is the error.\n"),
        ("3.1", float("nan"), "3.1: not yet. Count again.\n"),
        ("3.2", 42.0, "3.2: right.\n"),
        ("3.2", 43, "3.2: not yet.\n"),
        ("3.3", np.array([[1.5, -2.0], [0.0005, 3.0]]), "3.3: right.\n"),
        ("3.3", np.array([[1.5, -2.0], [0.1, 3.0]]), "3.3: not yet.\n"),
        ("3.4", softmax, "3.4: right.\n"),
        ("3.4", lambda z: z / z.sum(), "3.4: not yet. Add them up.\n"),
        ("3.4", lambda z: z[:1], "3.4: not yet. Add them up.\n"),
    ],
)
def test_an_answer_is_judged(said, exercise, answer, words):
    assert said(exercise, answer) == words


@pytest.mark.parametrize(
    ("exercise", "answer", "error"),
    [
        *(("3.1", "0.93", ct.CutawayError), ("3.q1", 2, ct.CutawayError), ("3.4", 2, ct.CutawayError)),
        *(("3.3", [1.5, -2.0], ct.CutawayError), ("3.1", [[1], [2, 3]], ct.CutawayError)),
        *(("3.9", 1, KeyError), ("4.1", 1, KeyError), (3, 1, ValueError), ("../3.1", 1, ValueError)),
    ],
)
def test_what_cannot_be_judged_is_said_in_a_line(said, exercise, answer, error, capsys):
    with pytest.raises(error) as caught:
        said(exercise, answer)
    assert "\n" not in str(caught.value)
    ct.exercises_done()
    assert "nothing has been checked" in capsys.readouterr().out


def test_an_error_in_a_function_says_which_call_it_was(said):
    with pytest.raises(ZeroDivisionError) as caught:
        said("3.4", lambda z: 1 / 0)
    assert caught.value.__notes__ == ["3.4 called the function with [1.0, 2.0, 3.0]"]


@pytest.mark.parametrize(
    "content", [b"", b"W10=", b"eyIxIjogM30=", b"eyIxIjoge319", b"\xff"]
)  # [], {"1": 3}, {"1": {}}
def test_a_damaged_file_is_an_error_in_one_line(said, tmp_path, content):
    (tmp_path / "answers" / "03_lesson.txt").write_bytes(content)
    with pytest.raises(ct.CutawayError) as caught:
        said("3.1", 0.5)
    assert "\n" not in str(caught.value)


def test_a_sheet_says_lesson_by_lesson_what_is_right(said, tmp_path, capsys):
    shown = write_answers(tmp_path / "answers" / "05_later.txt", {"q1": EXERCISES["q1"], "q2": EXERCISES["q1"]})
    assert b"Since" not in shown.read_bytes()
    for exercise, answer in (("5.q1", "a"), ("3.1", 0.93), ("03.4", softmax), ("3.2", 42), ("3.2", 43), ("3.q1", "")):
        said(exercise, answer)  # what was right once stays so
    ct.exercises_done(tmp_path / "ada.txt")
    sheet = "03_lesson: 3 of 4 exercises (1, 2, 4) and 0 of 1 questions right\n05_later: 0 of 2 questions right\n"
    assert capsys.readouterr().out == sheet == (tmp_path / "ada.txt").read_text()
    for path in (tmp_path / "nowhere" / "ada.txt", tmp_path / "mine.ipynb", "a\0.txt", 5):
        with pytest.raises(ct.CutawayError):
            ct.exercises_done(path)
