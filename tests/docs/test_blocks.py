"""The Python code of README's first block and of the guides runs from top to bottom, on the digits instead of MNIST."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)

SMALLER = {'"mnist"': '"digits"', "(28, 28)": "(8, 8)"}


def blocks(path: Path) -> list[str]:
    return BLOCK.findall(path.read_text(encoding="utf-8"))


PROGRAMS = {path.name: "\n".join(blocks(path)) for path in sorted((DOCS / "guides").glob("*.md")) if blocks(path)}
PROGRAMS["start.md"] = "\n".join(blocks(DOCS / "start.md"))
PROGRAMS["README.md"] = blocks(ROOT / "README.md")[0]


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", PROGRAMS)
def test_blocks_run(name, tmp_path, monkeypatch):
    """In this process: Keras is imported and programs are compiled once for all pages. Names are each page's own."""
    file = tmp_path / "page.py"
    code = PROGRAMS[name]
    for mnist, digits in SMALLER.items():
        code = code.replace(mnist, digits)
    file.write_text(code)
    monkeypatch.chdir(tmp_path)
    runpy.run_path(file.name)
    if name != "tsne.md":  # which has no run
        assert list(tmp_path.glob("runs/*/run.json")), "there is a run folder where one was asked for"


def test_all_guides_with_python_are_tested():
    assert {"README.md", "start.md", "tables.md", "images.md", "scikit-learn.md"} < set(PROGRAMS)
    assert {"own-arrays.md", "own-model.md", "own-fit.md", "run-folder.md", "stopping.md", "tsne.md"} <= set(PROGRAMS)


def test_every_python_block_compiles():
    for path in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]:
        for block in blocks(path):
            compile(block, str(path), "exec")
