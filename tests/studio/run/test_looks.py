"""First looks have a process of their own: they wait for nothing that is computed for other pages."""

import os
import signal

import pytest

from cutaway.jobs import QUEUES
from tests.execution.clusters import wait_until


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_first_look_needs_nothing_of_the_process_that_computes_for_another_run(own_studio, wait_for, worker_of):
    asked = {"run": "first", "split": "all"}
    wait_for(own_studio, "explore", **asked, until=["running"])
    busy = worker_of(own_studio, "view")
    os.kill(busy, signal.SIGSTOP)  # it can neither go on nor give way
    try:
        assert wait_for(own_studio, "preview", run="second", page="b")["state"] == "done"
        assert own_studio.ask_for("explore", **asked).json["state"] == "running"
    finally:
        os.kill(busy, signal.SIGCONT)
    assert wait_for(own_studio, "explore", **asked, until=["done", "failed", "canceled", "waiting"])["state"] == "done"
    assert worker_of(own_studio, "view") == busy
    assert worker_of(own_studio, "look") not in (None, busy)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_both_processes_are_loaded_once_somebody_comes_and_the_second_gives_way(
    trained, tmp_path, start_studio, worker_of
):
    studio = start_studio(trained, environment={"CUTAWAY_MOST_NICE": "19"})
    assert worker_of(studio, "look") is worker_of(studio, "view") is None
    studio.ask("/")
    studio.ask("/train")
    assert worker_of(studio, "look") is None, "a GET starts nothing"
    studio.ask("/api/visits", method="POST", body={"view": ""})
    for queue in ("look", "view"):
        wait_until(lambda queue=queue: worker_of(studio, queue))
    pid, least = worker_of(studio, "view"), max(QUEUES["view"].nice, os.getpriority(os.PRIO_PROCESS, 0))
    wait_until(lambda: os.getpriority(os.PRIO_PROCESS, pid) == least)
