"""The lessons are executed offline; their numbers are checked, and .py and .ipynb have the same cells and outputs.

`make test-all` executes all of them, and twice: the classic ones the second time on the digits of scikit-learn.
"""

import copy
import json
import re
from itertools import zip_longest
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[2] / "lessons"
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "teaching.md"
NAMES = [path.stem for path in sorted(LESSONS.glob("[0-9][0-9]_*.py"))]
CLASSIC = ("03_fully_connected", "04_inside_the_network")
"""Lessons that also run on the digits of scikit-learn."""

# Where the cells of a lesson assert nothing, since these numbers are for MNIST: a Python expression, evaluated in its
# kernel -> lowest and highest value.
NUMBERS_OF_DIGITS = {
    "03_fully_connected": {
        "counts['test'].sum()": (360, 360),
        "val_accuracy[-1]": (0.85, 1),
        "stop.best_epoch + 1": (3, 17),
        "test_accuracy": (0.80, 1),
    },
    "04_inside_the_network": {
        "first.quality.neighbors_preserved": (0.50, 0.80),
        "layout.quality.accuracy_plane": (0.75, 1),
    },
}


def sources(notebook):
    return [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]


def shown(notebook):
    """What a reader sees of each cell: text and images. Chart scripts are left out, their names contain a counter."""
    kinds = ("text/plain", "image/png")
    cells = {}
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        scripts = any("javascript" in kind for output in outputs for kind in output.get("data", {}))
        if not scripts:
            data = [output.get("data", {}) for output in outputs]
            cells[cell["id"]] = [output.get("text") for output in outputs] + [[d.get(k) for k in kinds] for d in data]
    return cells


WALL_SECONDS = 600
"""Time limit of a cell: other tests keep the machine busy. Its CPU seconds are judged afterwards."""

DECIMAL = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


def stale(written, executed):
    """The cells whose saved text is another one: words or whole numbers, or decimals by more than 0.005 and 2%.

    Another CPU changes the last digits of a decimal, and pictures, so pictures need only be there.
    """

    def texts(notebook):
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                yield cell["id"], "image/png" in data, output.get("text") or data.get("text/plain", "")

    def is_near(saved, now):
        words = [[" ".join(part.split()) for part in DECIMAL.split(text)] for text in (saved, now)]
        numbers = [list(map(float, DECIMAL.findall(text))) for text in (saved, now)]
        return words[0] == words[1] and all(abs(a - b) <= 0.005 + 0.02 * abs(b) for a, b in zip(*numbers, strict=True))

    pairs = list(zip_longest(texts(written), texts(executed), fillvalue=(None, None, "")))
    return [(a[2], b[2]) for a, b in pairs if a[:2] != b[:2] or not is_near(a[2], b[2])]


def differences(first, second):
    """The cells that show different things, so that a failure names them instead of printing a whole notebook."""
    return {
        cell: (first.get(cell), second.get(cell))
        for cell in sorted(first | second)
        if first.get(cell) != second.get(cell)
    }


@pytest.mark.exhaustive
def test_what_a_cell_shows_does_not_depend_on_when_it_prints(builder):
    notebook = builder.read_lesson(LESSONS / "10_your_own_model.py")
    notebook.cells = notebook.cells[:1]
    notebook.cells[0].update(cell_type="code", outputs=[], source="import time\nprint(1)\ntime.sleep(0.5)\nprint(2)")
    with builder.lesson_kernel(notebook) as kernel:
        kernel.run()
    assert [output["text"] for output in notebook.cells[0].outputs] == ["1\n2\n"]


def values_of(kernel, numbers):
    code = f"import json\nprint(json.dumps([float(eval(e)) for e in {list(numbers)!r}]))"
    return json.loads(kernel.execute(code))


def check_values(values, numbers):
    for (expression, (low, high)), value in zip(numbers.items(), values, strict=True):
        assert low <= value <= high, f"{expression} is {value}"


