"""Answers are right, near, wrong or of another type, and no file of answers shows one."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    write_answers(tmp_path / "answers" / "03_lesson.json", EXERCISES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cutaway.exercises._done", {})

    def check(exercise, answer):
        ct.check(exercise, answer)
        return capsys.readouterr().out

    return check


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("3.q1", "b", "3.q1: right. Since b.\n"),
        ("3.q1", " B ", "3.q1: right. Since b.\n"),
        ("3.q1", "a", "3.q1: not yet. Not a: look again.\n"),
        ("3.q1", "c", "3.q1: not yet.\n"),
        ("3.q1", "", "3.q1: no answer yet\n"),
        ("3.1", None, "3.1: no answer yet\n"),
        ("3.1", 0.93, "3.1: right.\n"),
        ("3.1", np.float32(0.921), "3.1: right.\n"),
        ("3.1", 0.9, "3.1: not yet. Count again.\n"),
        ("3.1", 0.069, "3.1: not yet. That is the error.\n"),
        ("3.1", float("nan"), "3.1: not yet. Count again.\n"),
        ("3.1", 1e308, "3.1: not yet. Count again.\n"),
        ("3.2", 42, "3.2: right.\n"),
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


@given(
    value=st.floats(-1e6, 1e6),
    tolerance=st.floats(1e-6, 10),
    off=st.floats(-0.999, 0.999),
    far=st.floats(1.501, 100),
)
def test_near_is_right_and_far_is_wrong(tmp_path_factory, value, tolerance, off, far):
    folder = tmp_path_factory.mktemp("near")
    write_answers(folder / "answers" / "01_near.json", {"1": Exercise(value, tolerance=tolerance)})
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        printed = []
        monkeypatch.setattr("builtins.print", printed.append)
        ct.check("1.1", value + off * tolerance)
        ct.check("1.1", value + far * tolerance)
    assert printed == ["1.1: right.", "1.1: not yet."]


def test_the_file_shows_no_answer_and_is_the_same_each_time(tmp_path):
    first = write_answers(tmp_path / "a" / "03_lesson.json", EXERCISES).read_text()
    assert first == write_answers(tmp_path / "b" / "03_lesson.json", EXERCISES).read_text()
    hashes = [value for entry in json.loads(first).values() for value in entry["hashes"]]
    assert len(hashes) == len(set(hashes)) == 1 + 1 + 1 + 4 + 5
    assert "0.93" not in first


@pytest.mark.parametrize(
    ("exercise", "answer", "error", "words"),
    [
        ("3.1", "0.93", ct.CutawayError, "3.1 takes numbers; got str"),
        ("3.q1", 2, ct.CutawayError, "3.q1 takes the letter of an option; got int"),
        ("3.4", 2, ct.CutawayError, "3.4 takes a function; got int"),
        ("3.3", [1.5, -2.0], ct.CutawayError, r"3.3 takes numbers of shape \(2, 2\); got the shape \(2,\)"),
        ("3.1", [[1], [2, 3]], ct.CutawayError, "takes numbers; got list"),
        ("3.1", 10**400, ct.CutawayError, "takes numbers; got int"),
        ("3.9", 1, KeyError, "lesson 3 has the exercises and questions q1, 1, 2, 3, 4; got 9"),
        ("4.1", 1, KeyError, "got none for lesson 4 in"),
        (3, 1, ValueError, "an exercise is named by the numbers"),
        ("../3.1", 1, ValueError, "an exercise is named by the numbers"),
    ],
)
def test_what_cannot_be_judged_is_said_in_a_line(said, exercise, answer, error, words):
    with pytest.raises(error, match=words) as caught:
        said(exercise, answer)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("function", "error"),
    [(lambda z: 1 / 0, ZeroDivisionError), (lambda z: z + None, TypeError), (lambda z: {}[1], KeyError)],
)
def test_an_error_in_a_function_is_the_student_s_and_says_which_call_it_was(said, function, error):
    with pytest.raises(error) as caught:
        said("3.4", function)
    assert caught.value.__notes__ == ["3.4 called the function with [1.0, 2.0, 3.0]"]


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", '{"1": 3}', '{"1": {}}', '{"1": {"kind": "numbers"}}', "\xff", "[" * 100_000),
        '{"1": {"kind": "numbers", "shape": 3}}',
        '{"1": {"kind": "numbers", "shape": [], "tolerance": "x", "inputs": [], "salt": "", "hashes": []}}',
    ],
)
def test_a_damaged_file_is_an_error_in_one_line(said, tmp_path, content):
    (tmp_path / "answers" / "03_lesson.json").write_text(content, encoding="latin-1")
    with pytest.raises(ct.CutawayError, match="a file of answers is as `write_answers` wrote it; got ") as caught:
        said("3.1", 0.5)
    assert "\n" not in str(caught.value)


def test_a_sheet_says_lesson_by_lesson_what_is_right(said, tmp_path, capsys):
    ct.exercises_done()
    assert capsys.readouterr().out == "nothing has been checked since the notebook was started\n"
    write_answers(tmp_path / "answers" / "05_later.json", {"q1": EXERCISES["q1"], "q2": EXERCISES["q1"]})
    said("5.q1", "a")
    said("3.1", 0.93)
    said("03.4", softmax)
    said("3.2", 42)
    said("3.2", 43)  # what was right once stays so
    said("3.q1", "")
    before = set(tmp_path.rglob("*"))
    ct.exercises_done()
    sheet = "03_lesson: 3 of 4 exercises (1, 2, 4) and 0 of 1 questions right\n05_later: 0 of 2 questions right\n"
    assert capsys.readouterr().out == sheet
    assert set(tmp_path.rglob("*")) == before, "nothing is written unless it is asked for"
    ct.exercises_done(tmp_path / "ada.txt")
    assert (tmp_path / "ada.txt").read_text() == sheet


def test_a_sheet_that_cannot_be_written_is_said_in_a_line(said, tmp_path):
    said("3.2", 42)
    with pytest.raises(ct.CutawayError, match="a file is written into a folder that exists") as caught:
        ct.exercises_done(tmp_path / "nowhere" / "ada.txt")
    assert "\n" not in str(caught.value)
    (tmp_path / "mine.ipynb").write_text("work")
    for path in (tmp_path / "mine.ipynb", "a\0.txt", 5):
        with pytest.raises(ct.CutawayError, match=r"ends in \.txt"):
            ct.exercises_done(path)
    assert (tmp_path / "mine.ipynb").read_text() == "work"


def test_what_is_no_exercise_is_not_on_the_sheet(said, capsys):
    for exercise, answer in (("3.9", 1), ("3.1", "x"), ("x", 1)):
        with pytest.raises((ct.CutawayError, KeyError, ValueError)):
            said(exercise, answer)
    ct.exercises_done()
    assert "nothing has been checked" in capsys.readouterr().out
