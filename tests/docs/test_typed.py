"""What README and the docs tell a reader to type exists: commands, options, names of Python and of Make."""

import re
import shlex
from pathlib import Path

import typer

import cutaway as ct
from cutaway.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = typer.main.get_command(app).commands
FILES = {"json", "py", "lock", "zip"}
"""Ends of the names of files that are called run."""
GLOBAL = {"--help", "-h", "--version", "--debug"}

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`+([^`]+)`+")


def typed(text: str) -> list[str]:
    """Command lines of a page that begin with the program: in blocks, and between backticks."""
    blocks = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    blocks += [line.strip() for fence in _FENCE.findall(text) for line in fence.splitlines()]
    spans = [span.strip() for span in _INLINE.findall(_FENCE.sub("", text).replace("\n", " "))]
    lines = [re.sub(r"^(?:\S+/|python -m |uvx --from \S+ )(?=cutaway\b)", "", line) for line in [*blocks, *spans]]
    return [line for line in lines if re.match(r"cutaway [a-z-]", line)]


def words_of(line: str) -> list[str]:
    """The words of one command, without a comment and what comes after a pipe."""
    words = shlex.split(line.removesuffix("\\"), comments=True)
    ends = [k for k, word in enumerate(words) if word in ("|", "&&", "&", ";") or word.startswith((">", "2>"))]
    return words[: min(ends, default=len(words))]


LINES = sorted({(path.relative_to(ROOT).as_posix(), line) for path in PAGES for line in typed(path.read_text())})


def test_many_lines_are_found():
    assert len(LINES) > 150
    assert len({page for page, _ in LINES}) > 20


def test_a_command_that_is_written_down_exists_with_its_options():
    for page, line in LINES:
        _, name, *rest = words_of(line)
        known, options = GLOBAL, [name]
        if not name.startswith("-"):
            assert name in COMMANDS, (page, line)
            known = GLOBAL.union(*((*each.opts, *each.secondary_opts) for each in COMMANDS[name].params))
            options = [word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
        assert not set(options) - known, (page, line)


def test_a_name_of_python_that_is_written_down_exists():
    for path in PAGES:
        text = path.read_text()
        code = "\n".join([*_FENCE.findall(text), *_INLINE.findall(_FENCE.sub("", text).replace("\n", " "))])
        names = set(re.findall(r"\bct\.([A-Za-z_]\w*)", code)) - {"check"}
        assert not {name for name in names if not hasattr(ct, name)}, path
        of_runs = set(re.findall(r"(?<![\w.])run\.([a-z_]\w*)\b", code)) - FILES
        assert not {name for name in of_runs if not hasattr(ct.Run, name)}, path


def test_a_target_of_make_that_is_written_down_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in PAGES:
        text = path.read_text()
        code = [*_INLINE.findall(text), *(line for line in text.splitlines() if line.startswith("    "))]
        written = {target for each in code for target in re.findall(r"^\s*make ((?!PYTHON)[a-z-]+)", each)}
        assert written <= targets, path


def test_the_numbers_in_the_readme_are_those_of_the_benchmarks():
    readme, benchmarks = (ROOT / "README.md").read_text(), (ROOT / "docs" / "benchmarks.md").read_text()
    table = readme.partition("## How fast")[2].partition("## ")[0]
    numbers = re.findall(r"\d+\.\d+(?= s)|(?<=KL )\d+\.\d+", table)
    assert len(numbers) == 11
    assert not [number for number in numbers if number not in benchmarks]


def test_the_readme_and_the_changelog_are_short():
    for name in ("README.md", "CHANGELOG.md"):
        assert len(re.sub(r"!?\[[^]]*\]\([^)]*\)", "link", (ROOT / name).read_text()).split()) <= 700
