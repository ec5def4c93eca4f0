"""What a newer version wrote: refused in one line that names the version, and neither deleted nor written over."""

import json
from types import SimpleNamespace

import pytest

import cutaway as ct
from cutaway.errors import RunError
from cutaway.jobs import JobQueue, QueuedTraining, Training
from cutaway.jobs.trainings import files
from cutaway.jobs.trainings.scheduler import Scheduler
from cutaway.runs import RunFolder, RunWriter, find_run, list_runs
from cutaway.studio.classroom import TASKS_FILE, DoneTask, DoneTasks
from cutaway.studio.runs import Notes, RunIndex, change_notes, kept, read_notes
from cutaway.topics.sweeps.manifest import read_manifest, write_manifest

NEWER = "9.1.0"


def change(file, **fields):
    """Write fields of a JSON file."""
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | fields), encoding="utf-8")


def scanned(runs):
    index = RunIndex(runs)
    list(index.scan())
    return index, {row["id"].split("-")[3]: row for row in index.rows()}


@pytest.fixture
def newer_run(find):
    """A run of a newer format."""
    path = find("1126")
    change(path / "run.json", format=3, status="paused", versions={"cutaway": NEWER})
    return path


def test_a_run_of_a_newer_format_is_listed_as_unreadable_with_the_version(newer_run, runs, digests):
    before, why = digests(newer_run), f"got format 3, written by cutaway {NEWER}, in .*; next: upgrade cutaway"
    assert [run.path.name for run in list_runs(runs) if not isinstance(run, RunFolder)] == [newer_run.name]
    for ask in (RunFolder.open, ct.open_run, ct.resume, ct.train_like, RunWriter.reopen):
        with pytest.raises(RunError, match=why):
            ask(newer_run)
    _, rows = scanned(runs)
    assert (rows["1126"]["state"], rows["1125"]["state"]) == ("damaged", "finished")
    assert f"cutaway {NEWER}" in rows["1126"]["why"]
    assert find_run("latest", runs=runs).path.name != newer_run.name
    assert digests(newer_run) == before


@pytest.mark.parametrize("versions", [None, [], {}, {"cutaway": 3}, {"cutaway": "\x1b[31m" + "x" * 100}])
def test_a_version_that_is_none_is_not_told_as_it_is(newer_run, versions):
    change(newer_run / "run.json", versions=versions)
    with pytest.raises(RunError, match="got format 3") as caught:
        RunFolder.open(newer_run)
    assert str(caught.value).isprintable()
    assert "x" * 65 not in str(caught.value)


def test_a_run_that_could_not_be_read_is_read_again_after_an_upgrade(newer_run, runs, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    index, rows = scanned(runs)
    assert rows["1126"]["state"] == "damaged"
    index.keep()
    assert scanned(runs)[0]._changed is False, "the same version reads nothing again"
    monkeypatch.setattr(kept, "VERSION", NEWER)
    monkeypatch.setattr("cutaway.runs.manifest.FORMAT", 3)
    assert RunIndex(runs).rows() == []


def test_fields_that_are_not_known_stay_when_a_run_is_resumed(find):
    path = find("1128")
    added = {"later": {"a": [1]}, "origin": "training"}
    change(path / "run.json", **added)
    writer = RunWriter.reopen(path)
    writer.begin()
    writer.finish("stopped")
    record = json.loads((path / "run.json").read_text(encoding="utf-8"))
    assert {name: record[name] for name in added} == added


def test_a_setting_of_training_that_is_not_known_is_refused(find, digests):
    path = find("1128")
    config = json.loads((path / "run.json").read_text(encoding="utf-8"))["config"]
    change(path / "run.json", config=config | {"mixup": 0.2})
    before = digests(path)
    with pytest.raises(RunError, match='got "mixup" of 0.2, which this version does not know; next: upgrade cutaway'):
        ct.resume(path, progress=False)
    assert digests(path) == before


def test_notes_of_a_newer_version_are_shown_and_what_is_not_known_stays(find):
    path = find("1128")
    (path / "notes.json").write_text('{"title": "a", "tags": {"x": "red"}, "note": "b", "color": "red"}')
    assert read_notes(path) == Notes(title="a", note="b")
    change_notes(path, Notes(note="c"))
    written = {"title": "a", "tags": {"x": "red"}, "note": "c", "color": "red"}
    assert json.loads((path / "notes.json").read_text()) == written


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"x" * 300_000])
def test_notes_that_cannot_be_read_are_not_written_over(find, content):
    file = find("1128") / "notes.json"
    file.write_bytes(content)
    with pytest.raises(RunError, match="notes.json; next: "):
        change_notes(file.parent, Notes(title="mine"))
    assert file.read_bytes() == content


