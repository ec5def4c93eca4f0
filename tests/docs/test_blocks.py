"""The Python blocks of the guides run from top to bottom, on the digits in place of MNIST."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = sorted(path.name for path in (DOCS / "guides").glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def program(page: str) -> str:
    """All blocks of a page as one program; the pictures become 8 by 8."""
    code = "\n".join(BLOCK.findall(page))
    return code.replace('"mnist"', '"digits"').replace("(28, 28)", "(8, 8)")


@pytest.mark.parametrize("name", GUIDES)
def test_blocks_run(name, tmp_path):
    code = program((DOCS / "guides" / name).read_text())
    if not code:
        pytest.skip("a page without Python")
    file = tmp_path / "page.py"
    file.write_text(textwrap.dedent(code))
    done = subprocess.run([sys.executable, file.name], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_guides_have_blocks():
    with_code = [name for name in GUIDES if program((DOCS / "guides" / name).read_text())]
    assert len(with_code) >= 5


def test_pages_hold_no_python_that_does_not_compile():
    for path in sorted(DOCS.rglob("*.md")):
        for block in BLOCK.findall(path.read_text()):
            compile(block, str(path), "exec")
