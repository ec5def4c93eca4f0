"""The command concept: names of samples, and the file that the explorer saves."""

import json

import pytest

from cutaway.cli.concept import _names_in


@pytest.fixture
def names(digits_run):
    labels = digits_run.labels(split="test")
    return [digits_run.split.test[int(place)] for place in (labels == 3).nonzero()[0][:12]]


def test_names_and_a_file_of_the_explorer_are_read_together(cutaway, digits_run, names, tmp_path):
    file = tmp_path / "selection.csv"
    file.write_text("sample,label\r\n" + "".join(f"{name},3\r\n" for name in names[4:]), encoding="utf-8-sig")
    code, out, _ = cutaway("concept", digits_run.path, *names[:4], "--file", file, "--repeats", "19", "--json")
    answer = json.loads(out)
    assert (code, answer["samples"], answer["repeats"]) == (0, 12, 19)
    assert len(answer["effects"]) == 10 * len(answer["layers"])
    code, out, _ = cutaway("concept", digits_run.path, *names, "--repeats", "19")
    assert code == 0
    assert "Compared with 19 random selections, drawn from the test split." in out
    assert "Rises: Share of the samples of the class whose logit rises along the direction." in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("content", [b"\xff\xfe", b'"', b"a" * 10])
def test_a_file_that_names_no_samples_is_an_error(cutaway, digits_run, tmp_path, content):
    file = tmp_path / "selection.csv"
    file.write_bytes(content)
    code, _, err = cutaway("concept", digits_run.path, "--file", file)
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    code, _, err = cutaway("concept", digits_run.path, "--file", tmp_path / "missing.csv")
    assert (code, "No such file" in err) == (2, True)


@pytest.mark.parametrize(
    ("text", "headings"),
    [("sample,p\na;1,2\nb,3\n", {"sample", None}), ("Kundennr;p\na;1;2\nb;3\n", {"sample", "Kundennr"})],
)
def test_the_heading_of_a_file_says_its_delimiter_and_may_be_the_column_of_names(tmp_path, text, headings):
    file = tmp_path / "names.csv"
    file.write_text(text)
    assert _names_in(file, headings) == ["a;1" if "," in text else "a", "b"]
