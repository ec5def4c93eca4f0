"""The examples of CONTRIBUTING.md work: each file is put into its room, registered and used."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from cutaway.api.report import report_html
from cutaway.data import load_dataset
from cutaway.errors import DataError
from cutaway.findings import Evidence, run_checks
from cutaway.progress import ignore_progress

ROOT = Path(__file__).parents[2]
EXAMPLE = re.compile(
    r"```python\n(# (?P<file>\S+)\n.*?)```\n\nThen add `(?P<entry>\S+),` to `(?P<list>\w+)` in `(?P<registry>\S+)`\.",
    re.DOTALL,
)
EXAMPLES = {match["file"]: match for match in EXAMPLE.finditer((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))}


@pytest.fixture
def add(tmp_path, monkeypatch):
    """Add the example of a file to its room and to its registry."""

    def add(file):
        example = EXAMPLES[file]
        package, name = ".".join(Path(file).parts[:-1]), Path(file).stem
        (tmp_path / f"{name}.py").write_text(example[1], encoding="utf-8")
        room = importlib.import_module(package)
        monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
        module = importlib.import_module(f"{package}.{name}")
        monkeypatch.delitem(sys.modules, f"{package}.{name}")
        monkeypatch.delattr(room, name)
        registry = importlib.import_module(example["registry"].removesuffix(".py").replace("/", "."))
        added = getattr(module, example["entry"].split(".")[-1])
        monkeypatch.setattr(registry, example["list"], (*getattr(registry, example["list"]), added))

    return add


def test_there_are_three_examples_of_less_than_forty_lines():
    assert len(EXAMPLES) == 3
    assert all(len(example[1].splitlines()) < 40 for example in EXAMPLES.values())
    assert all(max(map(len, example[1].splitlines())) <= 120 for example in EXAMPLES.values())
    assert not any((ROOT / file).exists() for file in EXAMPLES)


def test_the_finding_is_found(add):
    add("cutaway/findings/weak_classes.py")
    matrix = np.array([[95, 5], [30, 70]])
    finding = run_checks(Evidence(confusion=matrix, class_names=["cat", "dog"]))[-1]
    assert finding.title == "dog is predicted less accurately than other classes"
    assert finding.text == "70.00% of its samples are predicted correctly, and 82.50% of all samples."
    assert [each.kind for each in run_checks(Evidence(confusion=np.diag([5, 5])))] == ["confusion"]
    assert run_checks(Evidence()) == ()


def test_the_section_is_on_the_page(add, digits_run, monkeypatch):
    from cutaway.api.report import sections

    monkeypatch.setattr(sections, "SECTIONS", ())  # the others have their own tests
    add("cutaway/api/report/classes.py")
    html = report_html(digits_run.context, on_progress=ignore_progress)
    assert '<section id="classes"' in html
    matrix = digits_run.confusion()
    entries = re.findall(r"<td[^>]*>(.*?)</td>", html)
    assert entries == [
        entry
        for name, row, correct in zip("0123456789", matrix, matrix.diagonal(), strict=True)
        for entry in (name, str(row.sum()), f"{correct / row.sum():.1%}")
    ]


def test_the_data_source_is_loaded(add, tmp_path):
    add("cutaway/data/sources/text.py")
    (tmp_path / "points.txt").write_text("0.5 1 0\n1.5 2 1\n2.5 3 0\n")
    data = load_dataset(tmp_path / "points.txt")
    assert (data.name, data.shape, data.class_names) == ("points", (2,), ("0", "1"))
    np.testing.assert_array_equal(data.sources["train"].x, np.float32([[0.5, 1], [1.5, 2], [2.5, 3]]))
    (tmp_path / "points.txt").write_text("no numbers")
    with pytest.raises(DataError, match=r"one line of numbers per sample; got .*points\.txt .*; next: check the file"):
        load_dataset(tmp_path / "points.txt")
