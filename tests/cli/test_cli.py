import ast
import json
import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import typer

import cutaway as ct
from cutaway.cli.main import app
from cutaway.cli.output import as_typed
from cutaway.errors import Hint, UsageError
from cutaway.progress import active_tokens

OF_DATA = {"label": "y", "month_first": True, "test_share": 0.3}


@pytest.mark.parametrize(
    ("typed", "name", "given", "options"),
    [
        (
            "train digits --hidden 16,8 --dropout 0.1 --epochs 3 --seed 4 --optimizer sgd --momentum 0.9 --name mine",
            *("train_recipe", ("digits",)),
            {"form": {"hidden": (16, 8), "dropout": 0.1}, "epochs": 3, "seed": 4, "optimizer": "sgd", "name": "mine"},
        ),
        (
            "train t.csv --label y --month-first --test-share 0.3 --recipe table --label-smoothing 0.1 --runs here",
            *("train_recipe", ("t.csv",)),
            {"options": OF_DATA, "recipe": "table", "label_smoothing": 0.1, "runs": "here", "form": {}},
        ),
        (
            "train t.csv --label -1 --no-header --class-names a,b --centering mass --batch-norm --patience 2",
            *("train_recipe", ("t.csv",)),
            {
                "options": {"label": "-1", "header": False, "class_names": ("a", "b"), "centering": "mass"},
                "patience": 2,
            },
        ),
        (
            "train --like RUN --epochs 2 --from-epoch 1 --ignore age --data moved.csv",
            *("train_like", ("RUN",)),
            {"epochs": 2, "from_epoch": 1, "ignore": ("age",), "data": "moved.csv"},
        ),
        ("resume RUN --data moved.csv --runs here", "resume", ("RUN",), {"data": "moved.csv", "runs": "here"}),
    ],
)
def test_what_is_typed_is_what_python_is_asked_for(cutaway, asked, digits_run, typed, name, given, options):
    run = str(digits_run.path)
    code, out, err = cutaway(*(run if word == "RUN" else word for word in typed.split()), "--json")
    assert code == 0, err
    ((called, positions, named),) = asked
    assert (called, positions) == (name, tuple(run if each == "RUN" else each for each in given))
    assert json.loads(json.dumps({key: named[key] for key in options})) == json.loads(json.dumps(options))
    answer = json.loads(out)
    assert answer["test"] == digits_run.test
    assert answer["train_like"] == f"cutaway train --like {digits_run.path.name}"


def test_an_embedding_that_was_canceled_is_shown_and_ends_with_130(cutaway, digits_run, monkeypatch):
    def cancel_in_the_descent(now):
        if now.task == "t-SNE" and now.done:
            active_tokens()[-1].cancel()

    monkeypatch.setattr("cutaway.results.progress._lines", lambda: cancel_in_the_descent)
    code, out, err = cutaway("embed", digits_run.path, "--split", "test", "--perplexity", "21.5", "--json")
    answer = json.loads(out)
    assert code == 130
    assert (answer["settings"]["stopped"], answer["file"], answer["quality"]) == ("canceled", None, None)
    assert re.match(r"stopped after \d+ iterations", err.strip().splitlines()[-1])


@pytest.mark.exhaustive
def test_a_stopped_training_says_how_to_go_on_everywhere(cutaway, tmp_path, monkeypatch):
    def stop_in_epoch_3(now):
        if now.task == "training" and now.note.startswith("epoch 3/"):
            active_tokens()[-1].cancel()

    with monkeypatch.context() as patched:
        patched.setattr("cutaway.results.progress._lines", lambda: stop_in_epoch_3)
        code, out, err = cutaway("train", "digits", "--epochs", "5", "--runs", "my runs", "--name", "it")
    (run,) = (tmp_path / "my runs").iterdir()
    again = f"cutaway resume '{run}'"
    assert (code, out) == (130, "")
    assert err.splitlines()[-1].endswith(again)
    code, out, _ = cutaway("show", run)
    assert code == 0
    assert again in out
    assert cutaway("report", run)[0] == 0
    assert f"cutaway resume {run.name}" in (run / "report.html").read_text()
    code, out, _ = cutaway("resume", run, "--json")
    assert (code, json.loads(out)["status"]) == (0, "finished")


def test_datasets(cutaway):
    code, out, _ = cutaway("datasets")
    assert code == 0
    assert "70,000" in out
    code, out, _ = cutaway("datasets", "--json")
    assert [row["name"] for row in json.loads(out)] == ["mnist", "digits"]


