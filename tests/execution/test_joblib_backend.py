"""Other backends of joblib: one that brings results only when all are there, as Spark's does, and one that fails."""

import threading
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pytest
import worker_tasks
from clusters import wait_until
from joblib._parallel_backends import ThreadingBackend

from cutaway.errors import Canceled, ExecutionError, TrainingError
from cutaway.execution import run_tasks
from cutaway.progress import CancelToken, Progress


class Waves(ThreadingBackend):
    """Without results before the end of a call."""

    @property
    def supports_return_generator(self) -> bool:
        return False


class Broken(Waves):
    """One whose workers are lost."""

    why: BaseException = ConnectionError("Traceback of many lines\nof.a.kind.PythonError: the cluster is gone\n  at x")

    def submit(self, func: Any, callback: Any = None) -> Any:
        raise self.why


@pytest.fixture(params=[Waves, Broken])
def backend(request: pytest.FixtureRequest) -> Iterator[type[Waves]]:
    joblib.register_parallel_backend("of the test", request.param)
    with joblib.parallel_config(backend="of the test", n_jobs=2):
        yield request.param
    joblib.parallel.BACKENDS.pop("of the test")


def unpicklable(spec: int, arrays: Any) -> None:
    error = ValueError("the reason")
    error.lock = threading.Lock()  # pyright: ignore[reportAttributeAccessIssue]
    raise error


def ends(spec: int, arrays: Any) -> None:
    raise SystemExit(3)


@pytest.mark.parametrize("backend", [Waves], indirect=True)
def test_results_come_after_each_wave_and_errors_as_they_were_raised(backend: type[Waves]) -> None:
    x, told, came = np.arange(15.0).reshape(5, 3), list[Progress](), list[int]()
    arrays = {"x": x, "w": np.ones(3)}
    found = run_tasks(
        worker_tasks.weighted_sum,
        range(5),
        arrays=arrays,
        on_progress=told.append,
        on_result=lambda place, _: came.append(place),
    )
    assert [value for value, _ in found] == x.sum(axis=1).tolist()
    assert sorted(came) == list(range(5))
    assert told[-1].done == 5
    with pytest.raises(TrainingError, match="^a rule; got something else; next: do it$"):
        run_tasks(worker_tasks.fail, ["ours"])
    with pytest.raises(ZeroDivisionError):
        run_tasks(worker_tasks.fail, ["theirs"])
    with pytest.raises(RuntimeError, match="^ValueError: the reason$"):
        run_tasks(unpicklable, [0])
    with pytest.raises(RuntimeError, match="^SystemExit: 3$"):
        run_tasks(ends, [0])


@pytest.mark.parametrize("backend", [Waves], indirect=True)
def test_what_was_canceled_begins_no_other_task(backend: type[Waves], tmp_path: Any) -> None:
    token = CancelToken()

    def cancel(now: Progress) -> None:
        if list(tmp_path.glob("begun-*")):  # one of two, the other waits for it
            token.cancel()

    specs = [{"folder": str(tmp_path), "number": number} for number in range(6)]
    with token, pytest.raises(Canceled):
        run_tasks(worker_tasks.wait_for, specs, on_progress=cancel)
    (tmp_path / "go").touch()
    wait_until(lambda: not any("(_run)" in thread.name for thread in threading.enumerate()), what="the thread to end")
    assert sorted(file.name for file in tmp_path.glob("begun-*")) == ["begun-0", "begun-1"]


@pytest.mark.parametrize("backend", [Broken], indirect=True)
def test_a_backend_that_fails_says_why_in_one_line(backend: type[Broken], monkeypatch: pytest.MonkeyPatch) -> None:
    said = r"^the backend Broken of joblib brings the result of each task; got of\.a\.kind\.PythonError: the cluster is"
    with pytest.raises(ExecutionError, match=said):
        run_tasks(worker_tasks.weighted_sum, [0])
    monkeypatch.setattr(Broken, "why", RuntimeError("a\nModuleNotFoundError: No module named 'cutaway'"))
    with pytest.raises(
        ExecutionError, match="^every worker has cutaway and what it needs; got a worker that says: Mod"
    ):
        run_tasks(worker_tasks.weighted_sum, [0])
    lacking = RuntimeError("a task")
    lacking.__cause__ = ImportError("jax")
    monkeypatch.setattr(Broken, "why", lacking)
    with pytest.raises(ExecutionError, match="^every worker has cutaway and what it needs"):
        run_tasks(worker_tasks.weighted_sum, [0])
