"""The examples of CONTRIBUTING.md work: each is followed to the letter in a copy of the package, and then used."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = re.compile(
    r"```python\n(# (?P<file>\S+)\n.*?)```\n\n"
    r"Then edit `(?P<registry>\S+)` in two places: import it \(`(?P<line>[^`]+)`\),\sand add `(?P<entry>\S+,)` to "
    r"`(?P<list>\w+)`\.",
    re.DOTALL,
)
EXAMPLES = {match["file"]: match for match in EXAMPLE.finditer((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))}


@pytest.fixture
def follow(tmp_path):
    """Follow the example of a file in a copy of the package, and run a program there that uses it."""
    clone = tmp_path / "clone"

    def run(*command):
        done = subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    env = {**os.environ, "PYTHONPATH": str(clone), "PYTHONDONTWRITEBYTECODE": "1"}

    def follow(file, program, *arguments):
        shutil.copytree(ROOT / "cutaway", clone / "cutaway", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", clone)
        example = EXAMPLES[file]
        (clone / file).write_text(example[1], encoding="utf-8")
        registry = clone / example["registry"]
        text = registry.read_text(encoding="utf-8")
        text, imported = re.subn(r"^from \.", f"{example['line']}\n\\g<0>", text, count=1, flags=re.MULTILINE)
        entries = rf"(^{example['list']}\b.* = \(\n(?:    .*\n)*)(?=\)$)"
        text, added = re.subn(entries, rf"\g<1>    {example['entry']}\n", text, flags=re.MULTILINE)
        assert (imported, added) == (1, 1)
        registry.write_text(text, encoding="utf-8")
        run(sys.executable, "-m", "ruff", "check", "--quiet", "--no-cache", "--fix", str(registry), str(clone / file))
        where = run(sys.executable, "-c", "import cutaway; print(cutaway.__file__)")
        assert Path(where.strip()) == clone / "cutaway" / "__init__.py"
        return run(sys.executable, "-c", program, *map(str, arguments))

    return follow


def test_there_are_three_examples_of_less_than_forty_lines():
    assert len(EXAMPLES) == 3
    assert all(len(example[1].splitlines()) < 40 for example in EXAMPLES.values())
    assert all(max(map(len, example[1].splitlines())) <= 120 for example in EXAMPLES.values())
    assert not any((ROOT / file).exists() for file in EXAMPLES)


FINDING = """
import numpy as np
from cutaway.findings import Evidence, run_checks
matrix = np.array([[95, 5], [30, 70]])
finding = run_checks(Evidence(confusion=matrix, class_names=["cat", "dog"]))[0]
assert finding.title == "dog is predicted less accurately than other classes", finding
assert finding.text == "70.00% of its samples are predicted correctly, and 82.50% of all samples.", finding
assert [each.kind for each in run_checks(Evidence(confusion=np.diag([5, 5])))] == ["confusion"]
assert run_checks(Evidence()) == ()
"""


@pytest.mark.exhaustive
def test_the_finding_is_found(follow):
    follow("cutaway/findings/weak_classes.py", FINDING)


SECTION = """
import sys
import cutaway as ct
from cutaway.report import report_html, sections
from cutaway.progress import ignore_progress
sections.SECTIONS = [each for each in sections.SECTIONS if each.__name__ == "class_sizes"]
print(report_html(ct.open_run(sys.argv[1]).context, on_progress=ignore_progress))
"""


@pytest.mark.exhaustive
def test_the_section_is_on_the_page(follow, digits_run):
    html = follow("cutaway/topics/classes/sizes.py", SECTION, digits_run.path)
    assert '<section id="sizes"' in html
    sizes = [np.bincount(digits_run.labels(split=split)) for split in ("train", "val", "test")]
    entries = re.findall(r"<td[^>]*>(.*?)</td>", html)
    assert entries == [entry for i in range(10) for entry in (str(i), *(f"{of[i]:,}" for of in sizes))]


SOURCE = """
import re, sys
from pathlib import Path
import numpy as np
from cutaway.data import load_dataset
from cutaway.errors import DataError
points = Path(sys.argv[1])
points.write_text("0.5 1 0\\n1.5 2 1\\n2.5 3 0\\n")
data = load_dataset(points)
assert (data.name, data.shape, data.class_names) == ("mine", (2,), ("0", "1")), data
np.testing.assert_array_equal(data.sources["train"].x, np.float32([[0.5, 1], [1.5, 2], [2.5, 3]]))
points.write_text("no numbers")
try:
    load_dataset(points)
except DataError as error:
    assert re.search(r"one line of numbers per sample; got .*mine\\.points .*; next: check the file", str(error)), error
else:
    raise AssertionError("the damaged file was loaded")
"""


@pytest.mark.exhaustive
def test_the_data_source_is_loaded(follow, tmp_path):
    follow("cutaway/data/sources/text.py", SOURCE, tmp_path / "mine.points")
