"""What a runner says of its jobs, without a process."""

import threading
from typing import get_args

import pytest

from cutaway import Canceled
from cutaway.jobs import runner as module
from cutaway.jobs.page_work import MAKERS
from cutaway.jobs.queues import QUEUES
from cutaway.jobs.specifications import KINDS, SECTIONS, SectionJob


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
def test_a_job_ends_whatever_it_raises(tmp_path, error, messages):
    def fail(*_):
        raise error

    writer = Writer()
    runner = module.Runner(QUEUES["view"], fail, writer)
    specification = SectionJob(kind="sheet", run="first").model_dump(mode="json")
    runner.take({"job": "a", "specification": specification, "folder": str(tmp_path), "key": "0" * 32})
    assert writer.has_ended.wait(20)
    assert writer.messages == [("begun", "a", None), *messages]


def test_each_kind_of_section_is_made_by_a_function_and_waits_in_a_queue():
    kinds = get_args(SectionJob.model_fields["kind"].annotation)
    assert list(MAKERS) == list(SECTIONS) == list(kinds)
    assert {kind.queue for kind in KINDS.values()} == {*QUEUES, "training"}


@pytest.mark.parametrize(
    "options", [{"kind": "label_issues", "split": "test"}, {"kind": "compare"}, {"kind": "remedy", "finding": None}]
)
def test_a_section_takes_the_options_of_its_kind_only(options):
    with pytest.raises(ValueError, match=options["kind"]):
        SectionJob(run="a", **options)
