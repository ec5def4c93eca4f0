"""Decisions that are kept one by one in a run folder, and the last one taken back."""

import os
import subprocess
import sys
from functools import partial
from unittest.mock import patch

import pytest

from cutaway.data import Decision
from cutaway.errors import DataError, RunError
from cutaway.runs import changing, labels_path
from cutaway.topics.label_issues import decisions
from cutaway.topics.label_issues.decisions import append_decisions, read_all, take_back_decision

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
    with pytest.raises(DataError):
        take_back_decision(tmp_path, wrong)
    assert labels_path(tmp_path).read_bytes() == before


def test_nothing_is_taken_back_where_nothing_was_decided_or_another_program_saved_the_file(tmp_path):
    with pytest.raises(DataError):
        take_back_decision(tmp_path, KEEP)
    labels_path(tmp_path).write_bytes(b"sample;decision;label;by;when\r\ntest[1];keep;;ada;\r\n")
    with pytest.raises(DataError):
        take_back_decision(tmp_path, KEEP)
    assert said(tmp_path) == [("test[1]", "keep", None, "ada")]


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cutaway.topics.label_issues.decisions.write_atomic", refuse)
    with pytest.raises(RunError):
        append_decisions(tmp_path, [KEEP])
    assert read_all(tmp_path) == ()


DECIDES = """
import sys
from pathlib import Path
from cutaway.topics.label_issues.decisions import append_decisions, take_back_decision
from cutaway.data import Decision
from cutaway.errors import DataError
run, who, count, takes_back = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "True"
kept = []
for number in range(count):
    decision = Decision(f"test[{number}]", "drop", by=who)
    append_decisions(run, [decision])
    kept.append(number)
    if takes_back and number % 3 == 0:
        try:
            take_back_decision(run, decision)
        except DataError:  # somebody has decided since
            continue
        kept.pop()
print(*kept)
"""
HOLDS = """
import sys
from pathlib import Path
from cutaway.runs import changing, labels_path
path = labels_path(Path(sys.argv[1]))
with changing(path):
    path.with_name(".labels.csv.0123abcd.tmp").write_text("half a li")
    print("held", flush=True)
    sys.stdin.read()
"""


def begin(program, *arguments):
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("count", "takes_back"),
    [
        pytest.param(12, True, marks=pytest.mark.short),
        pytest.param(200, False, marks=pytest.mark.exhaustive),
        pytest.param(200, True, marks=pytest.mark.exhaustive),
    ],
)
def test_no_decision_of_several_processes_is_lost_also_when_one_is_killed(tmp_path, count, takes_back):
    append_decisions(tmp_path, [KEEP])
    with begin(HOLDS, tmp_path) as holder:
        assert holder.stdout.readline() == "held\n"
        people = {who: begin(DECIDES, tmp_path, who, count, takes_back) for who in ("ada", "grace", "alan")}
        holder.kill()  # while it holds the lock, and the others wait for it or soon will
    kept = {who: list(map(int, child.communicate(timeout=300)[0].split())) for who, child in people.items()}
    assert [child.returncode for child in people.values()] == [0, 0, 0]
    found = {who: [] for who in people}
    for each in read_all(tmp_path)[1:]:
        found[each.by].append(int(each.sample[5:-1]))
    assert found == kept
    assert takes_back or sum(map(len, found.values())) == 3 * count
    assert sorted(path.name for path in tmp_path.iterdir()) == [".labels.csv.lock", "labels.csv"]


@pytest.mark.parametrize("name", ["labels.csv", ".labels.csv.lock"])
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "folder"])
def test_what_stands_in_the_place_of_a_file_is_neither_followed_nor_waited_for(tmp_path, name, kind):
    run, outside = tmp_path / "run", tmp_path / "outside.csv"
    run.mkdir()
    outside.write_text("sample,decision,label,by,when\n")
    before = outside.stat().st_mtime_ns
    place = run / name
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to(outside if kind == "link" else tmp_path / "made")
    for change in (lambda: append_decisions(run, [KEEP]), lambda: take_back_decision(run, KEEP)):
        with pytest.raises(RunError) as refused:
            change()
        assert "\n" not in str(refused.value)
    assert (outside.read_text(), outside.stat().st_mtime_ns) == ("sample,decision,label,by,when\n", before)
    assert not (tmp_path / "made").exists()


def test_what_is_checked_holds_when_the_decision_is_added(tmp_path):
    def add_another(known):
        assert known == ()
        with pytest.raises(RunError):
            append_decisions(tmp_path, [DROP])

    with patch.object(decisions, "changing", partial(changing, patience=0.05)):
        append_decisions(tmp_path, [KEEP], check=add_another)
    assert said(tmp_path) == [("test[1]", "keep", None, "ada")]
