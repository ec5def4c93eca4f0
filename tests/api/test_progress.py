import contextlib
import fcntl
import functools
import math
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import types

import pytest

import cutaway as ct
from cutaway.errors import Canceled
from cutaway.progress import CancelToken, Pace, Progress, active_tokens
from cutaway.report import ReportProgress
from cutaway.results.progress import show_progress


@pytest.fixture
def shown(monkeypatch):
    """What a notebook's cell was told to show, in order."""
    texts = []

    class Handle:
        def update(self, data, *, raw):
            texts.append((data["text/plain"], raw))

    def display(data, *, raw, display_id):
        texts.append((data["text/plain"], raw and display_id))
        return Handle()

    module = types.ModuleType("IPython.display")
    module.display = display
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return texts


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it."""
    now = [0.0]
    monkeypatch.setattr("cutaway.results.progress.time", types.SimpleNamespace(perf_counter=lambda: now[0]))
    return now


def test_a_notebook_shows_one_line_a_task_and_needs_no_widgets(shown, clock):
    with show_progress(True) as on_progress:
        for clock[0], done in ((0, 0), (1, 10), (2, 20), (2.01, 21), (3, 40)):
            on_progress(Progress("training", done, 40, "steps"))
        on_progress(Progress("quality", 0, 4, "samples", "ranks"))
        clock[0] = 5
        on_progress(Progress("quality", 4, 4, "samples"))
        clock[0] = 6
        on_progress(Progress("training", 0, 40, "steps"))  # the same task once more
        clock[0] = 7
        on_progress(Progress("training", 40, 40, "steps"))
    assert all(flag for _, flag in shown)
    assert [text for text, _ in shown[:4]] == [
        "training: 0%",
        "training: 25%, 10/s, 3 s left",
        "training: 50%, 10/s, 2 s left",
        "training: 40 steps in 3.0 s",  # the one between came too soon
    ]
    assert shown[-3][0] == "training: 40 steps in 3.0 s\nquality: 4 samples in 2.0 s"
    assert shown[-1][0] == "training: 40 steps in 1.0 s\nquality: 4 samples in 2.0 s"


def test_rate_and_time_left_are_of_what_was_done_since_the_task_began(shown, clock):
    # a training that was resumed at 900 of 1,000 samples
    with show_progress(True) as on_progress:
        for clock[0], done, note in ((0, 900, ""), (10, 920, "a"), (15, 920, "b"), (50, 1000, "c")):
            on_progress(Progress("training", done, 1000, "samples", note))
        for clock[0], done in ((60, 0), (80, 1)):
            on_progress(Progress("embeddings", done, 3, "embeddings"))
        on_progress(Progress("embeddings", 1, 3, "embeddings", seconds_left=7.4))
        clock[0] = 81
        on_progress(Progress("embeddings", 1, 3, "embeddings", seconds_left=7.4))
    assert [text.splitlines()[-1] for text, _ in shown] == [
        "training: 90%",
        "training: 92%, 2/s, 40 s left  a",
        "training: 92%, 2/s, 35 s left  b",  # counted down while no sample is reported
        "training: 100 samples in 50.0 s  c",
        "embeddings: 0%",
        "embeddings: 33%, 20.0 s each, 40 s left",
        "embeddings: 33%, 20.0 s each, 7 s left",  # what the work itself knows
    ]


@pytest.mark.parametrize(("first", "each", "count"), [(15.0, 0.44, 150), (3.0, 0.01, 2000), (0.5, 0.5, 40)])
@pytest.mark.parametrize("slow", [1, pytest.param(2, marks=pytest.mark.exhaustive)])
def test_a_slow_step_at_the_beginning_says_nothing_of_the_others(first, each, count, slow):
    pace, clock = Pace(0, 0.0), 0.0
    for done in range(1, count):
        clock += first if done == slow else each
        pace.take(done, clock)
        if done < 3:
            assert pace.rate(count) is None
        else:
            assert pace.rate(count) == pytest.approx(1 / each, rel=1e-6)


def test_few_large_steps_say_how_long_the_rest_takes():
    pace = Pace(0, 0.0)
    pace.take(1, 20.0)
    assert pace.rate(3) == pytest.approx(1 / 20)
    assert pace.rate(11) is None
    pace.take(2, 21.0)
    assert pace.rate(20) == pytest.approx(1)


def test_work_that_becomes_slower_takes_longer_from_then_on():
    pace, clock = Pace(100, 0.0), 0.0
    for done in range(101, 201):
        clock += 1.0 if done <= 120 else 4.0
        pace.take(done, clock)
    assert pace.rate(1000) == pytest.approx(0.25)


def test_a_report_has_no_time_left_before_anybody_can_know(monkeypatch):
    # of 150 embeddings one loads and compiles for 15 s, and the others take 0.4 s: 2,237 seconds were said to be left
    now, told = [0.0], []
    monkeypatch.setattr("cutaway.report.progress.perf_counter", lambda: now[0])
    progress = ReportProgress(told.append, ["heading", "explore"])
    progress.expect(150)
    progress.begin("heading")
    progress.end()
    progress.begin("explore")
    for done in range(1, 151):
        now[0] += 15.0 if done == 1 else 0.4
        progress.inner(Progress("embeddings", done, 150))
        left = 0.4 * (150 + 16 - done)
        if done == 1:
            assert told[-1].seconds_left == math.inf
        else:
            assert told[-1].seconds_left == pytest.approx(left, rel=0.2)
    progress.end()
    assert told[-1].ended


def test_time_that_nobody_knows_is_not_shown(shown, clock):
    with show_progress(True) as on_progress:
        for clock[0], done in ((0, 0), (15, 1), (16, 2), (17, 3)):
            on_progress(Progress("report", done, 150, "steps", seconds_left=math.inf))
    assert [text for text, _ in shown] == ["report: 0%", "report: 0%", "report: 1%", "report: 2%, 1/s"]


def test_work_of_unknown_length_is_counted_and_does_not_end(shown, clock):
    with show_progress(True) as on_progress:
        on_progress(Progress("reading", 5, 0, "lines"))
    assert shown[-1][0] == "reading: 5 lines"


def test_lines_on_a_pipe_come_when_a_task_is_done(capsys, monkeypatch):
    # another test may have loaded ipykernel, as a program may that runs no notebook
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    with show_progress(True) as on_progress:
        on_progress(Progress("training", 0, 4, "steps"))
        assert capsys.readouterr().err == ""
        on_progress(Progress("training", 4, 4, "steps"))
    assert capsys.readouterr().err.startswith("training: 4 steps in ")


def reports(work, task):
    """The reports of one task."""
    told = []
    work(told.append)
    return [now for now in told if now.task == task]


def check_ends(told):
    """A task begins at what was done before, ends once, at its end, and never goes back."""
    assert [now.ended for now in told] == [False] * (len(told) - 1) + [True]
    assert [now.done for now in told] == sorted(now.done for now in told)


@pytest.mark.parametrize("stops", [False, True])
def test_a_descent_that_ends_early_ends_at_its_end(digits_run, stops):
    settings = {"split": "test", "samples": 200, "perplexity": 20, "seed": 11 + stops, "max_iter": 5000}
    callback = (lambda step: step.iteration > 0) if stops else None
    told = reports(lambda on_progress: digits_run.embed(callback=callback, progress=on_progress, **settings), "t-SNE")
    check_ends(told)
    assert told[0].done == 0
    assert told[0].total >= 5000
    assert told[-1].total == told[-1].done < 5000


@pytest.mark.parametrize(
    ("task", "work"),
    [
        ("activations", lambda run: run.activations),
        ("layer history", lambda run: functools.partial(run.layer_history, epochs=[1, 2])),
        ("similarity", lambda run: functools.partial(run.similarity, epochs=[1, 2, 3])),
        ("ablation", lambda run: run.units),
    ],
)
def test_every_task_begins_at_0_and_ends_at_its_end(task, work, digits_run, own_cache):
    call = work(digits_run)
    told = reports(
        lambda on_progress: (
            call("dense_2", progress=on_progress) if task != "layer history" else call(progress=on_progress)
        ),
        task,
    )
    check_ends(told)
    assert told[0].done == 0


# the clock of these programs is ours: another program may hold them up for a second
CLOCK = """
import types
from cutaway.results import progress
now = [0.0]
progress.time = types.SimpleNamespace(perf_counter=lambda: now[0])
"""

PROGRAM = """
import time
from cutaway.results.progress import show_progress
from cutaway.progress import Progress
with show_progress(True) as on_progress:
    for task in ("training", "t-SNE", "training"):
        for done in range(5):
            on_progress(Progress(task, done, 8, "steps", f"step {done} [of 8]"))
            now[0] += 0.1
            time.sleep(0.05)  # the bar is drawn meanwhile
        on_progress(Progress(task, 5, 5, "steps", "converged [/]"))