def check_outputs(notebook, builder):
    cleaned = builder.clean_outputs(notebook)  # raises if a cell mentions a folder or wrote to stderr
    assert not any(
        "javascript" in kind for c in cleaned.cells for o in c.get("outputs", []) for kind in o.get("data", {})
    )


def check_second_run(kernel, notebook, numbers):
    """Run the cells again in the same kernel, like a student who starts at the top: they show the same."""
    values, first = values_of(kernel, numbers), copy.deepcopy(notebook)
    kernel.run(skip=["once", "solution"])
    kernel.run_solutions()
    assert values_of(kernel, numbers) == values
    assert differences(shown(first), shown(notebook)) == {}
    return values, first


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CLASSIC)
def test_a_classic_lesson_runs_twice_on_the_digits(name, builder, on_digits):
    notebook = builder.read_lesson(LESSONS / f"{name}.py")
    (loading,) = (cell for cell in notebook.cells if cell.source.startswith("DATASET"))
    loading.source = on_digits(loading.source)
    with builder.lesson_kernel(notebook, seconds=WALL_SECONDS) as kernel:
        kernel.run()
        kernel.run_solutions()
        values, first = check_second_run(kernel, notebook, NUMBERS_OF_DIGITS[name])
    check_values(values, NUMBERS_OF_DIGITS[name])
    check_outputs(first, builder)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("length", "names"), [("45 minutes", CLASSIC[:1]), ("90 minutes", CLASSIC)])
def test_a_table_of_minutes_has_all_that_its_cells_need(length, names, builder, on_digits):
    """The cells of the sections in the guide's table, and no others, run in their order."""
    part = GUIDE.read_text().partition(f"\n## {length}\n")[2].partition("\n## ")[0]
    rows = [row.split("|")[3] for row in part.splitlines() if re.match(r"\| \d+ to \d+ \|", row)]
    planned = [title.strip() for row in rows for title in row.split(";") if title.strip()]
    sections = []
    for name in names:
        notebook, section = builder.read_lesson(LESSONS / f"{name}.py"), ""
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and cell.source.startswith("## "):
                section = cell.source.splitlines()[0].removeprefix("## ")
                sections.append(section)
            if section and section not in planned and cell.cell_type == "code":
                cell.source = ""
            if cell.source.startswith("DATASET"):
                cell.source = on_digits(cell.source)
        with builder.lesson_kernel(notebook, seconds=WALL_SECONDS) as kernel:
            kernel.run()
    assert len(planned) >= 3
    assert planned == [title for title in sections if title in planned]


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NAMES)
def test_the_lesson_holds_and_shows_what_its_notebook_shows(name, builder):
    """One test per lesson, so that parallel workers do not each execute it."""
    import nbformat

    notebook = first = builder.read_lesson(LESSONS / f"{name}.py")
    with builder.lesson_kernel(notebook, seconds=WALL_SECONDS) as kernel:  # wall time on a busy machine
        seconds = kernel.run()
        executed = builder.fold_solutions(builder.clean_outputs(copy.deepcopy(notebook)))
        seconds |= kernel.run_solutions()  # after all cells: an exercise can be solved then
        wrong = builder.wrong_solutions(kernel, LESSONS / f"{name}.py", LESSONS)
        if name not in CLASSIC:
            _, first = check_second_run(kernel, notebook, {})
    assert wrong == []
    slow = {cell: used for cell, used in seconds.items() if used > 2 * builder.CELL_SECONDS}
    assert not slow, "two cores offer this many CPU seconds within the time limit of a cell"
    check_outputs(first, builder)
    written = nbformat.read(LESSONS / f"{name}.ipynb", as_version=4)
    assert stale(written, executed) == [], f"run: python lessons/build.py {name}"