@pytest.mark.parametrize("width", [pytest.param(60, marks=pytest.mark.exhaustive), 80])
def test_what_is_done_with_each_column_fits_the_terminal(cutaway, tmp_path, monkeypatch, width):
    rows = "".join(f"{n},{n % 40},row number {n},{n % 40},{'ab'[n % 2]},{'xy'[n % 2]}\n" for n in range(200))
    (tmp_path / "t.csv").write_text("n,a number with a long name,note,copy,fold,y\n" + rows)
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, err = cutaway("datasets", "t.csv", "--label", "y", "--group", "fold", "--numbers", "robust", "--id", "n")
    assert code == 0, err
    table = [line.rstrip() for line in out.partition("\nNo model")[0].splitlines()][4:]
    # the heading, a line below it, and one for each of six columns, once more where they do not fit side by side
    assert len([line for line in table if line]) == (8 if width >= 80 else 16)
    assert max(map(len, table)) <= width
    assert "Values" in out


def test_datasets_says_why_data_cannot_be_trained_on_and_warns_of_columns(cutaway, tmp_path):
    rows = "".join(f"{n % 7},{n % 2},{n * n + 7},{'ab'[n % 2]}\n" for n in range(200))
    (tmp_path / "t.csv").write_text("rooms,twin,price,y\n" + rows)
    code, out, err = cutaway("datasets", "t.csv", "--label", "price", "--json")
    assert (code, err) == (0, "")
    assert "39,608" in json.loads(out)["problem"]
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # printed, as outside of the tests
        code, out, err = cutaway("datasets", "t.csv", "--label", "y")
    assert code == 0
    assert '"twin"' in err
    code, out, _ = cutaway("datasets", "t.csv", "--label", "y", "--ignore", "twin", "--json")
    document = json.loads(out)
    assert document["problem"] is None
    assert document["source_counts"] == {"train": document["columns"][0]["rows"]}
    assert sum(row["samples"] for row in document["class_counts"]) == document["source_counts"]["train"]


def test_the_list_of_commands_has_a_line_for_each(cutaway, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = cutaway("--help")
    listed = out.partition("  -h, --help")[2].partition("\n")[2].partition("New here?")[0]
    groups = re.findall(r"^\S.*:$", listed, re.MULTILINE)
    lines = [line for line in listed.splitlines() if line.strip() and line not in groups]
    shown = [command for command in app.registered_commands if not command.hidden]
    assert (code, len(groups), len(lines)) == (0, 5, len(shown))
    assert all(re.match(r"  [a-z-]+ +[A-Z].*\.$", line) for line in lines)


def test_a_sweep_is_not_taken_for_a_run(cutaway, tmp_path):
    folder = tmp_path / "runs" / "sweep-digits"
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text("{}")
    for name in ("sweep-digits", "runs/sweep-digits"):
        code, _, err = cutaway("show", name)
        assert code == 2
        assert "runs/sweep-digits/trial-0000" in err
        assert "cutaway report sweep-digits" in err
    code, out, _ = cutaway("runs")
    assert (code, "sweep-digits" in out) == (0, True)


WRONG = [
    (("train", "mnits"), "mnits"),
    (("train", "digits", "--recipe", "lessen"), '"lesson"'),
    (("train", "digits", "--hidden", "512,0"), "1,000,000"),
    (("train", "digits", "--hidden", "many"), '"many"'),
    (("train", "digits", "--batch-norm", "--ensemble", "2"), "ensemble"),
    (("train", "digits", "--epochs", "-2"), "epochs"),
    (("train", "digits", "--epochs", "two"), "--epochs"),
    (("train",), "cutaway train mnist"),
    (("train", "mnist", "--from-epoch", "1"), "--like"),
    (("train", "mnist", "--data", "mnist"), "--data"),
    (("train", "--like", "latest", "--hidden", "8"), "--hidden"),
    (("train", "digits", "--labels", "."), "."),
    (("train", "digits", "--nonsense"), "--nonsense"),
    (("trian", "digits"), '"train"'),
    (("conf",), '"confidence"'),
    (("foo",), '"foo"'),
    (("units", "--engine", "local"), "--engine"),
    (("show", "nothing"), '"nothing"'),
    (("runs", "elsewhere"), '"elsewhere"'),
    (("compare", "--leaderboard", "elsewhere"), '"elsewhere"'),
    (("doctor", "nothing"), '"nothing"'),
    (("doctor", "nothing.csv", "--label", "y"), '"nothing.csv"'),
    (("doctor", "digits", "--try"), "digits"),
    (("label-issues", "none/nothing"), '"none/nothing"'),
    (("open", "none.keras"), "none.keras"),
    (("layers", "latest"), '"runs"'),
    (("train", "digits", "--runs", "/proc/runs"), "/proc/runs"),
]


@pytest.mark.parametrize(("arguments", "named"), WRONG, ids=lambda v: " ".join(v) if isinstance(v, tuple) else "")
def test_a_wrong_call_is_one_readable_line_and_leaves_nothing(cutaway, tmp_path, arguments, named):
    code, out, err = cutaway(*arguments)
    assert code == (1 if "/proc/runs" in arguments else 2)
    assert out == ""
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("error: ")
    assert named in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_a_finished_training_is_not_resumed_but_trained_again(cutaway, digits_run):
    code, _, err = cutaway("resume", digits_run.path)
    assert (code, f"--like {digits_run.path}" in err, "--epochs" in err) == (2, True, True)


def test_the_epoch_that_is_kept_is_shown_with_the_reason(cutaway, copied_run):
    run = copied_run("digits")
    code, out, _ = cutaway("show", run.path)
    assert (code, "epoch 6, the last" in out) == (0, True)
    record = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps({**record, "kept_epoch": 2}))
    rows = [json.loads(line) for line in (run.path / "history.jsonl").read_text().splitlines()]
    lines = [json.dumps({**row, "val_loss": 9.0} if row.get("epoch") != 2 else row) for row in rows]
    (run.path / "history.jsonl").write_text("\n".join(lines) + "\n")
    code, out, _ = cutaway("show", run.path)
    assert (code, "epoch 2, the one with the lowest validation loss" in out) == (0, True)