"""


def test_bars_in_a_terminal_end_at_their_end():
    lines = last_lines(CLOCK + PROGRAM)
    assert len(lines) == 2
    for line, task in zip(lines, ("training", "t-SNE"), strict=True):
        assert re.fullmatch(rf"{task}\s+━{{8}} 5 steps in 0\.5 s converged \[/\]", line.strip()), line


LONG_NOTE = """
from cutaway.results.progress import show_progress
from cutaway.progress import Progress
with show_progress(True) as on_progress:
    on_progress(Progress("principal components", 300_000, 300_000, "samples"))
    on_progress(Progress("compiling", 1, 1, "steps", "7 functions, once on this machine, " * 3))
    on_progress(Progress("t-SNE", 225, 225, "iterations", "KL 2.679"))
"""


@pytest.mark.exhaustive
def test_a_long_note_takes_nothing_from_other_lines():
    first, long, last = last_lines(CLOCK + LONG_NOTE, columns=80)
    assert first.split() == ["principal", "components", "━" * 8, "0", "samples", "in", "0.0", "s"]
    assert len(long.rstrip()) == 80
    assert long.rstrip().endswith("…")
    assert last.rstrip().endswith(" s KL 2.679")


def last_lines(program, *, columns=100):
    """What a program has left on a terminal, as lines."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns)}
    child = subprocess.Popen([sys.executable, "-c", program], stderr=follower, stdout=follower, env=environment)
    os.close(follower)
    drawn = b""
    with contextlib.suppress(OSError):  # a terminal whose program has ended is an error of Linux
        while more := os.read(leader, 65536):
            drawn += more
    os.close(leader)
    assert child.wait() == 0, drawn
    # each drawing goes back to the first line and clears it
    final = re.split(rb"(?:\r?\x1b\[1A\x1b\[2K)+|\r\x1b\[2K", drawn)[-1]
    text = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", final).decode()
    return [line for line in text.replace("\r", "").split("\n") if line.strip()]


