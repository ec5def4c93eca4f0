"""A process that reads files, whatever happens to it: an error that names the file, and the next order is answered."""

import os
import pickle
import signal
import sys
import time

import psutil
import pytest

from cutaway.errors import DataError
from cutaway.file_process import FileProcess
from cutaway.file_process import process as module

PROGRAM = """
import os, sys, time, types
from cutaway.file_process import __main__ as program

def echo(data=b"", **details):
    return {**details, "pid": os.getpid()}, data

def abort(**details):
    sys.stderr.write("what():  \\x1b[31mhistogram\\n")
    sys.stderr.flush()
    os.abort()

def hang(**details):
    time.sleep(600)

def fill(size):
    return None, bytes(size)

def fail(**details):
    raise RuntimeError("first line\\nsecond line")

def write(path):
    with open(path, "w") as file:
        file.write("x")

def leave(**details):
    os._exit(3)

actions = dict(echo=echo, abort=abort, hang=hang, fill=fill, fail=fail, write=write, leave=leave)
sys.modules["cutaway.file_process.columnar"] = types.SimpleNamespace(NEEDS_FILES=True, **actions)
program.main()
"""


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """A process whose library does what its orders say."""
    (tmp_path / "strange_program.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(module, "PROGRAM", "strange_program")
    return FileProcess("columnar")


def pid_of(process):
    return process.ask("echo", name="x")[0]["pid"]


def test_orders_are_answered_by_one_process_which_ends_with_its_object(strange):
    value, data = strange.ask("echo", name="x", data=b"\n\0" * 100_000, number=1, text="é")
    assert (value["number"], value["text"], data) == (1, "é", b"\n\0" * 100_000)
    pid = pid_of(strange)
    assert pid == value["pid"] != os.getpid()
    other = pickle.loads(pickle.dumps(strange))
    its = pid_of(other)
    assert its not in (pid, os.getpid())
    del other
    assert [psutil.pid_exists(each) for each in (pid, its)] == [True, False]


@pytest.mark.parametrize("action", ["abort", "leave", "hang"])
def test_its_end_is_an_error_that_names_the_file_and_another_goes_on(strange, action, monkeypatch):
    pid = pid_of(strange)
    monkeypatch.setattr(module, "SECONDS", 2)
    process = FileProcess("columnar") if action == "hang" else strange
    with pytest.raises(DataError, match="cannot read the file x") as caught:
        process.ask(action, name="the file x")
    assert str(caught.value).isprintable()
    assert {"abort": "histogram", "leave": "exit code 3", "hang": "2 seconds"}[action] in str(caught.value)
    assert pid_of(process) != pid


def test_errors_of_the_library_leave_it_alive(strange):
    pid = pid_of(strange)
    with pytest.raises(DataError, match=r"the file x .*first line\)"):
        strange.ask("fail", name="the file x")
    assert pid_of(strange) == pid


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory")
def test_its_memory_is_limited_and_it_writes_no_file(strange, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LEAST", 300 << 20)
    monkeypatch.setattr(module, "free_memory", lambda: 0)
    assert len(strange.ask("fill", name="x", size=10 << 20)[1]) == 10 << 20
    with pytest.raises(DataError, match="memory .*the file x"):
        strange.ask("fill", name="the file x", size=1 << 30)
    with pytest.raises(DataError, match="too large"):
        strange.ask("write", name="x", path=str(tmp_path / "written"))


def test_it_ends_when_nobody_asks_and_starts_again(strange, monkeypatch):
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.3)
    pid = pid_of(strange)
    assert pid_of(strange) == pid
    ends = time.monotonic() + 30
    while psutil.pid_exists(pid):
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert pid_of(strange) != pid


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timer")
def test_an_interrupt_leaves_no_half_answer_behind(strange):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            strange.ask("hang", name="x")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert strange.ask("echo", name="x", number=2)[0]["number"] == 2
