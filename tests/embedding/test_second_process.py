"""The child that compiles half of the kernels: what it compiles is used, and nothing depends on it."""

import os
import subprocess
import sys

import pytest

from cutaway.errors import Canceled
from cutaway.neighbors import Compilation, compilation_progress
from cutaway.progress import ignore_progress

SLEEP = "import time; time.sleep(100)"


@pytest.fixture
def room(monkeypatch):
    """The module, with an empty cache and a free CPU as it seems, and a list of the children that were started."""
    from cutaway.embedding.tsne import second_process

    children, start = [], subprocess.Popen

    def started(*arguments, **options):
        children.append(start(*arguments, **options))
        return children[-1]

    monkeypatch.setattr(second_process.subprocess, "Popen", started)
    monkeypatch.setattr(second_process, "_cpu_is_free", lambda: True)
    monkeypatch.setattr(second_process, "count_missing", len)
    monkeypatch.setattr(second_process, "children", children, raising=False)
    yield second_process
    assert all(child.returncode is not None for child in children), "every child has ended, and was waited for"


def compile_all(room, on_progress=ignore_progress):
    with compilation_progress(ignore_progress) as compilation:
        room.compile_kernels(300, compilation, on_progress=on_progress)
    return compilation


def test_a_child_that_dies_changes_nothing(room, monkeypatch):
    monkeypatch.setattr(room, "_PROGRAM", "import os; os._exit(3)")
    assert compile_all(room).seconds < 100
    assert [child.returncode for child in room.children] == [3]


@pytest.mark.parametrize("executable", ["/nowhere/python", "", None, "/usr/bin/editor"])
def test_where_no_python_can_be_started_there_is_no_child(executable, room, monkeypatch):
    monkeypatch.setattr(sys, "executable", executable)
    assert isinstance(compile_all(room), Compilation)
    assert room.children == []


def test_a_child_that_hangs_is_ended(room, monkeypatch):
    monkeypatch.setattr(room, "_PROGRAM", SLEEP)
    monkeypatch.setattr(room, "PATIENCE", 0.3)
    assert 0.3 <= compile_all(room).seconds < 50
    assert len(room.children) == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, Canceled])
def test_no_child_is_left_behind_by_an_interruption(interruption, room, monkeypatch):
    monkeypatch.setattr(room, "_PROGRAM", SLEEP)
    told = []

    def interrupt(progress):
        told.append(progress.note)
        if len(told) == 3:
            raise interruption("stop") if interruption is KeyboardInterrupt else Canceled("x", got="y", hint="z")

    with pytest.raises(interruption):
        compile_all(room, interrupt)
    assert set(told) == {"once on this machine: the rest, in a second process"}
    assert len(room.children) == 1


def test_the_child_ends_with_its_parent(room):
    program = f"from {room.__name__} import run_child; import {room.__name__} as room, time;"
    program += "room.compile_descent = lambda **_: (print('begun', flush=True), time.sleep(100)); run_child(exact=True)"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], **pipes) as child:
        assert child.stdout.readline() == b"begun\n"
        child.stdin.close()  # as the end of the parent closes it, however it ends
        assert child.wait(60) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("_cpu_is_free", lambda: False), ("count_missing", lambda kernels: len(kernels) // 2)]
)
def test_busy_cpus_or_a_full_cache_need_no_child(name, value, room, monkeypatch):
    monkeypatch.setattr(room, name, value)
    assert compile_all(room).count == 0
    assert room.children == []


@pytest.mark.exhaustive
def test_kernels_that_are_loaded_or_cannot_be_kept_are_not_missing(tmp_path):
    program = """
from cutaway.embedding.tsne.second_process import _KERNELS, compile_descent, count_missing
import sys
print(len(_KERNELS) > 10, count_missing(_KERNELS) / len(_KERNELS))
if sys.argv[1:]:
    compile_descent(exact=True, grid=True)
    print(sorted(each.__name__ for each in _KERNELS if not each.signatures))
"""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "new"), "NUMBA_CACHE_DIR": ""}
    run = {"check": True, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-c", program, "all"], env=environment, **run)
    assert done.stdout.splitlines() == ["True 1.0", "[]"]
    (tmp_path / "file").touch()
    environment["XDG_CACHE_HOME"] = str(tmp_path / "file")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], env=environment, **run)
    assert done.stdout.split() == ["True", "0.0"]


@pytest.mark.parametrize(
    ("said", "cpus", "free"), [("1/9", 2, True), ("2/9", 2, False), ("2/9", 4, True), ("1/9", 1, False), ("", 2, True)]
)
def test_a_cpu_is_free_if_fewer_threads_run_than_there_are_cpus(said, cpus, free, monkeypatch, tmp_path):
    from cutaway.embedding.tsne import second_process

    monkeypatch.setattr(second_process, "LOAD", tmp_path / "loadavg")
    monkeypatch.setattr(second_process, "cpu_count", lambda: cpus)
    monkeypatch.setattr(os, "cpu_count", lambda: cpus)
    if said:
        (tmp_path / "loadavg").write_text(f"5.00 5.00 5.00 {said} 1234\n")
    assert second_process._cpu_is_free() is free


@pytest.mark.exhaustive
def test_coordinates_are_the_same_bytes_and_the_next_process_compiles_nothing(tmp_path):
    program = """
import hashlib, sys
import numpy as np
from cutaway.embedding import embed
from cutaway.embedding.tsne import second_process
started, told = [], []
class Popen(second_process.subprocess.Popen):
    def __init__(self, *arguments, **options):
        started.append(arguments)
        super().__init__(*arguments, **options)
second_process.subprocess.Popen = Popen
second_process._cpu_is_free = lambda: "one" not in sys.argv
h = np.random.default_rng(0).normal(size=(2100, 20)).astype("f4")
layout = embed(h, n_iter=260, on_progress=told.append)
compiled = {each.note.split(": ")[-1] for each in told if each.task == "compiling"}
print(hashlib.sha256(layout.xy.tobytes()).hexdigest(), layout.kl_divergence)
print(len(started), len(compiled) > 0, "gradient_step" in compiled, "scan" in compiled, "verify_neighbors" in compiled)
"""

    def run(cache, *arguments):
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / cache), "NUMBA_CACHE_DIR": ""}
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.splitlines()

    two, alone, again = run("two"), run("alone", "one"), run("two")
    assert two[0] == alone[0] == again[0]
    assert two[1] == "1 True False True True", "the child compiles the descent"
    assert alone[1] == "0 True True True True"
    assert again[1] == "0 False False False False"
