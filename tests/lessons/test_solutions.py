"""Every exercise has an empty cell that checks itself and a solution, and no other cell needs a solution.

The solutions run in test_lessons.py.
"""

import ast
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[2] / "lessons"
NAMES = [path.stem for path in sorted(LESSONS.glob("[0-9][0-9]_*.py"))]


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def cells(name, builder):
    return builder.read_lesson(LESSONS / f"{name}.py").cells


def tagged(cells, tag):
    return [number for number, cell in enumerate(cells) if tag in cell.metadata.get("tags", ())]


def test_each_exercise_is_empty_and_followed_by_its_solution(name, cells):
    exercises = tagged(cells, "exercise")
    assert len(exercises) >= 3
    assert [number + 1 for number in exercises] == tagged(cells, "solution")
    for place, number in enumerate(exercises, 1):
        assert cells[number].source == f'# your code here\n\nct.check("{int(name[:2])}.{place}", None)'
        assert cells[number - 1].source.startswith(f"### Exercise {place}: ")
        assert "assert " in cells[number + 1].source


def names(source, kind):
    tree = ast.parse("\n".join(line for line in source.splitlines() if not line.startswith("%")))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, kind)}


def test_no_cell_depends_on_a_solution(cells):
    """A student who skips an exercise can go on: no later cell uses a name that only a solution defines."""
    defined, by_solutions = set(), set()
    for cell in cells:
        if cell.cell_type != "code":
            continue
        if "solution" in cell.metadata.get("tags", ()):
            by_solutions |= names(cell.source, ast.Store)
        else:
            defined |= names(cell.source, ast.Store)
            assert not names(cell.source, ast.Load) & (by_solutions - defined), cell.source


def test_no_solution_changes_a_variable_of_the_lesson(cells):
    stored = {True: set(), False: set()}
    for cell in cells:
        if cell.cell_type == "code":
            stored["solution" in cell.metadata.get("tags", ())] |= names(cell.source, ast.Store)
    assert stored[True] & stored[False] <= {
        "name",
        "limit",
        "layer",
        "axis",
        "panel",
    }  # defined and used within one cell
