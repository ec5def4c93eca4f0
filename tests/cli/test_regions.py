"""The command regions: tables, JSON and a picture, and files that are not overwritten."""

import json

import pytest
from PIL import Image


@pytest.fixture
def names(digits_run):
    return [digits_run.split.test[k] for k in (3, 5, 8)]


def test_tables_and_a_picture(cutaway, digits_run, names, tmp_path):
    code, out, _ = cutaway("regions", digits_run.path, *names, "--output", "plane.png", "--margin", "0.1")
    assert code == 0
    assert "linear regions" in " ".join(out.split())
    assert "Along the straight line" in out
    assert "The plane is drawn in plane.png" in out
    assert max(map(len, out.splitlines())) <= 110
    with Image.open(tmp_path / "plane.png") as picture:
        assert min(picture.size) > 500


def test_json(cutaway, digits_run, names):
    code, out, _ = cutaway("regions", digits_run.path, *names, "--json", "--epoch", "0")
    answer = json.loads(out)
    assert (code, answer["epoch"], answer["margin"]) == (0, 0, 0.25)
    assert [each["sample"] for each in answer["samples"]] == names
    assert len(answer["ways"]) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output", "plane.gif"], "a plane is written to a file that ends in .png or .pdf; got plane.gif"),
        (["--output", "notes.png"], "only an image is replaced by a plane"),
        (["--margin", "11"], "margin is a number from 0 to 10; got 11.0"),
        (["test[0]"], "a plane goes through three samples; got ['sample"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_work(cutaway, digits_run, names, tmp_path, arguments, words):
    (tmp_path / "notes.png").write_text("no picture")
    code, out, err = cutaway("regions", digits_run.path, *names, *arguments)
    assert code != 0
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not out
    assert (tmp_path / "notes.png").read_text() == "no picture"
