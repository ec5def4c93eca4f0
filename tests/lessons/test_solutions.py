"""Every exercise has an empty cell, a solution, and the same solution as a script that runs.

The scripts of the first lesson run on the digits of scikit-learn: on MNIST, test_lessons.py runs the same code.
"""

import ast
import runpy
import shutil
import sys
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

LESSONS = Path(__file__).parents[2] / "lessons"
SOLUTIONS = LESSONS / "solutions"
EXERCISES = {"01_fully_connected": 10, "04_your_own_table": 5}


def number_of(script):
    return int(script.stem.partition("_")[0])


SCRIPTS = {name: sorted((SOLUTIONS / name).glob("[0-9]*_*.py"), key=number_of) for name in EXERCISES}


@pytest.fixture(scope="module", params=EXERCISES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def cells(name, builder):
    return builder.read_lesson(LESSONS / f"{name}.py").cells


def tagged(cells, tag):
    return [number for number, cell in enumerate(cells) if tag in cell.metadata.get("tags", ())]


def test_lessons_with_exercises_have_a_folder_of_solutions(builder):
    with_exercises = [p.stem for p in builder.lessons() if tagged(builder.read_lesson(p).cells, "exercise")]
    assert with_exercises == list(EXERCISES) == sorted(path.name for path in SOLUTIONS.glob("[0-9]*"))


def test_each_exercise_is_empty_and_followed_by_its_solution(name, cells):
    exercises = tagged(cells, "exercise")
    assert [number + 1 for number in exercises] == tagged(cells, "solution")
    assert len(exercises) == len(SCRIPTS[name]) == EXERCISES[name]
    for place, number in enumerate(exercises, 1):
        assert cells[number].source == "# your code here"
        assert cells[number - 1].source.startswith(f"### Exercise {place}: ")
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


def test_the_scripts_have_the_code_of_the_cells(name, cells):
    for script, number in zip(SCRIPTS[name], tagged(cells, "solution"), strict=True):
        code = f"# --- the solution, as in the notebook ---\n\n{cells[number].source}\n"
        assert script.read_text().endswith(code), script


def test_the_scripts_have_the_data_of_the_lesson(name, cells):
    (number,) = tagged(cells, "file")
    assert f"\n{cells[number].source}\n" in (SOLUTIONS / name / "_lesson.py").read_text()


@pytest.fixture(scope="module")
def small(tmp_path_factory, on_digits):
    """The folder of the first lesson's scripts, on small data."""
    folder = tmp_path_factory.mktemp("solutions") / "01_fully_connected"
    shutil.copytree(SOLUTIONS / folder.name, folder)
    shared = folder / "_lesson.py"
    shared.write_text(on_digits(shared.read_text()))
    return folder


@pytest.fixture(scope="module")
def run_solution(small):
    """The scripts import ``_lesson`` from their own folder, which trains its models once for all of them."""
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    imported = {}  # the ``_lesson`` of each folder

    def run(script):
        with pytest.MonkeyPatch.context() as monkeypatch:
            if script.parent.name == small.name:
                script = small / script.name
            monkeypatch.syspath_prepend(str(script.parent))
            if script.parent in imported:
                sys.modules["_lesson"] = imported[script.parent]
            try:
                return runpy.run_path(str(script), run_name="__main__")
            finally:
                if lesson := sys.modules.pop("_lesson", None):  # not every script needs it
                    imported[script.parent] = lesson

    yield run
    for lesson in imported.values():
        for value in vars(lesson).values():
            if isinstance(value, TemporaryDirectory):
                value.cleanup()
    plt.close("all")


CHECKS = {
    "1_count_the_digits": lambda n: n["counts"]["train"].sum() == 1437 and n["counts"]["test"].sum() == 360,
    "2_build_a_model": lambda n: n["by_hand"] == 65 * 300 + 301 * 100 + 101 * 10,
    "3_train_longer": lambda n: len(n["val_accuracy"]) == 8 and n["val_accuracy"][-1] > n["val_accuracy"][0],
    "4_add_dropout": lambda n: n["without_dropout"] > n["with_dropout"][-1] and len(n["small_dropout"].layers) == 5,
    "5_another_layout": lambda n: n["preserved"]["t-SNE"] > 0.5 > n["preserved"]["Isomap"],
    "6_first_and_last_layer": lambda n: n["directions"]["output"] < 10 <= n["directions"]["dense_1"],
    "7_find_the_inactive_units": lambda n: n["inactive_at_low_rate"] < 20 <= len(n["inactive"]),
    "8_which_layer_knows": lambda n: n["since"]["dense_1"] == 0 < n["since"]["output"],
    "9_explain_one_mistake": lambda n: abs(n["total"] - n["attribution"].difference) < 1e-3,
    "10_how_far": lambda n: len(n["errors"]) == 5 and max(n["errors"].values()) < 0.15,
    "1_one_column": lambda n: n["best_column"] == "concave points" and 0.8 < n["stump_accuracy"] < 0.93,
    "2_find_more": lambda n: n["lower"][0] <= n["at_half"][0] <= 10 and n["lower"][1] >= n["at_half"][1],
    "3_a_column_that_knows_too_much": lambda n: n["untreated_accuracy"] < 0.95 < n["leaky_run"].test["accuracy"],
    "4_what_would_change_the_answer": lambda n: n["as_measured"] < 0.2 and n["malignant_by_value"].max() > 0.5,
    "5_more_patients": lambda n: list(n["losses"]) == [50, 100, 200, 423] and 0.05 < n["losses"][423] < 0.25,
}


@pytest.mark.exhaustive  # the first lesson itself runs in `make test`
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive:UserWarning")  # plt.show() without a screen
@pytest.mark.filterwarnings('ignore:"treatment" alone tells the label')  # what that exercise is about
@pytest.mark.filterwarnings('ignore:1 column differs between .*"treatment"')  # that exercise changes it in all rows
@pytest.mark.parametrize("script", list(chain(*SCRIPTS.values())), ids=lambda path: path.stem)
def test_the_solution_runs_and_is_correct(script, run_solution):
    assert CHECKS[script.stem](run_solution(script))
