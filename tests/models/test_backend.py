"""The backend that Keras runs on, and what JAX needs to start, in processes of their own."""

import subprocess
import sys

import keras
import pytest


@pytest.mark.exhaustive
def test_a_file_is_opened_whichever_backend_a_user_has_chosen(tmp_path, monkeypatch):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "model.keras")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    command = [sys.executable, "-c", "from cutaway.cli import main; main()", "open", str(tmp_path / "model.keras")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 parameters" in done.stdout


@pytest.mark.exhaustive
def test_an_address_space_in_which_jax_cannot_start_is_refused_in_one_line():
    pytest.importorskip("resource")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (10**9, 10**9))"
    program = f"{limit}; from cutaway.cli import main; main()"
    command = [sys.executable, "-c", program, "train", "digits", "--epochs", "1"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "ulimit -v unlimited" in line