@pytest.mark.exhaustive
@pytest.mark.parametrize("claim", ["'XLA_FLAGS' not in os.environ", "cpu_flags()", "cpu_count() > 1"])
def test_nothing_is_written_of_a_lesson_that_holds_on_this_machine_only(claim, builder, tmp_path, monkeypatch):
    monkeypatch.setattr(builder, "LESSONS", tmp_path)
    monkeypatch.setattr(builder, "read_answers", lambda name: {})
    head = (LESSONS / f"{NAMES[0]}.py").read_text().partition("\n# %%")[0]
    cell = f"# %%\nimport os\nfrom cutaway.parallel.cpu import cpu_count, cpu_flags\nassert {claim}\n"
    (tmp_path / "20_here.py").write_text(f"{head}\n{cell}")
    with pytest.raises(ValueError, match="float32"):
        builder.build(tmp_path / "20_here.py")
    assert [path.name for path in tmp_path.iterdir()] == ["20_here.py"]


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_asks_and_answers(name, builder, editions, monkeypatch, capsys):
    """Each question has three options, one right and two with a hint; each exercise has an answer, as in its file."""
    import cutaway as ct

    cells, answers, lesson = (
        builder.read_lesson(LESSONS / f"{name}.py").cells,
        builder.read_answers(name),
        int(name[:2]),
    )
    asked = [number for cell in cells for number in editions.ASKED.findall(cell.source) if cell.cell_type == "code"]
    assert asked == sorted(set(asked), key=asked.index)
    assert set(asked) == set(answers)
    assert sum("goals" in cell.metadata.get("tags", ()) for cell in cells) == 1
    monkeypatch.chdir(LESSONS)
    text = "\n".join(cell.source for cell in cells if "question" in cell.metadata.get("tags", ()))
    for number, entry in answers.items():
        if "right" not in entry:
            assert {"answer", "hint"} <= set(entry), number
            continue
        question = re.search(rf"\*\*Question {number[1:]}\.\*\*.*?(?=\n\*\*Question|\Z)", text, re.DOTALL)[0]
        assert re.findall(r"^- (\w): ", question, re.MULTILINE) == ["a", "b", "c"], number
        assert {"why", "right", *"abc"} == {*entry, entry["right"]}, number
        for letter in "abc":
            ct.check(f"{lesson}.{number}", letter)
            expected = f"right. {entry['why']}" if letter == entry["right"] else f"not yet. {entry[letter]}"
            assert capsys.readouterr().out == f"{lesson}.{number}: {expected}\n"


def test_an_output_is_stale_where_a_number_has_changed():
    import nbformat

    def notebook(text):
        cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("stream", text=text)])
        return nbformat.v4.new_notebook(cells=[cell | {"id": "a"}])

    saved = notebook("0  0.847   12")
    assert stale(saved, notebook("0 0.8471 12")) == []
    for changed in ("0  0.900   12", "0  0.847   13", "0  0.847   12 more", ""):
        assert stale(saved, notebook(changed)) == [("0  0.847   12", changed)]


@pytest.mark.parametrize("name", NAMES)
def test_the_notebook_has_the_cells_of_the_lesson(name, builder):
    import nbformat

    written = nbformat.read(LESSONS / f"{name}.ipynb", as_version=4)
    assert sources(written) == sources(builder.fold_solutions(builder.read_lesson(LESSONS / f"{name}.py")))
    assert not any("solution" in cell.metadata.get("tags", ()) for cell in written.cells if cell.cell_type == "code")
    assert any(cell.get("outputs") for cell in written.cells)
    assert not any(o.output_type == "error" for cell in written.cells for o in cell.get("outputs", []))
    assert (LESSONS / f"{name}.ipynb").stat().st_size < 3_000_000


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_a_title(name, builder):
    cells = [cell.source for cell in builder.read_lesson(LESSONS / f"{name}.py").cells]
    drawing = [source for source in cells if "plt.show()" in source]
    assert drawing or any(".plot()" in source for source in cells), "figures of results have titles of their own"
    assert all("title" in source or "scatter(plt.gca()" in source for source in drawing)  # scatter takes a title


