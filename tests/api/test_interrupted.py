"""Ctrl-C in Python: a script sees KeyboardInterrupt, and a notebook one line with the call that goes on."""

import pickle

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import cutaway as ct
from cutaway.errors import WorkInterrupted


def interrupt(progress):
    """What a signal does, also where the shell that started the tests has them ignore it."""
    if progress.done:
        raise KeyboardInterrupt


def test_the_message_of_an_interrupted_training_names_the_run_and_the_data(tmp_path, monkeypatch):
    def train_model(*_args, writer, **_settings):
        writer.begin()
        raise KeyboardInterrupt

    monkeypatch.setattr("cutaway.training.loop.train_model", train_model)
    x, y = np.random.default_rng(0).random((60, 3), np.float32), np.arange(60) % 2
    for number, (data, named) in enumerate((("digits", ""), (ct.Dataset.from_arrays(x, y), ", data=..."))):
        runs = tmp_path / str(number)
        with pytest.raises(WorkInterrupted) as raised:
            ct.train(ct.mlp((8,)), data, epochs=2, runs=runs, progress=False)
        (run,) = runs.iterdir()
        assert str(raised.value).endswith(f'ct.resume("{run}"{named})')
        copied = pickle.loads(pickle.dumps(raised.value))
        assert (type(copied), str(copied)) == (WorkInterrupted, str(raised.value))


@pytest.mark.exhaustive
def test_the_message_of_an_interrupted_training_is_the_call_that_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt) as raised:
        ct.train(ct.mlp((4,)), "digits", epochs=2, progress=interrupt)
    call = str(raised.value).partition("go on with: ")[2]
    assert ct.open_run("latest").folder.status == "stopped"
    assert len(eval(call, {"ct": ct}).history) == 2


@pytest.mark.exhaustive
def test_the_call_asks_for_data_that_came_from_arrays(tmp_path):
    x, y = np.random.default_rng(0).random((60, 3), np.float32), np.arange(60) % 2
    data = ct.Dataset.from_arrays(x, y)
    with pytest.raises(KeyboardInterrupt, match=r'go on with: ct\.resume\(".*", data=\.\.\.\)$') as raised:
        ct.train(ct.mlp((4,)), data, epochs=2, runs=tmp_path, progress=interrupt)
    call = str(raised.value).partition("go on with: ")[2].replace("...", "data")
    assert len(eval(call, {"ct": ct, "data": data}).history) == 2


def test_before_there_is_a_run_nothing_can_go_on(tmp_path, monkeypatch):
    def train_model(*_args, **_settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("cutaway.training.loop.train_model", train_model)
    with pytest.raises(KeyboardInterrupt) as raised:
        ct.train(ct.mlp((4,)), "digits", epochs=2, runs=tmp_path, progress=False)
    assert type(raised.value) is KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.exhaustive
def test_a_sweep_goes_on_by_the_same_call(tmp_path):
    pytest.importorskip("optuna")
    with pytest.raises(KeyboardInterrupt, match="make the same call again"):
        ct.sweep("digits", space={"dropout": [0.0, 0.5]}, trials=2, epochs=1, runs=tmp_path, progress=interrupt)


@pytest.mark.exhaustive
def test_a_notebook_shows_the_message_alone(tmp_path):
    code = (
        "import signal, cutaway as ct\n"
        "def interrupt(progress):\n"
        "    if progress.done: signal.raise_signal(signal.SIGINT)\n"
        f"ct.train(ct.mlp((4,)), 'digits', epochs=2, runs={str(tmp_path)!r}, progress=interrupt)"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    with pytest.raises(CellExecutionError):
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    error = notebook.cells[0].outputs[-1]
    (run,) = tmp_path.iterdir()
    line = f'KeyboardInterrupt: every epoch so far is kept; next: go on with: ct.resume("{run}")'
    assert error.traceback == [line]
