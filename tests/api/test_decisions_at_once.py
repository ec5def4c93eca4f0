"""Decisions that are kept one by one in a run folder, and the last one taken back."""

import pytest

from cutaway.api.labels import append_decisions, read_all, take_back_decision
from cutaway.data import Decision
from cutaway.errors import DataError, RunError
from cutaway.runs import labels_path

KEEP, DROP = Decision("test[1]", "keep", by="ada"), Decision("test[2]", "drop", by="ada")
ODD = Decision('=cmd,"x"\nline', "relabel", "'a'", by="ada")


def said(run):
    return [(each.sample, each.action, each.label, each.by) for each in read_all(run)]


def test_decisions_are_added_and_the_last_one_is_taken_back(tmp_path):
    for each in (KEEP, ODD, DROP):
        append_decisions(tmp_path, [each])
    before = labels_path(tmp_path).read_bytes()
    assert said(tmp_path) == [(d.sample, d.action, d.label, "ada") for d in (KEEP, ODD, DROP)]
    assert all(each.when for each in read_all(tmp_path))
    take_back_decision(tmp_path, DROP)
    take_back_decision(tmp_path, ODD)
    assert said(tmp_path) == [("test[1]", "keep", None, "ada")]
    assert before.startswith(labels_path(tmp_path).read_bytes()), "earlier rows are as they were"


@pytest.mark.parametrize("wrong", [KEEP, Decision("test[2]", "keep"), Decision("test[2]", "relabel", "3")])
def test_only_the_last_decision_is_taken_back(tmp_path, wrong):
    append_decisions(tmp_path, [KEEP, DROP])
    before = labels_path(tmp_path).read_bytes()
    with pytest.raises(DataError, match="only the last decision can be taken back; got a later one on test"):
        take_back_decision(tmp_path, wrong)
    assert labels_path(tmp_path).read_bytes() == before


def test_nothing_is_taken_back_where_nothing_was_decided_or_another_program_saved_the_file(tmp_path):
    with pytest.raises(DataError, match="none at all"):
        take_back_decision(tmp_path, KEEP)
    labels_path(tmp_path).write_bytes(b"sample;decision;label;by;when\r\ntest[1];keep;;ada;\r\n")
    with pytest.raises(DataError, match="another program"):
        take_back_decision(tmp_path, KEEP)
    assert said(tmp_path) == [("test[1]", "keep", None, "ada")]


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cutaway.api.labels.deciding.write_atomic", refuse)
    with pytest.raises(RunError, match="No space left on device"):
        append_decisions(tmp_path, [KEEP])
    assert read_all(tmp_path) == ()
