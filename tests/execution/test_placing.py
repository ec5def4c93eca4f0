"""Samples of a run that are placed in a layout by other processes: the same coordinates as here."""

import pickle
from typing import Any

import numpy as np
import pytest

from cutaway.errors import Canceled
from cutaway.progress import CancelToken, Progress
from cutaway.topics.embedding import placing_tasks

pytest.importorskip("distributed")
from clusters import Cluster
from distributed import Client

pytestmark = pytest.mark.slow

SETTINGS: dict[str, Any] = {"laid_out": 600, "n_iter": 301, "quality": False, "progress": False}


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutaway.embedding.placing.layout.BATCH", 256)


@pytest.fixture
def here(digits_run: Any, small_batches: None) -> Any:
    """The layout as this process makes it, which is not kept."""
    found = digits_run.embed(**SETTINGS)
    found.file.unlink()
    return found


def placing(told: list[Progress]) -> list[int]:
    return [now.done for now in told if now.task == "placing"]


def test_workers_place_samples_where_this_process_does(digits_run: Any, here: Any, cluster: Cluster) -> None:
    told: list[Progress] = []
    there = digits_run.embed(**SETTINGS | {"progress": told.append}, engine=cluster.engine)
    there.file.unlink()
    assert there.xy.tobytes() == here.xy.tobytes()
    assert there.layout.settings == here.layout.settings
    assert placing(told) == sorted(placing(told))
    steps = {600 + 256 * whole + last for whole in range(5) for last in (0, 173)}  # they come in any order
    assert {0, 600, 1797} <= set(placing(told)) <= {0} | steps
    assert len(set(placing(told))) > 3
    assert placing(told).count(1797) == 1
    assert f"2 workers of {cluster.engine}" in {now.note for now in told}


@pytest.mark.exhaustive
def test_the_batch_of_a_killed_worker_is_placed_again(digits_run: Any, here: Any, hurt_cluster: Cluster) -> None:
    with Client(f"tcp://127.0.0.1:{hurt_cluster.port}", set_as_default=False) as client:
        killed = []

        def on_progress(now: Progress) -> None:
            if now.task == "placing" and not killed and all(busy := client.processing().values()) and len(busy) == 2:
                killed.append(hurt_cluster.processes[-1].pid)
                hurt_cluster.kill(killed[0])

        there = digits_run.embed(**SETTINGS | {"progress": on_progress}, engine=hurt_cluster.engine)
        assert len(client.processing()) == len(killed) == 1
    there.file.unlink()
    assert there.xy.tobytes() == here.xy.tobytes()


def test_canceled_between_two_batches_nothing_is_kept(digits_run: Any, small_batches: None, cluster: Cluster) -> None:
    token, told = CancelToken(), list[Progress]()

    def on_progress(now: Progress) -> None:
        told.append(now)
        if now.task == "placing" and now.done > 600:
            token.cancel()

    kept = set(digits_run.folder.results.path("").iterdir())
    with token, pytest.raises(Canceled):
        digits_run.embed(**SETTINGS | {"progress": on_progress}, engine=cluster.engine)
    assert max(placing(told)) < 1797
    assert set(digits_run.folder.results.path("").iterdir()) == kept


def test_a_task_is_small_and_the_layout_is_shared_once(
    digits_run: Any, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_tasks(function: Any, tasks: Any, *, arrays: Any, on_result: Any, **_: Any) -> None:
        assert max(len(pickle.dumps(task)) for task in tasks) < 4000
        assert [(task.start, task.stop) for task in tasks][-2:] == [(768, 1024), (1024, 1197)]
        assert len(arrays["layout.points"]) == len(arrays["layout.cells.points"]) == 600
        for place, task in enumerate(tasks):
            on_result(place, np.full((task.stop - task.start, 2), place))

    monkeypatch.setattr(placing_tasks, "run_tasks", run_tasks)
    found = digits_run.embed(**SETTINGS, engine="local")
    found.file.unlink()
    rows = np.setdiff1d(np.arange(1797), found._laid_out)
    np.testing.assert_array_equal(found.xy[rows, 0], np.arange(1197) // 256)
