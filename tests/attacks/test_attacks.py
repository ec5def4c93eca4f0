"""Hostile model files are refused with a clear line, and nothing in them is executed, imported or opened."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cutaway
from cutaway.api.model_files import inspect_model, open_model
from cutaway.errors import CutawayError, DataError, ModelError

CHILD = Path(__file__).with_name("audit_child.py")


def test_the_good_files_open(good):
    for path in (good.keras, good.h5):
        assert open_model(path).count_params() == 6 * 5 + 5 + 4 * 5 + 5 * 3 + 3


def test_each_is_refused_with_a_clear_line(attack, craft, good):
    make, named = attack
    with pytest.raises((ModelError, DataError), match=named) as caught:
        open_model(make(craft, good))
    assert str(caught.value).isprintable(), "no line break and no escape sequence"
    assert len(str(caught.value)) < 1200


def test_unknown_layers_are_shown_and_refused(craft, good, attacks):
    summary = inspect_model(attacks["lambda layer with code"][0](craft, good))
    assert [(layer["name"], layer["kind"]) for layer in summary.layers] == [
        ("x", "Lambda"),
        ("norm", "BatchNormalization"),
        ("last", "Dense"),
    ]
    assert summary.layers[0]["refused"]
    assert summary.refused


def test_nothing_is_executed_imported_or_opened(craft, good, attacks, tmp_path):
    hostile = []
    for number, (make, _) in enumerate(attacks.values()):
        path = make(craft, good)
        hostile.append(path.rename(tmp_path / f"hostile-{number}{path.suffix}"))
    out = subprocess.run(
        [sys.executable, CHILD, good.keras, *hostile], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert out.returncode == 0, out.stderr
    answer = json.loads(out.stdout)
    assert {"exec", "open"} <= set(answer["proof"]), "the hook sees what Python executes and opens"
    for name, result in zip(attacks, answer["answers"], strict=True):
        assert result["error"], f"{name} was opened"
        assert result["events"] == [], name
    assert sorted(tmp_path.iterdir()) == sorted(hostile), "nothing was written"


def test_the_product_calls_no_loader_that_runs_files():
    sources = Path(cutaway.__file__).parent.rglob("*.py")
    words = re.compile(
        r"load_model\(|import (h5py|pickle|marshal)|deserialize_keras_object|importlib\.import_module\(.*config"
    )
    found = {
        path.relative_to(Path(cutaway.__file__).parent).as_posix() for path in sources if words.search(path.read_text())
    }
    # the cache and Numba's index of kernels: in folders that only the user may write, behind a digest; h5py in the
    # process that reads files
    assert found == {"cache.py", "neighbors/kernel_files.py", "file_process/hdf5.py"}


@pytest.mark.parametrize("form", ["keras", "h5"])
def test_a_file_cut_short_at_50_places(craft, good, form):
    data = getattr(good, form).read_bytes()
    for place in sorted({*range(0, 12, 3), *(len(data) * i // 47 for i in range(47)), len(data) - 1})[:50]:
        if place < len(data):
            with pytest.raises(CutawayError):
                open_model(craft.raw(data[:place], f"cut.{form}"))


@pytest.mark.parametrize("head", [b"", b"PK\3\4", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0"])
def test_random_bytes(craft, head):
    draw = random.Random(0)
    for size in (1, 10, 100, 1000, 10_000):
        for _ in range(10):
            with pytest.raises(CutawayError):
                open_model(craft.raw(head + draw.randbytes(size)))
