"""Answers are right, near, wrong or of another type, and no file of answers shows one."""

import base64
import json

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
    ("exercise", "answer", "named"),
    [
        *(("3.1", "0.93", "numbers"), ("3.q1", 2, "letter"), ("3.q1", ("b",), "letter"), ("3.4", 2, "function")),
        *(("3.1", (0.93,), "comma"), ("3.3", [1.5, -2.0], "(2, 2)"), ("3.1", [[1], [2, 3]], "numbers")),
        *(("3.3", [["1.5", "-2"], ["0", "3"]], "numbers"), ("3.3", {"a": 1}, "dict"), ("3.1", [10**5000], "list")),
        ("3.1", np.broadcast_to(np.float32(0.5), (10**12,)), "(1000000000000,)"),  # which nobody walks through
        *(("3.4", lambda z: "text", "numbers"), ("3.4", lambda z: None, "numbers")),
        *(("3.9", 1, '"9"'), ("4.1", 1, "lesson 4"), (3, 1, "3"), ("../3.1", 1, "../3.1")),
    ],
)
def test_what_cannot_be_judged_is_a_line_and_the_cells_below_run(said, exercise, answer, named, capsys):
    line = said(exercise, answer)
    assert line.count("\n") == 1
    assert line.startswith("not judged: ")
    assert named in line
    ct.exercises_done()
    assert "nothing has been checked" in capsys.readouterr().out


def test_an_error_in_a_function_says_which_call_it_was(said):
    with pytest.raises(ZeroDivisionError) as caught:
        said("3.4", lambda z: 1 / 0)
    assert caught.value.__notes__ == ["3.4 called the function with [1.0, 2.0, 3.0]"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"1": 3}', b'{"1": {}}', b'{"1": {"answer": 0, "kind": "essay"}}']
)
def test_a_damaged_file_is_a_line(said, tmp_path, content):
    (tmp_path / "answers" / "03_lesson.txt").write_bytes(base64.b64encode(content) if content != b"\xff" else content)
    line = said("3.1", 0.5)
    assert line.count("\n") == 1
    assert "damaged" in line


@pytest.mark.parametrize(
    "wrong",
    [
        *({"answer": {"kind": "essay"}}, {"answer": None}, {"answer": ["1", "2"]}, {"answer": 10**400}),
        *(
            {"tolerance": "small"},
            {"tolerance": [1, 2]},
            {"why": 3},
            {"hint": None},
            {"misconceptions": [["b", "Text."]]},
        ),
        *(
            {"misconceptions": [[0.5, 7]]},
            {"misconceptions": [0.5]},
            {"misconceptions": 3},
            {"inputs": "abc"},
            {"inputs": 5},
        ),
        {"inputs": [[{"a": 1}]]},
    ],
)
def test_an_answer_of_an_unknown_kind_is_damage_and_cannot_be_written(said, tmp_path, wrong):
    record = {"answer": 0.5} | wrong
    path = tmp_path / "answers" / "03_lesson.txt"
    path.write_bytes(base64.b64encode(json.dumps({"1": record}).encode()))
    for answer in (0.5, "b", [1.0, 2.0], abs):
        line = said("3.1", answer)
        assert line.count("\n") == 1
        assert "damaged" in line
    if not {"inputs", "misconceptions"} & set(wrong):  # a call that makes no record at all is Python's own error
        with pytest.raises(ct.CutawayError, match="1"):
            write_answers(tmp_path / "answers" / "04_mine.txt", {"1": Exercise(**record)})


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
