import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from cutaway.cli.typed import as_typed
from cutaway.progress import active_tokens


def test_train_answers_with_one_json_document(cutaway, tmp_path):
    code, out, err = cutaway(
        *("train", "digits", "--hidden", "16,8", "--dropout", "0.1", "--epochs", "3", "--seed", "4"),
        *("--optimizer", "sgd", "--momentum", "0.9", "--batch-size", "64", "--name", "mine", "--json"),
        *("--label-smoothing", "0.1"),
    )
    assert code == 0, err
    answer = json.loads(out)
    assert {"run", "status", "epochs", "history", "test", "seconds", "device"} <= answer.keys()
    assert (answer["status"], answer["epochs"], len(answer["history"])) == ("finished", 3, 3)
    assert answer["test"].keys() == {"loss", "accuracy", "cross_entropy"}
    assert answer["seconds"]["total"] > answer["seconds"]["training"] > 0
    assert answer["config"]["learning_rate"] == 0.01, "another optimizer than the recipe's takes its own default rate"
    assert answer["config"]["label_smoothing"] == 0.1
    assert "-mine-" in answer["run"]
    assert "training" in err, "progress goes to stderr"

    code, out, _ = cutaway("show", "latest", "--json")
    shown = json.loads(out)
    assert code == 0
    assert {"run", "status", "epochs", "history", "test", "seconds", "device"} <= shown.keys()
    assert shown["history"] == answer["history"]

    code, out, _ = cutaway("runs", "--json")
    assert [row["run"] for row in json.loads(out)] == [answer["run"].split("/")[-1]]


@pytest.mark.parametrize("options", [pytest.param([], marks=pytest.mark.exhaustive), ["--json"]])
def test_an_embedding_that_was_canceled_is_shown_and_ends_with_130(cutaway, digits_run, options, monkeypatch):
    def cancel_in_the_descent(now):
        if now.task == "t-SNE" and now.done:
            active_tokens()[-1].cancel()

    monkeypatch.setattr("cutaway.results.progress._lines", lambda: cancel_in_the_descent)
    code, out, err = cutaway("embed", digits_run.path, "--split", "test", "--perplexity", "21.5", *options)
    assert code == 130
    if options:
        answer = json.loads(out)
        assert (answer["settings"]["stopped"], answer["file"], answer["quality"]) == ("canceled", None, None)
    else:
        assert out.splitlines()[-1].split() == ["File:", "not", "cached"]
    assert re.search(
        r"^stopped after \d+ iterations, so it is not cached; next: run it again$",
        err.strip().splitlines()[-1],
    )


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
    assert re.fullmatch(
        rf"stopped (in|after) epoch 3, with every step so far kept; next: go on with: {again}", err.splitlines()[-1]
    )
    code, out, _ = cutaway("show", run)
    assert code == 0
    assert f"  resume   cutaway resume '{run}'" in out
    assert "No measures by class: the training was stopped before its end" in out
    assert cutaway("report", run)[0] == 0
    done = len(json.loads(cutaway("show", run, "--json")[1])["history"])
    assert f"<dt>Status</dt><dd>stopped after epoch {done}</dd>" in (run / "report.html").read_text()


