"""Selections as text for addresses and as Python, made by the page's modules in Node."""

import csv

import numpy as np
import pytest

from .node import run_script

PACK = {"core/indices.js": "packIndices, unpackIndices"}


def unpacked(text):
    """An independent reader."""
    count, *runs = text.split(".")
    chosen = []
    for run in runs:
        gap, _, length = run.partition("-")
        start = (chosen[-1] + 1 if chosen else 0) + int(gap, 36)
        chosen.extend(range(start, start + int(length or "1", 36)))
    return int(count), chosen


def cases():
    random = np.random.default_rng(0)
    yield [], 10
    yield [0], 1
    yield list(range(70_000)), 70_000
    yield [0, 69_999], 70_000
    for share in (0.01, 0.5, 0.99):
        yield np.flatnonzero(random.random(3000) < share).tolist(), 3000


def test_a_selection_survives_its_text():
    given = [{"indices": indices, "count": count} for indices, count in cases()]
    texts = run_script(
        """return data.cases.map(({ indices, count }) => {
          const text = packIndices(indices, count);
          return { text, back: Array.from(unpackIndices(text, count)), other: unpackIndices(text, count + 1) };
        });""",
        {"cases": given},
        imports=PACK,
    )
    for case, found in zip(given, texts, strict=True):
        assert unpacked(found["text"]) == (case["count"], case["indices"])
        assert found["back"] == case["indices"]
        assert found["other"] is None, "of other samples"
        assert set(found["text"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert len(texts[2]["text"]) < 20


def test_a_text_that_is_none_selects_nothing():
    wrong = ["", ".", "20", "10.!", "10.a.", "ten.1", "10.-", "10.5-6", "10.zzzzzzzzzzzz", "-1.1", "10.1-z", "10.1-1-1"]
    found = run_script("return data.texts.map((text) => unpackIndices(text, 10));", {"texts": wrong}, imports=PACK)
    assert found == [None] * len(wrong)


@pytest.mark.parametrize(
    "names",
    [
        ["test[7]"],
        ["test[1]", "test[2]", "test[3]", "test[9]", "test[10]"],
        ["train[5]", "test[5]", "test[6]", "test[7]", "test[8]"],
        ['Ada "the" \\ first\n', "test[3]", "</script>", "test[x]", "été"],
        ["a[007]", "Oslo, [12]"],
        [
            '"]; import os; os.abort() #',
            "{1 / 0}",
            "te{1/0}st[3]",
            "test[1/0]",
            "x\\N{BULLET}\\x41\\",
            "\u2028\x00\x7f",
        ],
        ["__proto__[3]", "constructor[1]", "test[3]\n1/0"],
    ],
)
def test_python_code_names_the_same_samples(names):
    code = run_script(
        "return pythonCode(data.names, data.python);",
        {"names": names, "python": {"run": "ct.open_run('it')", "explore": 'run.explore(split="test")'}},
        imports={"explorer/selection.js": "pythonCode"},
    )
    line = next(line for line in code.split("\n") if line.startswith("names = "))
    scope = {}
    exec(line, scope)
    assert sorted(scope["names"]) == sorted(names)
    compile(code, "code", "exec")
    assert "run = ct.open_run('it')" in code.splitlines()
    assert 'widget = run.explore(split="test")' in code.splitlines()


def test_no_program_for_tables_calculates_what_a_name_says():
    formulas = ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", '=HYPERLINK("//x.example")']
    plain = ["-1.5", "+1", "-3e-7", "a=b", "test[3]", "-Infinity", "O'Neill", "a,b", 'a"b', -0.25]
    cells = run_script(
        "return data.values.map(csvCell);", {"values": formulas + plain}, imports={"core/elements.js": "csvCell"}
    )
    found = [next(csv.reader([cell])) for cell in cells]
    assert found == [[f"'{each}"] for each in formulas] + [[str(each)] for each in plain]


def test_a_list_never_leaves_out_a_single_one():
    found = run_script("return [11, 12, 13, 14].map((n) => shownOf(n, 12));", imports={"core/words.js": "shownOf"})
    assert found == [11, 12, 13, 12]