def test_a_sweep_of_a_newer_format_names_the_version(runs):
    change(runs / "sweep-old" / "sweep.json", format=2, fixed=[], versions={"cutaway": NEWER})
    with pytest.raises(RunError, match=f"got format 2, written by cutaway {NEWER}, in .*; next: upgrade cutaway"):
        read_manifest(runs / "sweep-old")


def test_fields_of_a_sweep_that_are_not_known_stay(runs):
    folder = runs / "sweep-old"
    change(folder / "sweep.json", later=[1])
    write_manifest(folder, read_manifest(folder).model_copy(update={"trials": 3}))
    assert json.loads((folder / "sweep.json").read_text())["later"] == [1]


def test_tasks_of_a_newer_version_are_kept_with_what_is_not_known(tmp_path):
    done = {"when": "2026-12-01T08:00:00Z", "address": "", "step": 3, "hints": 2}
    (tmp_path / TASKS_FILE).write_text(json.dumps({"Ada": {"spiral": done}}))
    DoneTasks(tmp_path).add("Ada", DoneTask(name="moons", when="2026-12-01T09:00:00Z"))
    assert json.loads((tmp_path / TASKS_FILE).read_text())["Ada"]["spiral"] == done


@pytest.fixture
def queue(tmp_path):
    return JobQueue(tmp_path / "queue")


def add(queue, created=1.0):
    """A training that waits, and its folder."""
    return queue.path(queue.add(QueuedTraining(created=created, task=Training(data="digits"))))


@pytest.fixture
def begun(monkeypatch):
    """The trainings that are begun, of which none is."""
    names = []
    process = SimpleNamespace(alive=True, send=lambda name, *_, **__: names.append(name), close=lambda: None)
    monkeypatch.setattr("cutaway.jobs.trainings.scheduler.RunnerProcess", lambda *_, **__: process)
    return names


def look(queue):
    scheduler = Scheduler([(queue, lambda rows: None)], parallel=3)
    scheduler.look()
    scheduler.close()


@pytest.mark.parametrize(
    ("task", "wrong"),
    [
        ({"kind": "train", "data": "digits", "later": 1}, '"task.train.later" of 1, which must not be there'),
        ({"kind": "merge", "runs": ["a", "b"]}, '"task" of '),
        ({"kind": "train", "data": ["a", "b"]}, '"task.train.data" of '),
    ],
)
def test_a_training_of_a_newer_version_is_refused_with_its_name_and_the_others_go_on(queue, begun, task, wrong):
    newer, other = add(queue), add(queue, 2.0)
    change(newer / "job.json", task=task, version=NEWER)
    text = (newer / "job.json").read_bytes()
    look(queue)
    assert begun == [other.name]
    row = queue.rows()[0]
    assert row["state"] == "failed"
    assert row["error"].startswith(f"a job says what is to be trained; got {wrong}")
    assert f"in a job.json that cutaway {NEWER} wrote and {ct.__version__} cannot read" in row["error"]
    assert row["error"].endswith(f"next: open the studio with cutaway {NEWER}, or start the training again")
    assert row["error"].isprintable()
    assert (newer / "job.json").read_bytes() == text


def test_a_training_says_which_version_wrote_it(queue):
    assert json.loads((add(queue) / "job.json").read_text())["version"] == ct.__version__


def test_what_a_newer_version_wrote_is_not_removed_to_make_room(queue, monkeypatch):
    monkeypatch.setattr("cutaway.jobs.trainings.queue.KEPT", 1)
    newer, status, *others = [add(queue, float(created)) for created in range(4)]
    change(newer / "job.json", task={"kind": "merge"}, version=NEWER)
    (status / "status.json").write_text('{"state": "paused"}')
    for other in others:
        queue.cancel(other.name)
    queue.tidy()
    assert queue.names() == [newer.name, status.name, others[1].name]


def test_a_state_that_is_not_known_starts_nothing_and_stays(queue, begun):
    path = add(queue)
    (path / "status.json").write_text('{"state": "paused", "until": 5}')
    look(queue)
    assert begun == []
    (row,) = queue.rows()
    assert (row["state"], row["error"]) == ("failed", files.UNKNOWN_STATUS)
    assert (path / "status.json").read_text() == '{"state": "paused", "until": 5}'


def test_a_field_of_how_a_training_stands_that_is_not_known_changes_nothing(queue):
    path = add(queue)
    (path / "status.json").write_text('{"state": "ended", "exit": 0, "run": "a", "watts": 5}')
    assert [(row["state"], row["run"]) for row in queue.rows()] == [("ended", "a")]
