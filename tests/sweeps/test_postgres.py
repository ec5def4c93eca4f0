"""A sweep in PostgreSQL, which processes join by its URL."""

import json
import os
import signal

import pytest

import cutaway as ct

SMALL = ("--space", "small", "--trials", "5", "--hidden", "16", "--epochs", "1")


@pytest.fixture
def space(tmp_path):
    file = tmp_path / "space.toml"
    file.write_text("learning_rate = {low = 0.001, high = 0.03, log = true}\ndropout = [0.0, 0.2]\n")
    return file


@pytest.mark.exhaustive
def test_workers_share_a_database_and_one_is_killed(begin, until, postgres, space, tmp_path):
    begun = ("sweep", "digits", "--space", space, "--hidden", 16, "--epochs", 2, "--trials", 20)
    first = begin(*begun, "--storage", postgres, "--name", "shared", "--runs", tmp_path / "a")
    until(lambda: (tmp_path / "a" / "sweep-shared" / "trial-0000" / "run.json").exists())
    second = begin("sweep", "--attach", postgres, "--name", "shared", "--runs", tmp_path / "b", "--json")
    until(lambda: list((tmp_path / "b" / "sweep-shared").glob("trial-*/run.json")))
    os.killpg(first.pid, signal.SIGKILL)
    out, err = second.communicate(timeout=300)
    assert second.returncode == 0, err
    found = json.loads(out)
    assert [trial["trial"] for trial in found["trials"]] == list(range(20))
    assert {trial["state"] for trial in found["trials"]} <= {"complete", "pruned"}
    assert found["storage"] == postgres
    opened = ct.open_sweep(tmp_path / "b" / "sweep-shared", storage=postgres)
    assert opened.best_trial.number == found["best"]["trial"]


def test_a_database_that_does_not_answer_is_one_line(begin, space, tmp_path):
    child = begin(
        "sweep", "digits", "--space", space, "--storage", "postgresql://a:secret@127.0.0.1:9/x", "--runs", tmp_path
    )
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (1, "")
    assert err.startswith("error: a sweep needs a database that answers")
    assert err.count("\n") == 1
    assert "secret" not in err
    assert list(tmp_path.iterdir()) == [space]
