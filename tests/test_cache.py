"""The cache: what is kept comes back, and whatever happens to its folder costs only time."""

import logging
import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from cutaway import cache
from cutaway.cache import LIMIT, cached, tidy
from cutaway.errors import CutawayWarning


@dataclass(frozen=True)
class Measured:
    values: np.ndarray
    names: tuple[str, ...]


@pytest.fixture(autouse=True)
def folder(own_cache, monkeypatch):
    monkeypatch.setattr(cache, "_untidied", 0)
    return own_cache


def place(number=0, *, method=1):
    return cached("test", number, np.arange(3), method=method)


def refuse():
    raise AssertionError("computed again")


def test_a_result_is_computed_once():
    measured = Measured(np.array([[np.nan, 1]], np.float32), ("a", "b"))
    assert place().read() is None
    assert place().get(lambda: measured) is measured
    found = place().get(refuse)
    assert found.names == measured.names
    np.testing.assert_array_equal(found.values, measured.values)
    place().delete()
    assert place().read() is None


def test_the_key_changes_with_all_that_decides(monkeypatch):
    arrays = np.arange(3), np.arange(3, dtype=np.int32), np.arange(4), np.arange(3).reshape(3, 1)
    places = [cached("test", {"a": (1, None)}, array, method=1) for array in arrays]
    places += [cached("test", {"a": (2, None)}, arrays[0], method=1), cached("test", arrays[0], method=1)]
    places += [cached(kind, {"a": (1, None)}, arrays[0], method=n) for kind, n in (("test", 2), ("other", 1))]
    monkeypatch.setattr(cache, "_version", lambda: "of the future")
    places.append(cached("test", {"a": (1, None)}, arrays[0], method=1))
    assert len({each.key for each in places}) == len(places)
    assert cached("test", np.float64(0.5), method=1) == cached("test", 0.5, method=1)


@pytest.mark.parametrize("damage", [b"", b"abc", b"abcd" + b"x" * 40, None])
def test_what_cannot_be_read_is_logged_and_computed_again(folder, damage, caplog):
    place().write("whole")
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-2] if damage is None else damage)
    with caplog.at_level(logging.INFO, logger="cutaway.cache"):
        assert place().get(lambda: "whole") == "whole"
    assert file.name in caplog.text
    assert file.read_bytes() == whole


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_pipe_in_the_place_of_a_result_is_not_waited_for(folder):
    place().write("whole")
    (file,) = folder.iterdir()
    file.unlink()
    os.mkfifo(file)
    assert place().get(lambda: "computed") == "computed"
    assert place().get(refuse) == "computed"
    file.unlink()
    os.mkfifo(file)
    assert place().get_file(lambda path: path.write_bytes(b"made") and None).read_bytes() == b"made"


def test_a_class_that_is_gone_is_computed_again(monkeypatch):
    place().write(Measured(np.zeros(1), ()))
    monkeypatch.delattr(sys.modules[__name__], "Measured")
    assert place().read() is None


@pytest.mark.filterwarnings("error")
def test_a_folder_that_cannot_be_written_is_one_warning(folder):
    folder.parent.mkdir(parents=True)
    folder.touch()
    with pytest.warns(CutawayWarning) as said:
        assert [place(number).get(lambda number=number: number) for number in range(5)] == [*range(5)]
    assert len(said) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o777, 0o720])
def test_a_folder_or_file_that_others_may_write_is_not_read(folder, mode):
    place().write("mine")
    (file,) = folder.iterdir()
    for changed, before in ((file, 0o600), (folder, 0o700)):
        changed.chmod(mode)
        assert place().read() is None
        changed.chmod(before)
    assert place().read() == "mine"
    folder.chmod(mode)
    with pytest.warns(CutawayWarning):
        assert not place().write("mine")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such owners")
def test_a_folder_of_somebody_else_is_not_read(monkeypatch):
    place().write("mine")
    monkeypatch.setattr(cache.os, "getuid", lambda: 12345)
    assert place().read() is None
    with pytest.warns(CutawayWarning):
        assert not place().write("mine")


def test_only_the_user_may_read_what_is_kept(folder):
    place().write("mine")
    if os.name != "nt":
        assert [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())] == [0o700, 0o600]


def test_what_was_used_longest_ago_is_deleted_first(folder, monkeypatch):
    for number in range(4):
        place(number).write(b"x" * 1000)
        os.utime(place(number).path, (number, number))
    stray = folder / ".written"
    stray.touch()
    (folder / ".left").touch()
    os.utime(folder / ".left", (1, 1))
    assert place(0).read(), "which says that it is used"
    monkeypatch.setenv(LIMIT, "1.5e-6")
    tidy()
    assert [place(number).read() is not None for number in range(4)] == [True, False, False, True]
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == [stray.name]


def test_a_process_tidies_up_as_it_writes_and_keeps_what_it_has_just_written(folder, monkeypatch):
    monkeypatch.setenv(LIMIT, "2e-5")
    for number in range(40):
        place(number).write(b"x" * 1500)
        assert place(number).read() is not None
    assert 10 <= len(list(folder.iterdir())) <= 15
    with pytest.warns(CutawayWarning):
        assert not place(40).write(b"x" * 30_000), "which is above the limit"
    monkeypatch.setenv(LIMIT, "much")
    assert place(40).write(b"x" * 30_000)


def test_a_file_is_made_once_and_is_whole_or_not_there(folder):
    def write(path):
        path.write_bytes(b"data")

    def fail(path):
        path.write_bytes(b"da")
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        place().get_file(fail)
    assert list(folder.iterdir()) == []
    assert place().get_file(write).read_bytes() == b"data"
    assert place().get_file(fail).read_bytes() == b"data"


def test_the_last_of_a_kind_stays_whatever_its_size(folder, monkeypatch):
    places = [cached("large", number, method=1) for number in range(2)]
    files = [each.get_file(lambda path: path.write_bytes(b"x" * 5000)) for each in places]
    os.utime(files[0], (1, 1))
    place().write("small")
    monkeypatch.setenv(LIMIT, "1e-6")
    tidy()
    assert [file.exists() for file in files] == [False, True]
    assert place().read() == "small"


def test_two_processes_that_write_the_same_leave_it_whole(folder):
    code = """import sys
from cutaway.cache import cached
for number in range(200):
    found = cached("both", number % 5, method=1)
    value = found.read()
    assert value in (None, bytes([number % 5]) * 100_000)
    found.write(bytes([number % 5]) * 100_000)
"""
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(120) for process in both] == [0, 0]
    assert len(list(folder.iterdir())) == 5
