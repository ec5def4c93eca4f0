"""A process that runs jobs, as whoever started it sees it."""

import threading
import time

import pytest

from cutaway.parallel import runner_process as module
from cutaway.parallel.runner_process import Message, RunnerProcess

PROGRAM = """
import json, os, signal, sys, time

def write(kind, job="", value=None):
    print(json.dumps({"kind": kind, "job": job, "value": value}), flush=True)

write("ready", value=sys.argv[1])
for line in sys.stdin:
    order = json.loads(line)
    if "cancel" in order:
        write("end", order["cancel"], "canceled")
    elif order["do"] == "answer":
        write("progress", order["job"], {"done": 1})
        write("end", order["job"], "done")
    elif order["do"] == "crash":
        sys.exit("no memory\\nfor 3 rows")
    elif order["do"] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif order["do"] == "pause":
        time.sleep(1.0)
        write("end", order["job"], "done")
    elif order["do"] == "stick":
        time.sleep(600)
    elif order["do"] == "babble":
        print("no JSON", flush=True)
        time.sleep(600)
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a runner that does what its orders say; its messages and the reason of its end are in lists."""
    (tmp_path / "small_runner.py").write_text(PROGRAM)
    monkeypatch.setattr(module, "RUNNER", "small_runner")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    started = []

    class Started:
        def __init__(self, **options):
            self.messages, self.reasons, self._changed = [], [], threading.Condition()
            self.process = RunnerProcess(
                "view",
                on_message=lambda message: self._note(self.messages, message),
                on_end=lambda reason: self._note(self.reasons, reason),
                **options,
            )
            started.append(self.process)

        def _note(self, notes, what):
            with self._changed:
                notes.append(what)
                self._changed.notify_all()

        def wait(self, happens):
            with self._changed:
                assert self._changed.wait_for(happens, 60), (self.messages, self.reasons)

    yield Started
    for process in started:
        process.close()


def test_orders_go_in_messages_come_out_and_it_ends_with_its_input(start):
    one = start()
    one.process.send("a", {"do": "answer"})
    one.wait(lambda: len(one.messages) == 3)
    assert one.messages == [
        Message("ready", value="view"),
        Message("progress", "a", {"done": 1}),
        Message("end", "a", "done"),
    ]
    assert one.process.alive
    one.process.close_input()
    one.wait(lambda: one.reasons)
    assert one.reasons == ["it ended with exit code 0"]
    assert not one.process.alive
    one.process.send("b", {"do": "answer"})  # nobody is there; `on_end` has said so


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("crash", "it ended with exit code 1: for 3 rows"),
        ("kill", "it was killed, perhaps because memory ran out"),
    ],
)
def test_the_reason_of_an_end_is_one_line(start, order, reason):
    one = start()
    one.process.send("a", {"do": order})
    one.wait(lambda: one.reasons)
    assert one.reasons == [reason]


def test_what_writes_something_else_than_messages_is_ended(start, monkeypatch):
    wait = RunnerProcess.wait
    monkeypatch.setattr(RunnerProcess, "wait", lambda process, seconds=None: wait(process, seconds and 0.2))  # not 5
    one = start()
    one.process.send("a", {"do": "babble"})
    one.wait(lambda: one.reasons)
    assert not one.process.alive


def test_a_job_that_stops_lets_its_process_live_and_one_that_does_not_ends_it(start):
    one = start()
    one.wait(lambda: one.messages)
    one.process.cancel("a", seconds=0.5)
    one.wait(lambda: len(one.messages) == 2)
    one.process.send("b", {"do": "answer"})
    one.wait(lambda: len(one.messages) == 4)
    one.process.send("c", {"do": "stick"})
    one.process.cancel("c", seconds=0.1)
    one.wait(lambda: one.reasons)
    assert one.reasons == ["it was killed, perhaps because memory ran out"]


def test_a_job_that_was_stopped_and_begun_again_is_not_ended_for_the_first_time(start):
    one = start()
    one.wait(lambda: one.messages)  # one that still loads is given more time
    one.process.send("a", {"do": "pause"})
    one.process.cancel("a", seconds=1.5)
    one.wait(lambda: [message.kind for message in one.messages].count("end") == 2)
    one.process.send("a", {"do": "pause"})
    one.wait(lambda: [message.kind for message in one.messages].count("end") == 3)
    assert one.reasons == []


@pytest.mark.parametrize("ends", [False, True])
def test_nobody_waits_until_a_process_reads_a_large_order(start, ends):
    one = start()
    one.wait(lambda: one.messages)
    one.process.send("a", {"do": "stick" if ends else "pause"})
    before = time.monotonic()
    one.process.send("b", {"do": "answer", "state": "x" * 1_000_000})  # a pipe holds 64 kB
    one.process.cancel("b", seconds=60)
    assert time.monotonic() - before < 0.5
    if ends:
        one.process.kill()
        one.wait(lambda: one.reasons)
        assert one.reasons == ["it was killed, perhaps because memory ran out"]
    else:
        one.wait(lambda: one.messages[-1] == Message("end", "b", "canceled"))
        assert Message("end", "b", "done") in one.messages


def test_one_that_cannot_be_started_says_why(monkeypatch, tmp_path):
    monkeypatch.setattr(module.sys, "executable", str(tmp_path / "nothing"))
    for detached in (False, True):
        with pytest.raises(FileNotFoundError):
            RunnerProcess("view", detached=detached)