def test_debug_shows_the_traceback(cutaway):
    code, _, err = cutaway("show", "nothing", "--debug")
    assert code == 2
    assert "Traceback" in err
    assert err.strip().splitlines()[-1].startswith("error: ")


@pytest.mark.parametrize(
    "given",
    [pytest.param(("-c", "from cutaway.cli import main; main()"), marks=pytest.mark.exhaustive), ("-m", "cutaway")],
)
def test_the_program_as_a_process(tmp_path, given):
    command = [sys.executable, *given]
    out = subprocess.run([*command, "--version"], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert out.stdout == "cutaway 0.1.0\n"
    wrong = subprocess.run([*command, "shw"], capture_output=True, text=True, cwd=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("error: ")
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    ("error", "ended", "got"),
    [
        (MemoryError("64 GiB for 2 x 3"), 1, "64 GiB for 2 x 3"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes."), 1, "Out of memory allocating 9 bytes"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_too_little_memory_and_an_interrupt_are_one_line(cutaway, monkeypatch, error, ended, got):
    def fails(*arguments, **settings):
        raise error

    monkeypatch.setattr("cutaway.api.opening.open_run", fails)
    code, out, err = cutaway("show", "latest")
    assert (code, out, err.count("\n"), got in err) == (ended, "", 1, True)


@pytest.mark.parametrize(
    ("hint", "in_python", "typed"),
    [
        (Hint("try {}", epochs=3), "try epochs=3", "try --epochs 3"),
        (Hint("pass {} if so", month_first=True), "pass month_first=True if so", "pass --month-first if so"),
        (Hint("pass {} or {}", runs=None, lr=0.1), "pass runs= or lr=0.1", "pass --runs or --lr 0.1"),
        (Hint("pass {}", shares=(0.1, 0.2)), "pass shares=(0.1, 0.2)", "pass --shares 0.1,0.2"),
        (Hint("pass {}", ignore=["a b", "c"]), "pass ignore=['a b', 'c']", "pass --ignore 'a b' --ignore c"),
        (Hint("pass {}", size=(28, 28)), "pass size=(28, 28)", "pass --size 28x28"),
        ("a {} b; " + Hint("try {}", name=...) + " {}", "a {} b; try name=... {}", "a {} b; try --name ... {}"),
        ("call train(epochs=3)", "call train(epochs=3)", "call train(epochs=3)"),
    ],
)
def test_a_hint_names_options_as_each_door_writes_them(hint, in_python, typed):
    error = pickle.loads(pickle.dumps(UsageError("a rule", got="epochs=3", hint=hint)))
    assert str(error) == f"a rule; got epochs=3; next: {in_python}"
    assert as_typed(error) == f"a rule; got epochs=3; next: {typed}"


def test_every_option_that_a_hint_names_is_one_of_a_command():
    options = {name for command in typer.main.get_command(app).commands.values() for name in map(_name, command.params)}
    hints = [
        (file.name, name.arg)
        for file in Path(ct.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", None) == "Hint"
        for name in call.keywords
    ]
    assert len(hints) > 50
    assert [each for each in hints if each[1] is not None and each[1] not in options] == []


def _name(parameter):
    return parameter.opts[0].lstrip("-").replace("-", "_")
