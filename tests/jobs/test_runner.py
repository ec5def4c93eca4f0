"""What a runner says of its jobs, without a process."""

import threading

import pytest

from cutaway import Canceled
from cutaway.jobs import runner as module
from cutaway.jobs.queues import QUEUES
from cutaway.jobs.specifications import SectionJob


class Writer:
    """Notes what would be written."""

    def __init__(self):
        self.messages, self.has_ended = [], threading.Event()

    def write(self, kind, job="", value=None):
        self.messages.append((kind, job, value))
        if kind == "end":
            self.has_ended.set()


@pytest.mark.parametrize(
    ("error", "messages"),
    [
        (SystemExit(3), [("error", "a", "unexpected SystemExit: 3"), ("end", "a", "failed")]),
        (ValueError("no\nnumber"), [("error", "a", "unexpected ValueError: no number"), ("end", "a", "failed")]),
        (Canceled("work runs", got="a stop", hint="go on"), [("end", "a", "canceled")]),
    ],
)
def test_a_job_ends_whatever_it_raises(tmp_path, monkeypatch, error, messages):
    def fail(*_):
        raise error

    monkeypatch.setattr(SectionJob, "run_in", fail)
    writer = Writer()
    runner = module.Runner(QUEUES["view"], writer)
    specification = SectionJob(kind="sheet", run="first").model_dump(mode="json")
    runner.take({"job": "a", "specification": specification, "folder": str(tmp_path), "key": "0" * 32})
    assert writer.has_ended.wait(20)
    assert writer.messages == [("begun", "a", None), *messages]
