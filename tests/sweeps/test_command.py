"""The command sweep where it is called wrongly: exit code 2, one line, nothing made; and the page of a sweep."""

import json
import re

import pytest

import cutaway as ct
from cutaway.cli import main


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def called(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return called


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sweep"], "sweep needs data, or a sweep to attach to"),
        (["sweep", "digits", "--attach", "x"], "--attach takes data, space and settings from the sweep"),
        (["sweep", "--attach", "x", "--epochs", "3"], "got --attach and --epochs"),
        (["sweep", "--attach", "x", "--space", "small"], "got --attach and --space"),
        (["sweep", "--attach", "x"], "a sweep is a folder with a sweep.json"),
        (["sweep", "digits", "--space", "smal"], "try --space small"),
        (["sweep", "digits", "--hidden", "a"], "--hidden is a list of whole numbers"),
        (["sweep", "digits", "--trials", "0"], "try --trials 1"),
        (["sweep", "digits", "--name", "a/b"], "try --name first"),
        (["sweep", "nothing-here"], "nothing-here"),
        (["sweep", "digits", "--dropout", "0.2"], "a setting is fixed, or in the space"),
    ],
)
def test_a_wrong_call(call, tmp_path, arguments, said):
    code, out, err = call(*arguments)
    assert (code, out) == (2, ""), err
    said = said.replace("try --trials 1", "pass for example --trials 1")
    assert said in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_which_is_best_is_said_where_no_trial_ended_before(capsys):
    from cutaway.cli.sweeps.printing import TrialPrinter
    from cutaway.execution import Trial

    result = {"val_accuracy": 0.5, "epochs": 1, "seconds": 1.0}
    trials = [Trial(number, "complete", {}, 0.5 - number / 10, {}, result=result) for number in range(3)]
    for begun, marked in ((trials, 3), (trials[1:], 0)):
        print_trial = TrialPrinter()
        for trial in begun:
            print_trial(trial)
        said = capsys.readouterr().err
        assert said.count("  best so far") == marked
        assert said.count(" 1 epoch ") == len(begun)


@pytest.mark.exhaustive
def test_a_sweep_its_lines_its_document_and_its_page(call, tmp_path):
    (tmp_path / "space.toml").write_text("learning_rate = [0.001, 0.003]\n")
    settings = ("--space", "space.toml", "--hidden", "8", "--epochs", 1, "--trials", 2)
    code, out, err = call("sweep", "digits", *settings)
    assert code == 0
    lines = [line for line in err.splitlines() if line.startswith("trial ")]
    assert [line.split()[1] for line in lines] == ["0", "1"]
    assert "default recipe: learning_rate 0.003" in lines[0]
    assert re.search(r" 1 epoch +\d+\.\d s  best so far  default recipe: ", lines[0])
    assert "Next: see all trials:  cutaway report runs/sweep-digits" in out
    assert "cutaway train digits --hidden 8 " in out
    assert "had ended before" not in out
    code, out, err = call("sweep", "digits", *settings)
    assert (code, err) == (0, ""), "no trial was left to do"
    assert "2 of 2 trials ended: " in out
    assert "They had ended before. More of them: the same command with --trials 4." in out
    assert call("sweep", "--attach", "digits")[1] == out, "by its name"
    code, out, err = call("sweep", "digits", *settings, "--seed", 1)
    assert code == 2
    assert "got another seed in " in err
    assert "begin another sweep with --name ..., or" in err
    code, out, _ = call("sweep", "digits", *settings, "--json", "--report")
    document = json.loads(out)
    assert code == 0
    assert len(document["trials"]) == 2
    assert document["report"].endswith("sweep-digits/report.html")
    code, out, _ = call("report", "sweep-digits", "--json", "--output", "page.html")
    assert code == 0
    assert json.loads(out)["bytes"] == (tmp_path / "page.html").stat().st_size
    code, _, err = call("report", "sweep-digits", "--split", "val")
    assert code == 2
    assert "for the report of a run" in err
    code, out, _ = call("show", "runs/sweep-digits/trial-0001")
    assert code == 0
    assert "Trial 1 of the sweep digits, which leaves the test samples out of all trials." in out
    code, out, _ = call("runs", "runs/sweep-digits", "--json")
    assert [row["test_accuracy"] for row in json.loads(out)] == [None, None]
    assert ct.open_sweep("digits").total == 2
