"""The lean import of Keras: what it leaves out, where it does so, and that everything is there afterwards."""

import subprocess
import sys

import pytest

LEFT_OUT = """
import sys
def left_out():
    return {name for name in ("IPython", "matplotlib", "pandas", "requests", "sklearn") if name not in sys.modules}
"""

LEAN = """
from cutaway.models import import_lean_keras, lean_keras
lean_keras()
assert "keras" not in sys.modules
import_lean_keras()
import_lean_keras()
import jax, keras
assert len(left_out()) == 5, left_out()
assert jax.config.jax_compilation_cache_dir.startswith(sys.argv[1])
import pandas, sklearn.linear_model, matplotlib.pyplot, PIL.Image
keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save("model.keras")
"""
PLAIN = "import keras; assert keras.models.load_model('model.keras').count_params() == 3"


def run_python(program, *arguments, cwd=None):
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd=cwd)
    assert done.returncode == 0, done.stderr


@pytest.mark.exhaustive
def test_optional_packages_are_left_out_for_keras_alone_which_still_writes_files(tmp_path, monkeypatch):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    run_python(LEFT_OUT + LEAN, str(tmp_path), cwd=tmp_path)
    run_python(PLAIN, cwd=tmp_path)


THREADS = """
import threading
from cutaway.models import import_lean_keras, lean_keras
{ours}
if {threads} == 2:
    threading.Thread(target=sys.stdin.read, daemon=True).start()
import_lean_keras()
from keras.src.trainers.data_adapters import array_slicing
assert array_slicing.pandas is sys.modules["pandas"]
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize(("ours", "threads"), [("lean_keras()", 2), ("", 1)])
def test_nothing_is_hidden_from_other_threads_and_from_users(ours, threads):
    with subprocess.Popen(
        [sys.executable, "-c", LEFT_OUT + THREADS.format(ours=ours, threads=threads)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.wait(timeout=120) == 0, process.stderr.read()


def test_a_failed_import_hides_nothing_afterwards(tmp_path):
    (tmp_path / "keras.py").write_text("raise ImportError('damaged')", encoding="utf-8")
    run_python(
        """
import sys
sys.path.insert(0, sys.argv[1])
from cutaway.models import import_lean_keras, lean_keras
lean_keras()
try:
    import_lean_keras()
except ImportError as error:
    assert str(error) == "damaged"
assert None not in sys.modules.values()
import pandas
""",
        str(tmp_path),
    )


COMMAND = """
import os
from cutaway.cli import main
leave = os._exit
def check(code):
    assert "keras" in sys.modules
    os.write(2, str(sorted({"pandas", "matplotlib"} & set(sys.modules))).encode())
    leave(code)
os._exit = check
sys.argv = ["cutaway", *sys.argv[1:], "--runs", "runs"]
main()
"""
COMMANDS = (
    "train mnist --epochs 1 --hidden 2",
    "units latest --layer dense_1",
    "explain latest test[3]",  # of a run of which something is kept, but not this
)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_commands_import_keras_without_them(tmp_path):
    for command in COMMANDS:
        arguments = [sys.executable, "-c", LEFT_OUT + COMMAND, *command.split()]
        done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=120, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stderr.endswith("[]"), done.stderr
