"""The lean import of Keras: what it leaves out, and that everything is there afterwards."""

import subprocess
import sys

import keras
import pytest

LEAN = """
import builtins, sys, threading, time
real = builtins.__import__
found = []
def other_thread():
    while builtins.__import__ is real and "keras" not in sys.modules:  # until the lean import is under way
        time.sleep(0.001)
    import PIL.Image
    found.append(PIL.Image)
thread = threading.Thread(target=other_thread)
thread.start()

from cutaway.models import import_lean_keras
import_lean_keras()
thread.join()
assert found == [sys.modules["PIL.Image"]]
assert builtins.__import__ is real
left_out = {"IPython", "h5py", "matplotlib", "pandas", "requests", "sklearn", "scipy.sparse", "jax.experimental.pallas"}
assert "keras" in sys.modules
assert not left_out & set(sys.modules), left_out & set(sys.modules)

import pandas, scipy.sparse.linalg
from jax.experimental.pallas.ops.tpu.splash_attention import splash_attention_mask
from jax.experimental.sparse import linalg
from keras.src.backend.jax import nn
assert linalg.scipy.sparse.linalg is scipy.sparse.linalg
assert nn.splash_attention_mask.CausalMask is splash_attention_mask.CausalMask
"""


def test_optional_packages_are_left_out_for_keras_alone_and_deferred_ones_come_when_they_are_used():
    done = subprocess.run([sys.executable, "-c", LEAN], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


LATER = """
import sys
from cutaway.models import lean_keras
lean_keras()
lean_keras()
assert not {"jax", "keras"} & set(sys.modules)
import jax, keras
assert not {"h5py", "matplotlib", "pandas", "sklearn"} & set(sys.modules)
assert jax.config.jax_compilation_cache_dir.startswith(sys.argv[1])
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.save("model.keras")
"""
PLAIN = "import keras; assert keras.models.load_model('model.keras').count_params() == 3"


def test_keras_is_lean_whenever_it_is_imported_and_still_writes_files(tmp_path, monkeypatch):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for program in (LATER, PLAIN):
        command = [sys.executable, "-c", program, str(tmp_path)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd=tmp_path)
        assert done.returncode == 0, done.stderr


def test_a_file_is_opened_whichever_backend_a_user_has_chosen(tmp_path, monkeypatch):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "model.keras")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    command = [sys.executable, "-c", "from cutaway.cli import main; main()", "open", str(tmp_path / "model.keras")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 parameters" in done.stdout


def test_an_address_space_in_which_jax_cannot_start_is_refused_in_one_line():
    pytest.importorskip("resource")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (10**9, 10**9))"
    program = f"{limit}; from cutaway.cli import main; main()"
    command = [sys.executable, "-c", program, "train", "digits", "--epochs", "1"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: JAX needs 2 GB of address space or more; got a limit of 1 GB; next: raise it, in a shell with: "
        "ulimit -v unlimited"
    ]
