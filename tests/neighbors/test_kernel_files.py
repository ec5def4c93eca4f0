"""Compiled kernels on disk: damaged files and folders that cannot be written, each in a process of its own."""

import os
import shutil
import subprocess
import sys

import pytest

# One small kernel, called twice, so that a warning could come twice.
PROGRAM = """
import resource, sys
import numpy as np
from cutaway.embedding.tsne.kernels.two_level import gather, scatter
if sys.argv[1:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
out = np.zeros((3, 2), "f4")
scatter(np.ones((4, 2), "f4"), np.ones(29, "f4"), out, 3)
gather(out, 3, np.ones(29, "f4"), np.zeros((4, 2), "f4"))
print(out.sum())
"""


def run(cache, *arguments):
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "NUMBA_CACHE_DIR": ""}
    program = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(program, env=environment, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "20.0\n"), done.stderr
    return [line for line in done.stderr.splitlines() if "CutawayWarning" in line]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache folder with both kernels."""
    cache = tmp_path_factory.mktemp("kernels")
    assert run(cache) == []
    return cache


def test_numba_still_has_the_private_names_that_kernel_files_needs():
    """Where this fails, look at `cutaway/neighbors/kernel_files.py` and at numba/core/caching.py."""
    from numba.core.caching import FunctionCache, IndexDataCacheFile

    used = ("save", "load", "_load_index", "_save_index", "_load_data", "_save_data", "_data_path", "_dump")
    assert [name for name in (*used, "_open_for_write") if not hasattr(IndexDataCacheFile, name)] == []
    cache = FunctionCache(flip)
    file = cache._cache_file
    assert type(file) is IndexDataCacheFile
    assert {"_cache_path", "_index_path", "_version", "_source_stamp"} <= vars(file).keys()
    assert cache._cache_path == file._cache_path
    assert isinstance(cache._impl.filename_base, str)
    assert cache._impl.locator.get_source_stamp() == file._source_stamp


PLAIN = """
import sys
import numba
@numba.njit(cache=True)
def double(x):
    return 2 * x
print(double(3))
"""


@pytest.mark.slow
def test_numba_still_fails_on_a_file_that_is_cut_off(tmp_path):
    """Where this fails, Numba checks its files, and kernel_files.py may go."""
    (tmp_path / "plain.py").write_text(PLAIN, encoding="utf-8")
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, str(tmp_path / "plain.py")]
    assert subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout == "6\n"
    (file,) = (tmp_path / "cache").rglob("*.nbc")
    file.write_bytes(file.read_bytes()[:-9])
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Error" in done.stderr.splitlines()[-1]


def flip(data: bytes, place: float) -> bytes:
    damaged = bytearray(data)
    damaged[int(place * (len(data) - 1))] ^= 1
    return bytes(damaged)


DAMAGES = {
    "emptied": lambda data: b"",
    "cut off": lambda data: data[:-1],
    "flipped at the start": lambda data: flip(data, 0),
    "flipped in the middle": lambda data: flip(data, 0.5),
}


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "damage", ["cut off", *(pytest.param(n, marks=pytest.mark.exhaustive) for n in DAMAGES if n != "cut off")]
)
def test_damaged_files_are_named_once_and_compiled_again(suffix, damage, filled, tmp_path):
    cache = shutil.copytree(filled, tmp_path / "cache")
    files = list(cache.rglob(f"*.{suffix}"))
    assert len(files) == 2
    for file in files:
        file.write_bytes(DAMAGES[damage](file.read_bytes()))
    (told,) = run(cache)
    assert "are damaged, and are compiled again: " in told
    assert run(cache) == [], "what was compiled again is whole"


@pytest.mark.exhaustive
@pytest.mark.slow
def test_files_that_are_gone_are_compiled_without_a_word(filled, tmp_path):
    cache = shutil.copytree(filled, tmp_path / "cache")
    for file in cache.rglob("*.nbc"):
        file.unlink()
        os.mkfifo(file)  # reading it would wait forever
    assert run(cache) == []
    assert all(file.is_file() for file in cache.rglob("*.nbc"))


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_told_once(filled, tmp_path):
    (tmp_path / "file").touch()
    (told,) = run(tmp_path / "file")
    assert "so every start compiles them: Not a directory" in told
    # files of more than 100 bytes cannot be written, as on a full disk
    (told,) = run(tmp_path / "full", "full")
    assert "so every start compiles them: File too large" in told
    shared = shutil.copytree(filled, tmp_path / "shared")
    (folder,) = (shared / "cutaway").iterdir()
    folder.chmod(0o777)
    (told,) = run(shared)
    assert "so every start compiles them: others may write into it" in told
