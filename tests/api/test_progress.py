import sys
import types

import pytest

from cutaway.api.progress import show_progress
from cutaway.progress import Progress


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
