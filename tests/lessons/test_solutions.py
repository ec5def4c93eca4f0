"""Every exercise has an empty cell, a collapsed solution, and the same solution as a script that runs."""

import ast
import runpy
import sys
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[2] / "lessons"
SOLUTIONS = LESSONS / "solutions"
SCRIPTS = sorted(SOLUTIONS.glob("[0-9]_*.py"))


@pytest.fixture(scope="module")
def cells(builder):
    return builder.read_lesson(LESSONS / "01_fully_connected.py").cells


def tagged(cells, tag):
    return [number for number, cell in enumerate(cells) if tag in cell.metadata.get("tags", ())]


def test_each_exercise_is_empty_and_followed_by_its_collapsed_solution(cells):
    exercises = tagged(cells, "exercise")
    assert [number + 1 for number in exercises] == tagged(cells, "solution")
    assert len(exercises) == len(SCRIPTS) == 9
    for place, number in enumerate(exercises, 1):
        assert cells[number].source == "# your code here"
        assert cells[number - 1].source.startswith(f"### Exercise {place}: ")
        assert cells[number + 1].metadata["jupyter"] == {"source_hidden": True, "outputs_hidden": True}
        assert "assert " in cells[number + 1].source


def test_no_cell_depends_on_a_solution(cells):
    """A student who skips an exercise can go on: no later cell uses a name that only a solution defines."""

    def names(source, kind):
        tree = ast.parse("\n".join(line for line in source.splitlines() if not line.startswith("%")))
        return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, kind)}

    defined, by_solutions = set(), set()
    for cell in cells:
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("tags", ())
        if "solution" in tags:
            by_solutions |= names(cell.source, ast.Store)
        else:
            defined |= names(cell.source, ast.Store)
            assert not names(cell.source, ast.Load) & (by_solutions - defined), cell.source


def test_no_solution_changes_a_variable_of_the_lesson(cells):
    stored = {True: set(), False: set()}
    for cell in cells:
        if cell.cell_type == "code":
            source = "\n".join(line for line in cell.source.splitlines() if not line.startswith("%"))
            found = {
                n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
            stored["solution" in cell.metadata.get("tags", ())] |= found
    assert stored[True] & stored[False] <= {"name", "limit", "layer"}  # defined and used within one cell each


@pytest.mark.parametrize("place", range(9))
def test_the_script_has_the_code_of_the_cell(place, cells):
    cell = cells[tagged(cells, "solution")[place]]
    assert SCRIPTS[place].read_text().endswith(f"# --- the solution, as in the notebook ---\n\n{cell.source}\n")


@pytest.fixture(scope="module")
def run_solution():
    """The scripts import ``_lesson`` from their own folder, which trains its models once for all of them."""
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(SOLUTIONS))
        yield lambda script: runpy.run_path(str(script), run_name="__main__")
        sys.modules.pop("_lesson").folder.cleanup()
    plt.close("all")


CHECKS = {
    "1_count_the_digits": lambda n: n["counts"].loc[5, "train"] == 5421 and n["counts"].loc[1, "test"] == 1135,
    "2_build_a_model": lambda n: n["by_hand"] == 266_610,
    "3_train_longer": lambda n: len(n["val_accuracy"]) == 8 and 0.91 < n["val_accuracy"][-1] < 0.95,
    "4_add_dropout": lambda n: 0.85 < n["without_dropout"] < 0.92 and len(n["small_dropout"].layers) == 5,
    "5_another_layout": lambda n: n["preserved"]["t-SNE"] > 0.5 > n["preserved"]["Isomap"],
    "6_first_and_last_layer": lambda n: n["directions"]["output"] < 10 < n["directions"]["dense_1"],
    "7_find_the_inactive_units": lambda n: 20 <= len(n["inactive"]) <= 300 and n["inactive_at_low_rate"] == 0,
    "8_which_layer_knows": lambda n: n["since"]["dense_1"] == 0 < n["since"]["output"],
    "9_explain_one_mistake": lambda n: abs(n["total"] - n["attribution"].difference) < 1e-3,
}


@pytest.mark.exhaustive  # the first lesson itself runs on a tenth of the data in `make test`
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive:UserWarning")  # plt.show() without a screen
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_solution_runs_and_is_correct(script, run_solution):
    assert CHECKS[script.stem](run_solution(script))
