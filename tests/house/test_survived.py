"""Failures that are survived are logged, or a comment says why losing them is right."""

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "cutaway"
SOURCES = {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
SUPPRESSED = re.compile(r"\bsuppress\((.*)\)")
BROAD = re.compile(r"\b((OS|Runtime|Cutaway|Data|Run|Model|Training|Execution)Error|(Base|Arrow)?Exception)\b|^$")
"""Kinds of errors that are raised for more reasons than one, so that a failure may be among them."""


def is_said(handler: ast.ExceptHandler) -> bool:
    """Whether a handler raises, logs, or does something with its error."""
    inside = [node for line in handler.body for node in ast.walk(line)]
    names = {node.id for node in inside if isinstance(node, ast.Name)}
    return handler.name in names or "log" in names or any(isinstance(node, ast.Raise) for node in inside)


def silent(source: str) -> list[int]:
    """The lines that lose an error of a broad kind, and have no comment."""
    lines = source.splitlines()
    found = [number for number, line in enumerate(lines, 1) if SUPPRESSED.search(line) and "  # " not in line]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler) and not is_said(node):
            kinds, comment = ast.unparse(node.type) if node.type else "", lines[node.lineno - 1]
            if BROAD.search(kinds) and "  # " not in comment + lines[node.body[0].lineno - 1]:
                found.append(node.lineno)
    return found


def test_silent_lines_are_found():
    assert silent("try:\n    a()\nexcept OSError:\n    b = None\nwith suppress(KeyError):\n    c()") == [5, 3]
    assert not silent("try:\n    a()\nexcept OSError as error:\n    log.info('no a: %s', error)")


def test_an_error_is_logged_or_a_comment_says_why_it_may_be_lost():
    for name, source in SOURCES.items():
        assert silent(source) == [], f"{name}: log it with `survive`, or say in a comment why losing it is right"
        for kinds in SUPPRESSED.findall(source):
            assert not re.search(r"\b(Base)?Exception\b", kinds), f"{name}: too broad"