def test_threads_share_one_token_and_canceling_it_stops_the_work_in_all(monkeypatch):
    token, inside, failed, canceled = CancelToken(), threading.Barrier(5, timeout=30), [], []
    steps = [Progress("work", 0, 1)] * 2

    def work():
        try:
            with token:
                try:
                    with show_progress(False) as on_progress:
                        on_progress(steps[0])
                        inside.wait()  # all of them are in the block
                        inside.wait()  # the token was canceled
                        on_progress(steps[1])
                except Canceled:
                    canceled.append(active_tokens())
            assert active_tokens() == ()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    inside.wait()
    assert token.watched
    token.cancel()
    inside.wait()
    for thread in threads:
        thread.join()
    assert failed == []
    assert canceled == [(token,)] * 4
    assert not token.watched


def test_the_count_of_watched_work_is_right_with_many_threads():
    token, interval = CancelToken(), sys.getswitchinterval()

    def watch():
        for _ in range(3000):
            with token.watching():
                pass

    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=watch) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not token.watched


def test_work_does_not_start_under_a_token_that_was_canceled():
    token, drawn = CancelToken(), []
    token.cancel()
    with token, pytest.raises(Canceled), show_progress(drawn.append):
        raise AssertionError("the work started")
    with show_progress(drawn.append) as on_progress:  # outside of the block nothing is canceled
        on_progress(Progress("work", 1, 1))
    assert len(drawn) == 1


@pytest.mark.parametrize("outer_is_canceled", [True, False])
def test_inside_two_tokens_each_of_them_cancels(outer_is_canceled):
    outer, inner = CancelToken(), CancelToken()
    with outer, inner, show_progress(False) as on_progress:
        on_progress(Progress("work", 0, 1))
        (outer if outer_is_canceled else inner).cancel()
        with pytest.raises(Canceled):
            on_progress(Progress("work", 1, 1))


@pytest.mark.parametrize("before", [True, False])
def test_a_training_canceled_before_its_first_step_makes_no_folder(before, tmp_path, monkeypatch):
    token = CancelToken()
    if before:
        token.cancel()
    inside = ct.train.__globals__["Plan"].train.__globals__
    checked = inside["_check_room"]

    def check(*args, **kwargs):
        token.cancel()
        checked(*args, **kwargs)

    monkeypatch.setitem(inside, "_check_room", check)
    with token, pytest.raises(Canceled):
        ct.train(ct.mlp((4,)), "digits", runs=tmp_path / "runs", progress=False)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("work", ["layer_history", "units", "report", "embed"])
def test_analyses_under_a_canceled_token_do_not_start(work, digits_run, tmp_path):
    token, told = CancelToken(), []
    token.cancel()
    with token, pytest.raises(Canceled), contextlib.chdir(tmp_path):
        getattr(digits_run, work)(progress=told.append)
    assert told == []
