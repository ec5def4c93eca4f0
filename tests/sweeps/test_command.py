"""The command sweep where it is called wrongly: exit code 2, one line, nothing made; and the page of a sweep."""

import json

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
        (["sweep"], "DATA"),
        (["sweep", "digits", "--space", "smal"], '"small"'),
        (["sweep", "digits", "--hidden", "a"], "--hidden must be whole numbers"),
        (["sweep", "digits", "--name", "a/b"], "try --name first"),
        (["sweep", "digits", "--engine", "cloud"], "an engine is"),
        (["sweep", "nothing-here"], "nothing-here"),
        (["sweep", "digits", "--dropout", "0.2"], "is given twice"),
    ],
)
def test_a_wrong_call(call, tmp_path, arguments, said):
    code, out, err = call(*arguments)
    assert (code, out) == (2, ""), err
    assert said in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.exhaustive
def test_a_sweep_its_lines_its_document_and_its_page(call, tmp_path):
    (tmp_path / "space.toml").write_text("learning_rate = [0.001, 0.003]\n")
    settings = ("--space", "space.toml", "--hidden", "8", "--epochs", 1, "--trials", 2)
    code, out, err = call("sweep", "digits", *settings)
    assert code == 0
    lines = [line for line in err.splitlines() if line.startswith("trial ")]
    assert [line.split()[1] for line in lines] == ["0", "1"]
    assert "cutaway report runs/sweep-digits" in out
    assert "cutaway train digits --hidden 8 " in out
    code, out, err = call("sweep", "digits", *settings)
    assert (code, err) == (0, ""), "no trial was left to do"
    assert "--trials 4." in out
    code, _, err = call("sweep", "digits", *settings, "--seed", 1)
    assert (code, "differs in seed" in err) == (2, True)
    code, out, _ = call("sweep", "digits", *settings, "--json", "--report")
    document = json.loads(out)
    assert (code, len(document["trials"])) == (0, 2)
    assert document["report"].endswith("sweep-digits/report.html")
    code, out, _ = call("report", "sweep-digits", "--json", "--output", "page.html")
    assert json.loads(out)["bytes"] == (tmp_path / "page.html").stat().st_size
    assert call("report", "sweep-digits", "--split", "val")[0] == 2
    code, out, _ = call("show", "runs/sweep-digits/trial-0001")
    assert (code, "Trial 1 of the sweep digits" in out) == (0, True)
    code, out, _ = call("runs", "runs/sweep-digits", "--json")
    assert [row["test_accuracy"] for row in json.loads(out)] == [None, None]
    assert ct.open_sweep("digits").total == 2
