import contextlib
import sys
import threading
import types

import pytest

import cutaway as ct
from cutaway.api.progress import show_progress
from cutaway.errors import Canceled
from cutaway.progress import CancelToken, Progress, active_tokens


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


def test_a_notebook_shows_one_line_a_task_and_needs_no_widgets(shown, monkeypatch):
    clock = iter([0.0, 1.0, 2.0, 2.01, 3.0, 3.0, 5.0, 6.0, 7.0])
    monkeypatch.setattr("cutaway.api.progress.time.perf_counter", lambda: next(clock))
    with show_progress(True) as on_progress:
        for done in (0, 10, 20, 21, 40):
            on_progress(Progress("training", done, 40, "steps"))
        on_progress(Progress("quality", 0, 4, "samples", "ranks"))
        on_progress(Progress("quality", 4, 4, "samples"))
        on_progress(Progress("training", 0, 40, "steps"))  # the same task once more
        on_progress(Progress("training", 40, 40, "steps"))
    assert all(flag for _, flag in shown)
    assert [text for text, _ in shown[:4]] == [
        "training: 0%",
        "training: 25%, 10 a second, 3 s left",
        "training: 50%, 10 a second, 2 s left",
        "training: 40 steps in 3.0 s",  # the one between came too soon
    ]
    assert shown[-3][0] == "training: 40 steps in 3.0 s\nquality: 4 samples in 2.0 s"
    assert shown[-1][0] == "training: 40 steps in 1.0 s\nquality: 4 samples in 2.0 s"


def test_lines_on_a_pipe_come_when_a_task_is_done(capsys, monkeypatch):
    # another test may have loaded ipykernel, as a program may that runs no notebook
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    with show_progress(True) as on_progress:
        on_progress(Progress("training", 0, 4, "steps"))
        assert capsys.readouterr().err == ""
        on_progress(Progress("training", 4, 4, "steps"))
    assert capsys.readouterr().err.startswith("training: 4 steps in ")


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
    words = "work runs until it is done; got a request to cancel it; next: run it again"
    with token, pytest.raises(Canceled, match=words), show_progress(drawn.append):
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


def test_a_training_under_a_canceled_token_makes_no_folder(tmp_path):
    token = CancelToken()
    token.cancel()
    with token, pytest.raises(Canceled):
        ct.train(ct.mlp((4,)), "digits", runs=tmp_path / "runs", progress=False)
    assert not (tmp_path / "runs").exists()


def test_a_training_canceled_while_it_is_prepared_makes_no_folder(tmp_path, monkeypatch):
    token = CancelToken()
    inside = ct.train.__globals__["start_training"].__globals__
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