@pytest.mark.exhaustive
def test_the_interactive_chart_works_offline(builder):
    """Bokeh's script comes from the installed package, and the chart has all points."""
    notebook = builder.read_lesson(LESSONS / "04_inside_the_network.py")
    sources_ = [cell.source for cell in notebook.cells]
    notebook.cells = [cell for cell in notebook.cells if "chart = embedding_scatter_bokeh" in cell.source]
    assert sum("chart = " in source for source in sources_) == len(notebook.cells) == 1
    with builder.lesson_kernel(notebook, seconds=WALL_SECONDS) as kernel:
        kernel.execute(
            "import types, numpy as np\nfrom cutaway.plots import embedding_scatter_bokeh\n"
            "names = [str(digit) for digit in range(10)]\n"
            "layout = types.SimpleNamespace(xy=np.zeros((50, 2), np.float32))\ny_train = np.arange(50) % 10"
        )
        kernel.run()
        assert kernel.execute("print(sum(len(r.data_source.data['x']) for r in chart.renderers))").strip() == "50"
    shown = json.dumps(notebook.cells[0].outputs)
    assert "<iframe srcdoc=" in shown
    assert len(shown) > 300_000  # the script itself, not a link to it
    builder.clean_outputs(notebook)
    assert notebook.cells[0].outputs[0].data == {"text/plain": builder.CHART}


@pytest.mark.exhaustive
def test_editions_have_solutions_for_teachers_only_and_fetch_nothing(editions, tmp_path):
    import nbformat

    written = {path.relative_to(tmp_path).as_posix() for path in editions.write_editions(tmp_path)}
    assert written >= {
        f"{kind}/{name}.{ending}" for kind in ("student", "teacher") for name in NAMES for ending in ("ipynb", "html")
    }
    assert written >= {f"handout/{name}.html" for name in NAMES}
    for name in NAMES:
        original = nbformat.read(LESSONS / f"{name}.ipynb", as_version=4)
        tags = [set(cell.metadata.get("tags", ())) for cell in original.cells]
        solutions, asking = (sum(tag in of_cell for of_cell in tags) for tag in ("solution", "answer"))
        student = nbformat.read(tmp_path / "student" / f"{name}.ipynb", as_version=4)
        left_out = [cell for cell in original.cells if cell not in student.cells]
        assert len(left_out) == sum(bool(of_cell & {"solution", "about-solutions", "check"}) for of_cell in tags)
        shown = "\n".join(cell.source for cell in student.cells)
        assert not re.search(r"<summary>|click on .Solution.", shown)
        teacher = nbformat.read(tmp_path / "teacher" / f"{name}.ipynb", as_version=4)
        assert [cell for cell in teacher.cells if not cell["id"].endswith("-expected")] == original.cells
        for kind, folded in (("student", 0), ("teacher", solutions + asking)):
            page = (tmp_path / kind / f"{name}.html").read_text()
            assert page.count("<details><summary>") == folded
            assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=\"(https?:)?//", page)
            assert 'alt="Figure in the section ' in page
            assert "No description" not in page, "what nbconvert writes for a figure without alternative text"
            assert not re.search(r"\$[a-zA-Z\\\\]", re.sub(r"<(pre|code|script).*?</\1>", "", page, flags=re.DOTALL))
        assert len(list((tmp_path / "teacher" / "solutions" / name).glob("*.py"))) == solutions
        sheet = (tmp_path / "handout" / f"{name}.html").read_text()
        assert "Expected answers" not in sheet
        assert sheet.count("<strong>Question ") == sum(
            "right" in entry for entry in editions.read_answers(name).values()
        )


def test_formulas_are_mathml_and_dollars_in_code_stay(editions):
    text = editions.with_mathml("Cost: `$x$` and $x^2$.\n\n$$\\frac{a}{b}$$")
    assert text.count("<math") == 2
    assert "`$x$`" in text
    assert "$x^2$" not in text
