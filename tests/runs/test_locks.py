"""Locks between processes: what holds them, what is refused in their place, and what they are on Windows."""

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from cutaway.errors import RunError
from cutaway.runs import atomic, changing, history, is_locked, locks, take_lock, write_atomic


def test_two_threads_do_not_change_a_file_at_the_same_time(tmp_path):
    file = tmp_path / "count"
    write_atomic(file, b"0")

    def count():
        for _ in range(20):
            with changing(file):
                write_atomic(file, str(int(file.read_bytes()) + 1).encode())

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.read_bytes() == b"80"
    assert not is_locked(tmp_path / ".count.lock")


def test_whoever_looks_does_not_hide_a_lock_from_others_who_look(tmp_path):
    file = tmp_path / "lock"
    file.touch()
    looking = os.open(file, os.O_RDONLY)
    assert locks.lock_descriptor(looking, shared=True)
    assert not is_locked(file)
    assert take_lock(file) is None
    os.close(looking)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become other users")
def test_two_users_of_a_shared_folder_change_a_file_in_turn():
    script = """if True:
        import os, sys
        from pathlib import Path
        from cutaway.runs import changing, write_atomic
        file = Path(sys.argv[1])
        os.setuid(int(sys.argv[2]))  # after the imports: another user may not read this folder
        with changing(file):
            write_atomic(file, (file.read_bytes() if file.exists() else b"") + b"x", mode=0o644)
    """
    with tempfile.TemporaryDirectory() as made:  # others may not enter the folders of pytest
        Path(made).chmod(0o777)
        file = Path(made) / "labels.csv"
        for user in ("1234", "1235"):
            subprocess.run([sys.executable, "-c", script, file, user], check=True)
        assert file.read_bytes() == b"xx"


@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "folder"])
def test_a_lock_is_a_regular_file(tmp_path, kind):
    place = tmp_path / "lock"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        (tmp_path / "there").touch()
        place.symlink_to(tmp_path / ("there" if kind == "link" else "made"))
    with pytest.raises(OSError, match=f"(in the place of|Is a directory).*'{place}'"):
        take_lock(place)
    assert not is_locked(place)
    assert not (tmp_path / "made").exists()


def test_a_file_system_without_locks_is_not_another_process(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(history, "lock_descriptor", refuse)
    with pytest.raises(OSError, match="No locks available"):
        history.HistoryFile(tmp_path / "history.jsonl")


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    for name in (".a.csv.0123abcd.tmp", ".b.csv.0123abcd.tmp", ".a.csv.mine.tmp", "a.csv"):
        (tmp_path / name).touch()
    atomic.remove_strays(tmp_path, "a.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.csv.mine.tmp", ".b.csv.0123abcd.tmp", "a.csv"]
    with atomic.output_file(tmp_path / "a[1].csv") as written:
        atomic.remove_strays(tmp_path)
        assert written.exists(), "somebody is writing it"


def test_what_a_killed_export_left_goes_with_the_next_one(tmp_path):
    file = tmp_path / "model [1].onnx"
    script = "import os, sys, pathlib; from cutaway.runs import output_file\n"
    script += "with output_file(pathlib.Path(sys.argv[1])) as path: path.write_bytes(b'half'); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script, file], check=False)
    (left,) = tmp_path.iterdir()
    assert left.read_bytes() == b"half"
    atomic.write_output(file, b"whole")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"whole"]


class Refusing:
    """Windows' locks as Python's documentation has them: a byte that another process has locked is refused."""

    LK_NBLCK = 2

    def __init__(self):
        self.held, self.asked = False, []

    def locking(self, descriptor, mode, size):
        self.asked.append((os.lseek(descriptor, 0, os.SEEK_CUR), mode, size))
        if self.held:
            raise PermissionError(13, "Permission denied")


@pytest.fixture
def windows(monkeypatch):
    """The module as Windows imports it, and its locks."""
    msvcrt = Refusing()
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    monkeypatch.setattr(sys, "platform", "win32")
    spec = importlib.util.spec_from_file_location("cutaway.runs.locks_of_windows", locks.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return SimpleNamespace(msvcrt=msvcrt, locks=module)


def test_on_windows_a_lock_is_held_or_refused_too(tmp_path, windows, monkeypatch):
    monkeypatch.setattr(history, "lock_descriptor", windows.locks.lock_descriptor)
    file = history.HistoryFile(tmp_path / "history.jsonl")
    file.append({"kind": "epoch", "epoch": 1, "loss": 0.5}, sync=True)
    assert windows.msvcrt.asked == [(windows.locks.FAR, 2, 1)], "not a byte that anybody reads"
    windows.msvcrt.held = True
    with pytest.raises(RunError):
        history.HistoryFile(tmp_path / "history.jsonl")
    assert windows.locks.is_locked(tmp_path / "history.jsonl")
    assert windows.locks.take_lock(tmp_path / "lock") is None
    file.close()
    assert (tmp_path / "history.jsonl").read_bytes() == b'{"kind": "epoch", "epoch": 1, "loss": 0.5}\n'


@pytest.mark.parametrize(("platform", "fails"), [("win32", False), ("linux", True)])
def test_on_windows_whoever_reads_a_file_delays_its_writer(tmp_path, monkeypatch, platform, fails):
    refusals, replace = [PermissionError(13, "in use")] * 3, os.replace

    def refuse_first(source, target):
        if refusals:
            raise refusals.pop()
        replace(source, target)

    monkeypatch.setattr(atomic, "sys", SimpleNamespace(platform=platform))
    monkeypatch.setattr(os, "replace", refuse_first)
    with pytest.raises(PermissionError) if fails else contextlib.nullcontext():
        write_atomic(tmp_path / "a", b"1")
    assert [file.name for file in tmp_path.iterdir()] == ([] if fails else ["a"])
