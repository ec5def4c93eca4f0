"""What is no engine is refused in one line before any work is done."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import cutaway as ct
from cutaway.errors import DataError, UsageError
from cutaway.execution import check_engine, run_tasks
from cutaway.execution.sharing import SharedFile, file_of, share_in_files

WRONG = ("", "lokal", "local:0", "local:-1", "dask://", "dask://host", "dask://host:0", "dask://host:99999",
         "dask://a b:1", "tcp://host:1", "http://host:1", "ray://host:1", "spark", "local\n", 3)  # fmt: skip


@pytest.mark.parametrize("engine", WRONG)
def test_what_is_no_engine(engine: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_engine(engine)
    assert "\n" not in str(caught.value)
    for call in (ct.label_issues, ct.doctor):
        with pytest.raises(UsageError):
            call("digits", engine=engine, progress=False)


@pytest.mark.parametrize("engine", ["dask://host:8786", "tls://[::1]:8786"])
def test_what_an_engine_needs_is_named(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"\.\[dask\]"):
        check_engine(engine)


def test_without_an_engine_tasks_are_done_here() -> None:
    seen = []
    found = run_tasks(
        lambda spec, arrays: spec * arrays["a"].sum(), [1, 2], arrays={"a": np.ones(3)}, on_progress=seen.append
    )
    assert found == [3, 6]
    assert [now.done for now in seen] == [0, 1, 2]


def test_arrays_are_written_once_and_maps_are_named(tmp_path: Path) -> None:
    whole = np.arange(24, dtype=np.uint8).reshape(6, 4)
    np.save(tmp_path / "there.npy", whole)
    there = np.load(tmp_path / "there.npy", mmap_mode="r")
    arrays = {"map": there, "part": there[1:], "memory": whole.astype(">f4"), "none": whole[:0], "turned": whole.T}
    (tmp_path / "shared").mkdir()
    shared = share_in_files(arrays, tmp_path / "shared")
    assert shared[0].path == str(tmp_path / "there.npy")
    assert len(list((tmp_path / "shared").iterdir())) == 4
    for array, file in zip(arrays.values(), shared, strict=True):
        opened = file.open()
        assert opened.dtype == array.dtype
        assert np.array_equal(opened, array)
    assert file_of(there[1:]) is None or np.array_equal(file_of(there[1:]).open(), whole[1:])


def test_a_file_that_a_worker_cannot_read_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(100))
    file = file_of(np.load(tmp_path / "x.npy", mmap_mode="r"))
    (tmp_path / "x.npy").write_bytes(b"short")
    with pytest.raises(DataError):
        file.open()
    with pytest.raises(DataError):
        SharedFile(str(tmp_path / "gone.npy"), "<f8", (1,), 0).open()