def test_an_interrupt_where_nothing_listens_is_one_line(cutaway, monkeypatch):
    def interrupt(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("cutaway.api.opening.open_run", interrupt)
    code, out, err = cutaway("show", "latest")
    assert (code, out) == (130, "")
    assert err == "stopped; next: run it again, or continue a training with: cutaway resume latest\n"


def test_like_says_what_may_stand_beside_it(cutaway, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    words = " ".join(cutaway("train", "--help")[1].split())
    assert "Other options can change training settings, but not the model; --ignore leaves out columns" in words


def test_looking_at_a_run(cutaway, digits_run, tmp_path):
    run = digits_run.path
    code, out, _ = cutaway("layers", run)
    assert code == 0
    assert "dense_2" in out
    assert "2,080" in out  # 64 x 32 + 32
    code, out, _ = cutaway("layers", run, "--layer", "dense_1", "--epoch", "0", "--json")
    record = json.loads(out)["layers"][0]
    assert (record["name"], record["kind"], record["parameters"], record["trainable"]) == (
        "dense_1",
        "Dense",
        2080,
        2080,
    )
    assert record["config"]["units"] == 32
    assert record["weights"][0]["name"] == "kernel"
    assert 0 <= record["inactive"] <= 32

    code, out, _ = cutaway("embed", run, "--method", "pca", "--split", "test", "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer.keys() >= {
        "run",
        "layer",
        "epoch",
        "method",
        "samples",
        "seconds",
        "kl_divergence",
        "quality",
        "file",
    }
    assert (answer["layer"], answer["epoch"], answer["method"]) == ("dense_2", 6, "pca")
    assert answer["samples"] == len(digits_run.split.test)
    assert answer["canceled"] is False
    assert answer["seconds"].keys() >= {"neighbors", "affinities", "optimize", "total"}
    assert answer["quality"].keys() >= {"trustworthiness", "neighbors_preserved"}

    code, out, _ = cutaway("embed", run, "--split", "test", "--perplexity", "12", "--n-iter", "260", "--json")
    settings = json.loads(out)["settings"]
    assert code == 0
    assert (settings["perplexity"], settings["n_iter"], settings["iterations"]) == (12, 260, 260)

    code, out, _ = cutaway("report", run, "-o", tmp_path / "page.html")
    assert code == 0
    assert out.startswith("file://")
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    code, _, err = cutaway("report", run, "--epochs", "0,x", "-o", tmp_path / "page.html")
    rule = "--epochs is a list of whole numbers separated by commas"
    assert (code, err) == (2, f'error: {rule}; got "0,x"; next: try --epochs 0,5,10\n')
    code, _, err = cutaway("report", run, "--epochs", "0,-1", "--samples", "30", "-o", tmp_path / "page.html")
    assert code == 0, err
    assert "30 of 360 test samples (330 are left out" in (tmp_path / "page.html").read_text()
    code, out, _ = cutaway("show", run)
    assert "Test accuracy" in out
    assert "  data     digits\n" in out
    model = "mlp: dense_1 (Dense 32 relu), dropout_1 (Dropout 0.1), dense_2 (Dense 16 relu), dropout_2 (Dropout 0.1), "
    assert f"  model    {model}output (Dense 10 softmax)\n" in out


def test_datasets(cutaway):
    code, out, _ = cutaway("datasets")
    assert code == 0
    assert "70,000" in out
    code, out, _ = cutaway("datasets", "--json")
    assert [row["name"] for row in json.loads(out)] == ["mnist", "digits"]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_what_is_done_with_each_column_fits_the_terminal(cutaway, tmp_path, monkeypatch, width):
    rows = "".join(f"{n},{n % 40},row number {n},{n % 40},{'ab'[n % 2]},{'xy'[n % 2]}\n" for n in range(200))
    (tmp_path / "t.csv").write_text("n,a number with a long name,note,copy,fold,y\n" + rows)
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, err = cutaway("datasets", "t.csv", "--label", "y", "--group", "fold", "--numbers", "robust", "--id", "n")
    assert code == 0, err
    out, _, problem = out.partition("\nNo model can be trained on these data: ")
    assert "got 2 groups" in problem
    table = [line.rstrip() for line in out.splitlines()][4:]
    assert len([line for line in table if line]) == 8, "the heading, a line below it, and one for each of six columns"
    assert max(map(len, table)) <= width
    for words in ("name of the sample", "never in two splits", "scaled by quartiles", "left out: nearly unique"):
        assert words in out
    assert ("Values" in out) == (width >= 80)
    assert ("a number with a long name" in out) == (width >= 120)


def test_datasets_says_why_data_cannot_be_trained_on_and_warns_of_columns(cutaway, tmp_path):
    rows = "".join(f"{n % 7},{n % 2},{n * n + 7},{'ab'[n % 2]}\n" for n in range(200))
    (tmp_path / "t.csv").write_text("rooms,twin,price,y\n" + rows)
    code, out, err = cutaway("datasets", "t.csv", "--label", "price")
    assert (code, err) == (0, "")
    assert "No model can be trained on these data: cutaway is for classification: " in out
    assert "got 200 different whole numbers from 7 to 39,608 in t, some in too few samples" in " ".join(out.split())
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # printed, as outside of the tests
        code, out, err = cutaway("datasets", "t.csv", "--label", "y")
    assert code == 0
    assert "No model" not in out
    assert '"twin" alone tells' in err
    code, out, _ = cutaway("datasets", "t.csv", "--label", "y", "--ignore", "twin", "--json")
    document = json.loads(out)
    assert document["problem"] is None
    assert document["source_counts"] == {"train": document["columns"][0]["rows"]}
    assert sum(row["samples"] for row in document["class_counts"]) == document["source_counts"]["train"]


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_the_list_of_commands_says_each_in_whole_words(cutaway, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    code, out, _ = cutaway("--help")
    listed = out.partition("  -h, --help")[2].partition("\n")[2].partition("New here?")[0]
    groups = re.findall(r"^\S.*:$", listed, re.MULTILINE)
    assert (groups[0], len(groups)) == ("Data and training:", 5)
    assert code == 0
    assert "..." not in listed
    for command in ("learning-curve  Show", "open  ", "sweep  "):
        assert f"  {command}" in listed
    if width != "60":
        lines = [line for line in listed.splitlines() if line.strip() and line not in groups]
        assert len(lines) == 27
        assert all(re.match(r"  [a-z-]+ +[A-Z].*\.$", line) for line in lines), "one line for each"


def test_a_sweep_is_not_taken_for_a_run(cutaway, tmp_path):
    folder = tmp_path / "runs" / "sweep-digits"
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text("{}")
    for name in ("sweep-digits", "runs/sweep-digits"):
        code, _, err = cutaway("show", name)
        assert code == 2
        assert f'a run is one training; got the sweep "{name}"' in err
        assert err.endswith("runs/sweep-digits/trial-0000, or see all: cutaway report sweep-digits\n")
    code, out, _ = cutaway("runs")
    assert (code, out) == (0, "Sweeps: sweep-digits. Their trials: cutaway runs runs/NAME\n")


WRONG = [
    (("train", "mnits"), 2, "got .*mnits"),
    (
        ("train", "digits", "--recipe", "lessen"),
        2,
        'recipes are default, table, photos, minute, best, .*; got "lessen"',
    ),
    (("train", "digits", "--hidden", "512,0"), 2, "at most 1,000,000; got 0"),
    (("train", "digits", "--hidden", "many"), 2, 'whole numbers separated by commas; got "many"'),
    (("train", "digits", "--dropout", "1.5"), 2, "up to but not including 1; got 1.5"),
    (("train", "digits", "--batch-norm", "--ensemble", "2"), 2, "got batch_norm=True and ensemble=2; next: choose "),
    (("train", "digits", "--epochs", "-2"), 2, "epochs.*greater than or equal to 1; got -2"),
    (
        ("train", "digits", "--epochs", "two"),
        2,
        '^error: --epochs is a whole number; got "two"; next: see cutaway train --help$',
    ),
    (("train",), 2, "train needs data, or a run to train like"),
    (
        ("train", "--like", "latest", "--hidden", "8"),
        2,
        "so --hidden cannot be used with it; got both; next: leave one",
    ),
    (("train", "digits", "--nonsense"), 2, "No such option"),
    (("trian", "digits"), 2, "No such command 'trian'; next: did you mean 'train'\\?$"),
    (("conf",), 2, "No such command 'conf'; next: did you mean \"confidence\"\\?$"),
    (("foo",), 2, "No such command 'foo'; next: see cutaway --help"),
    (("units", "--engine", "local"), 2, "No such option: --engine.*; next: see cutaway units --help"),
    (("show", "nothing"), 2, 'a run is a path, a name in the folder "runs", or "latest"; got "nothing"'),
    (("doctor", "nothing"), 2, 'or data .*; got "nothing", which is neither; next: '),
    (("doctor", "nothing.csv", "--label", "y"), 2, "a path that exists; got 'nothing.csv', which does not exist"),
    (("labels", "none/nothing"), 2, "a path that exists; got 'none/nothing', which does not exist"),
    (("layers", "latest"), 2, '"latest" needs a run'),
    (("train", "digits", "--runs", "/proc/runs"), 1, "folder for runs must be one that can be written"),
]


@pytest.mark.parametrize(
    ("arguments", "expected", "text"), WRONG, ids=lambda v: " ".join(v) if isinstance(v, tuple) else ""
)
def test_a_wrong_call_is_one_readable_line_and_leaves_nothing(cutaway, tmp_path, arguments, expected, text):
    code, out, err = cutaway(*arguments)
    assert code == expected
    assert out == ""
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("error: ")
    assert re.search(text, lines[0])
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(cutaway):
    code, _, err = cutaway("show", "nothing", "--debug")
    assert code == 2
    assert "Traceback" in err
    assert err.strip().splitlines()[-1].startswith("error: ")


@pytest.mark.parametrize("given", [("-c", "from cutaway.cli import main; main()"), ("-m", "cutaway")])
def test_the_program_as_a_process(tmp_path, given):
    command = [sys.executable, *given]
    out = subprocess.run([*command, "--version"], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert out.stdout == "cutaway 0.1.0\n"
    wrong = subprocess.run([*command, "shw"], capture_output=True, text=True, cwd=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("error: ")
    assert "Traceback" not in wrong.stderr


@pytest.mark.exhaustive
def test_train_like_repeats_a_run_and_refuses_what_it_takes_from_it(cutaway):
    model = ("--hidden", "8", "--ensemble", "2")
    _, out, err = cutaway("train", "digits", *model, "--epochs", "1", "--seed", "3", "--json")
    first = json.loads(out)
    assert first["train_like"] == f"cutaway train --like {first['run'].split('/')[-1]}", err
    code, out, _ = cutaway(*first["train_like"].split()[1:], "--json")
    again = json.loads(out)
    assert (code, again["config"], again["test"]) == (0, first["config"], first["test"])
    one, other = (Path(trained["run"]) / "snapshots" / "epoch-0001.safetensors" for trained in (first, again))
    assert one != other
    assert one.read_bytes() == other.read_bytes()
    _, out, _ = cutaway("train", "--like", "latest", "--epochs", "2", "--json")
    assert json.loads(out)["config"] == {**first["config"], "epochs": 2}
    assert f"again    {first['train_like']}" in cutaway("show", first["run"])[1]
    assert cutaway("train", "--like", "latest", "--dropout", "0.1")[::2] == (
        2,
        "error: --like takes the model and the options of the data from the run, so --dropout cannot be used with it; "
        "got both; next: leave one of the two out\n",
    )
    assert cutaway("train")[::2] == (
        2,
        "error: train needs data, or a run to train like; got neither; next: try cutaway train mnist\n",
    )
    err = cutaway("train", "mnist", "--like", "latest")[2]
    assert err.endswith("; next: changed data take a training of their own: cutaway train mnist\n")


@pytest.mark.parametrize(
    ("error", "got"),
    [
        (MemoryError(""), "a request for more than is left"),
        (MemoryError("64 GiB for 2 x 3"), "64 GiB for 2 x 3"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes."), "Out of memory allocating 9 bytes"),
    ],
)
def test_too_little_memory_is_one_line(cutaway, monkeypatch, error, got):
    def fails(*arguments, **settings):
        raise error

    monkeypatch.setattr("cutaway.api.opening.open_run", fails)
    code, _, err = cutaway("show", "latest")
    assert code == 1
    assert err == f"error: the work needs memory; got {got}; next: free some, or ask for fewer samples\n"


@pytest.mark.parametrize(
    ("hint", "typed"),
    [
        ("try epochs=3", "try --epochs 3"),
        ('try recipe="lesson"', "try --recipe lesson"),
        ("pass runs= with a folder, or learning_rate=0.1.", "pass --runs with a folder, or --learning-rate 0.1."),
        ("pass for example class_weight={0: 2.0}", "pass for example class_weight={0: 2.0}"),
        ("pass scale=255", "pass scale=255"),
        ("pass for example shares=(0.1, 0.2, 0.4, 0.8)", "pass for example --shares 0.1,0.2,0.4,0.8"),
        ("pass test_share=0.2, or id='no'", "pass --test-share 0.2, or --id no"),
        ('pass time="Datum der Wahl" to test', "pass --time 'Datum der Wahl' to test"),
        (
            "train it with cutaway.train(model(), epochs=3), or seed=1",
            "train it with cutaway.train(model(), epochs=3), or --seed 1",
        ),
    ],
)
def test_the_next_step_names_options(hint, typed):
    assert as_typed(f"a rule; got epochs=3; next: {hint}") == f"a rule; got epochs=3; next: {typed}"


def test_a_note_names_options_too(cutaway, tmp_path):
    days = "".join(f"2024-{1 + day // 28:02}-{1 + day % 28:02},{day % 7},{'ab'[day % 2]}\n" for day in range(300))
    (tmp_path / "days.csv").write_text("Datum,n,y\n" + days)
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # printed, as outside of the tests
        code, _, err = cutaway("train", "days.csv", "--label", "y", "--epochs", "1", "--hidden", "4")
    assert code == 0
    assert "pass --time Datum to test it on the latest" in err
    assert "time=" not in err
    (run,) = (tmp_path / "runs").iterdir()
    code, _, err = cutaway("resume", run.name)
    assert code == 2
    again = f"cutaway train --like {run.name} --epochs 2"
    assert err.endswith(
        f"next: train for longer with: {again}, or its model further in Python: cutaway.train(run.model(), ...)\n"
    )


def test_a_misspelled_recipe_is_answered_with_the_option(cutaway):
    code, _, err = cutaway("train", "digits", "--recipe", "lessen")
    assert code == 2
    assert err.endswith("next: try --recipe lesson\n")


@pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")  # dates in a random split
def test_dates_with_the_month_first_can_be_said(cutaway, tmp_path):
    from cutaway.cli.typed import as_typed

    assert as_typed("pass month_first=True if it is so") == "pass --month-first if it is so"
    rows = [f"{1 + n % 12:02}/{1 + n % 5:02}/2020,{'ab'[n % 2]}" for n in range(120)]
    (tmp_path / "t.csv").write_text("\n".join(["d,y", *rows]) + "\n")
    code, out, _ = cutaway(
        "train", tmp_path / "t.csv", "--label", "y", "--hidden", "4", "--epochs", "1", "--month-first", "--json"
    )
    assert code == 0
    record = json.loads((Path(json.loads(out)["run"]) / "run.json").read_text())["dataset"]
    assert json.loads(record["origin"]["options"]) == {"label": "y", "month_first": True}
    assert record["preparation"]["steps"][0]["date_format"] == "%m/%d/%Y"
