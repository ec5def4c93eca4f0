import errno
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import CutawayWarning, RunError, UnknownNameError, UsageError
from cutaway.runs import (
    FoldStore,
    RunFolder,
    RunWriter,
    check_output,
    find_run,
    history,
    kept_so_far,
    list_runs,
    output_file,
    run_command,
    write_atomic,
    write_output,
    write_title,
)
from cutaway.runs.history import HistoryFile, read_history

DATASET = {"name": "toy", "sha256": "0" * 64, "shape": [4], "scale": 1.0, "class_names": ["a", "b"]}
DATASET["origin"] = {"kind": "arrays"}
LAYER = {"kind": "Dense", "name": "d", "inputs": ["input"], "config": {"units": 2}}
MODEL = {"name": "m", "kind": "Sequential", "input": {"name": "input", "shape": [4]}, "layers": [LAYER], "output": "d"}
MANIFEST = {"dataset": DATASET, "split": {}, "model": MODEL, "config": {}, "seed": 0}


@pytest.fixture
def writer(tmp_path):
    writer = RunWriter.create(tmp_path / "runs", name="mnist", manifest=MANIFEST)
    yield writer
    writer.close()


def test_a_run_is_read_back_as_it_was_written(writer):
    weights = {"dense_1/kernel": np.arange(6, dtype=np.float32).reshape(2, 3).T, "dense_1/bias": np.ones(2, np.float32)}
    probabilities = np.random.default_rng(0).random((7, 3), np.float32)
    writer.snapshot(0, weights)
    writer.snapshot(1, {k: v + 1 for k, v in weights.items()})
    writer.predictions(1, probabilities)
    writer.progress({"epoch": 1, "loss": 0.5})
    writer.epoch({"epoch": 1, "loss": 0.25})
    writer.checkpoint({"a": np.arange(3)}, {"epoch": 1, "step": 9})
    writer.finish("finished", test={"loss": 0.1, "accuracy": 0.9, "cross_entropy": 0.1})

    run = RunFolder.open(writer.path)
    assert run.status == "finished"
    assert run.manifest.test == {"loss": 0.1, "accuracy": 0.9, "cross_entropy": 0.1}
    assert run.epochs == [0, 1]
    assert run.history() == [{"epoch": 1, "loss": 0.25}]
    assert run.history(kind="progress") == [{"epoch": 1, "loss": 0.5}]
    for name, value in run.snapshot(-1).items():
        np.testing.assert_array_equal(value, weights[name] + 1)
    np.testing.assert_array_equal(run.snapshot(0)["dense_1/kernel"], weights["dense_1/kernel"])
    np.testing.assert_array_equal(run.predictions(), probabilities.astype(np.float16))
    tensors, position = run.checkpoint()
    np.testing.assert_array_equal(tensors["a"], np.arange(3))
    assert position == {"epoch": 1, "step": 9}
    assert not list(writer.path.rglob("*.tmp"))


def test_two_runs_in_one_second_have_two_folders(tmp_path):
    names = set()
    for _ in range(5):
        writer = RunWriter.create(tmp_path, name="../a b/ü", manifest=MANIFEST)
        writer.close()
        names.add(writer.path.name)
        assert writer.path.parent == tmp_path
    assert len(names) == 5


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Kündigung März (2. Versuch)", "Kündigung März (2. Versuch)"),
        ("tiny-2", ""),  # it is in the name of the folder
        ("", ""),
        (None, ""),
        ("../a\tb", "../a b"),
        ("a\ud800 b", "a\\ud800 b"),
        ("x y" * 100, ("x y" * 67)[:199].rstrip() + "…"),
    ],
)
@pytest.mark.filterwarnings("ignore:the name of a run has at most")
def test_a_name_of_other_characters_stays_as_a_title(tmp_path, name, title):
    writer = RunWriter.create(tmp_path, name=name, otherwise="data", manifest=MANIFEST)
    writer.close()
    assert RunFolder.open(writer.path).title == title
    assert ("-data-" in writer.path.name) == (not name)


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_said(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError):
        RunWriter.create(tmp_path / place, name="x", manifest=MANIFEST)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.floats(-1e300, 1e300), max_size=3)),
    st.data(),
)
def test_whatever_is_cut_off_the_history_only_the_torn_line_is_lost(tmp_path_factory, rows, data):
    path = tmp_path_factory.mktemp("h") / "history.jsonl"
    rows = [{**row, "kind": "epoch", "epoch": number, "loss": 0.5} for number, row in enumerate(rows, start=1)]
    file = HistoryFile(path)
    for row in rows:
        file.append(row, sync=False)
    file.close()
    whole = path.read_bytes()
    keep = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:keep])
    left = whole[:keep].count(b"\n")
    assert read_history(path) == rows[:left]
    again = HistoryFile(path)
    more = {"kind": "epoch", "epoch": left + 1, "loss": 1.0}
    again.append(more, sync=True)
    again.close()
    assert read_history(path) == [*rows[:left], more]


HAPPENS = st.sampled_from(["nothing", "delete", "empty", "cut", "replace", "copy", "close", "close and delete"])


@given(st.lists(st.tuples(HAPPENS, st.integers(0, 2)), min_size=1, max_size=6))
def test_whatever_becomes_of_a_history_that_is_written_no_epoch_is_lost(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("h") / "history.jsonl"
    file, rows = HistoryFile(path), []
    for number, (happens, between) in enumerate(steps, 1):
        content = path.read_bytes()
        if happens in ("delete", "replace", "copy", "close and delete"):
            path.unlink()
        if happens in ("empty", "cut", "replace", "copy"):
            others = {"empty": b"", "replace": b"0" * 999, "cut": content[: len(content) // 2]}
            path.write_bytes(others.get(happens, content))
        if happens.startswith("close"):
            file.close()
            file = HistoryFile(path, lines=bytes(file.lines))
        for loss in range(between):
            file.append({"kind": "progress", "epoch": number, "loss": loss}, sync=False)
        rows.append({"kind": "epoch", "epoch": number, "loss": 1 / number})
        file.append(rows[-1], sync=True)
    file.close()
    assert [row for row in read_history(path) if row["kind"] == "epoch"] == rows


def test_a_history_that_is_gone_is_said_in_the_log_and_is_not_taken_from_another_process(tmp_path, caplog):
    path, file = tmp_path / "history.jsonl", HistoryFile(tmp_path / "history.jsonl")
    file.append({"kind": "epoch", "epoch": 1, "loss": 1.0}, sync=True)
    assert caplog.text == ""
    path.unlink()
    file.append({"kind": "epoch", "epoch": 2, "loss": 1.0}, sync=True)
    assert "history.jsonl was deleted or changed while it was written; its 2 epochs are written again" in caplog.text
    with pytest.raises(RunError):
        HistoryFile(path)
    path.unlink()
    other = HistoryFile(path)
    with pytest.raises(RunError):
        file.append({"kind": "epoch", "epoch": 3, "loss": 1.0}, sync=True)
    file.close()
    other.close()
    target = tmp_path / "run.json"
    target.write_text("{}")
    path.unlink()
    file = HistoryFile(path)
    path.unlink()
    path.symlink_to(target)
    file.append({"kind": "epoch", "epoch": 1, "loss": 1.0}, sync=True)
    file.close()
    assert (target.read_text(), path.is_symlink(), len(read_history(path))) == ("{}", False, 1)


DAMAGED = (
    "not json",
    "[1]",
    "{}",
    '{"kind": "epoch", "epoch": 2}',
    '{"kind": "epoch", "epoch": 1, "loss": 0.5}',
    '{"kind": "epoch", "epoch": "2", "loss": 0.5}',
    '{"kind": "epoch", "epoch": 2, "loss": NaN}',
    '{"kind": "epoch", "epoch": 2, "loss": 1e999}',
    '{"kind": "epoch", "epoch": 2, "loss": [0.5]}',
    '{"kind": "epoch", "epoch": 2, "loss": 0.5, "f1": {"a": 1}}',
    '{"kind": "epoch", "epoch": 2, "loss": ' + "9" * 5_000 + "}",
    '{"kind": "epoch", "epoch": 2, "loss": 1, "deep": ' + "[" * 100_000 + "]" * 100_000 + "}",
)


@pytest.mark.parametrize("line", DAMAGED, ids=lambda line: line[:60])
def test_a_damaged_line_in_the_middle_is_named(tmp_path, line):
    path, first = tmp_path / "history.jsonl", '{"kind": "epoch", "epoch": 1, "loss": 0.7, "f1": [0.5, null]}'
    path.write_text(f'{first}\n{line}\n{{"kind": "progress", "epoch": 3}}\n')
    with pytest.raises(RunError):
        read_history(path)
    path.write_text(f"{first}\n")
    assert read_history(path)[0]["f1"] == [0.5, None]


def test_of_a_history_that_grows_only_the_new_lines_are_parsed(tmp_path, monkeypatch):
    path, parsed = tmp_path / "history.jsonl", []
    read_json = history.read_json
    monkeypatch.setattr(history, "read_json", lambda data, **how: parsed.append(data) or read_json(data, **how))
    lines = [f'{{"kind": "epoch", "epoch": {epoch}, "loss": 0.5}}\n' for epoch in range(1, 6)]
    path.write_text("".join(lines[:3]) + lines[3][:-5])
    assert [row["epoch"] for row in read_history(path)] == [1, 2, 3]
    path.write_text("".join(lines))
    assert [row["epoch"] for row in read_history(path)] == [1, 2, 3, 4, 5]
    assert [row["epoch"] for row in read_history(path)] == [1, 2, 3, 4, 5]
    assert len(parsed) == 5
    with path.open("a") as file:
        file.write(lines[2])
    with pytest.raises(RunError):
        read_history(path)
    path.write_text(lines[0].replace("0.5", "0.6") + lines[1])
    assert [row["loss"] for row in read_history(path)] == [0.6, 0.5], "a file that was replaced is read again"


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_written_piece_by_piece_appears_when_it_is_on_disk(tmp_path, monkeypatch):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"old")
    link.symlink_to(path)
    synced, real = [], os.fsync

    def note(descriptor):
        synced.append((os.fstat(descriptor).st_size, path.read_bytes()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    with output_file(link) as target:
        target.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert synced[0] == (3, b"old"), "the new file is synced before it takes the place of the old one"
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    with pytest.raises(ZeroDivisionError), output_file(link) as target:
        target.write_bytes(bytes(1 // 0))
    assert path.read_bytes() == b"new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "link"]
    with output_file(Path("/dev/null")) as target:
        assert target == Path("/dev/null")


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on the size of files is of Unix, /proc of Linux")
def test_an_output_that_cannot_be_written_is_refused_in_one_line(tmp_path):
    import resource

    path = tmp_path / "file.csv"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # what ulimit -f does
    try:
        with pytest.raises(UsageError):
            write_output(path, bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(UsageError):
        write_output(Path("/proc/file.csv"), b"")


def test_an_output_is_checked_before_the_work(tmp_path, monkeypatch):
    check_output(tmp_path / "new.csv")
    check_output(Path("/dev/null"))
    with pytest.raises(UsageError):
        check_output(tmp_path)
    with pytest.raises(UsageError):
        check_output(tmp_path / "none" / "new.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "none" / "new.csv")
    with pytest.raises(UsageError):
        check_output(tmp_path / "link.csv")
    (tmp_path / "closed").mkdir()
    # the tests may be run by an administrator, who may write everywhere
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != (tmp_path / "closed").resolve())
    with pytest.raises(UsageError):
        check_output(tmp_path / "closed" / "new.csv")


def test_damaged_folders_are_named(writer, tmp_path):
    run = RunFolder.open(writer.path)
    with pytest.raises(RunError):
        run.snapshot()
    writer.snapshot(0, {"a": np.zeros(3, np.float32)})
    path = writer.path / "snapshots" / "epoch-0000.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(RunError):
        run.snapshot(0)
    with pytest.raises(UnknownNameError):
        run.snapshot(3)
    with pytest.raises(UnknownNameError):
        run.snapshot(-2)
    with pytest.raises(RunError):
        run.predictions(0)
    (writer.path / "predictions" / "epoch-0000.npy").write_bytes(b"\x93NUMPY rubbish")
    with pytest.raises(RunError):
        run.predictions(0)
    (writer.path / "run.json").write_text("{")
    with pytest.raises(RunError):
        RunFolder.open(writer.path)
    (writer.path / "run.json").write_text('{"format": 2}')
    with pytest.raises(RunError):
        RunFolder.open(writer.path)
    (damaged,) = list_runs(writer.path.parent)
    assert damaged.path == writer.path
    assert '"name"' in damaged.why


def test_a_snapshot_that_may_not_be_read_is_not_called_missing(writer, monkeypatch):
    writer.snapshot(0, {"a": np.zeros(3, np.float32)})
    run, real = RunFolder.open(writer.path), os.open

    def refuses(path, *arguments, **more):
        if str(path).endswith(".safetensors"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *arguments, **more)

    with monkeypatch.context() as patch:  # an administrator, who may run the tests, may read everything
        patch.setattr(os, "open", refuses)
        for ask in (run.snapshot, run.snapshot_shapes, run.snapshot_digest, run.parameters):
            with pytest.raises(RunError):
                ask()
    monkeypatch.setattr(Path, "iterdir", lambda folder: refuses(f"{folder}.safetensors"))
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    with pytest.raises(RunError):
        run.snapshot()


@pytest.mark.parametrize("dtype", ["<i4", "?", "<u2"])
def test_weights_that_are_no_numbers_with_a_fraction_are_refused(writer, dtype):
    writer.snapshot(0, {"b": np.zeros(2, np.float16), "a": np.zeros(3, dtype)})
    with pytest.raises(RunError):
        RunFolder.open(writer.path).snapshot()


@pytest.mark.parametrize("origin", [{"": ""}, {}, {"kind": "path", "name": "x"}, {"kind": "", "": ""}, {"kind": "x"}])
def test_a_dataset_without_a_known_origin_is_refused(writer, origin):
    record = json.loads((writer.path / "run.json").read_text())
    record["dataset"]["origin"] = origin
    (writer.path / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError):
        RunFolder.open(writer.path)


def test_half_of_a_surrogate_pair_is_written_as_it_was(writer):
    record = json.loads((writer.path / "run.json").read_text())
    record |= {"device": {"backend": "\ud800", "kind": "é"}, "mine": ["\udfff"]}
    (writer.path / "run.json").write_text(json.dumps(record))
    writer.manifest = RunFolder.open(writer.path).manifest
    writer.update(status="stopped")
    written = json.loads((writer.path / "run.json").read_bytes())
    assert (written["device"], written["mine"], written["status"]) == (record["device"], record["mine"], "stopped")


@pytest.mark.parametrize("number", [1, 4])
def test_a_run_of_another_format_is_refused_in_one_line(writer, number):
    record = json.loads((writer.path / "run.json").read_text())
    record |= {"format": number, "status": "paused", "versions": {"cutaway": "9.1.0"}}
    (writer.path / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError) as caught:
        RunFolder.open(writer.path)
    assert "\n" not in str(caught.value)
    assert json.loads((writer.path / "run.json").read_text()) == record


@pytest.mark.parametrize("versions", [None, [], {}, {"cutaway": 3}, {"cutaway": "\x1b[31m" + "x" * 100}])
def test_a_version_that_is_none_is_not_told_as_it_is(writer, versions):
    record = json.loads((writer.path / "run.json").read_text())
    (writer.path / "run.json").write_text(json.dumps({**record, "format": 4, "versions": versions}))
    with pytest.raises(RunError) as caught:
        RunFolder.open(writer.path)
    assert str(caught.value).isprintable()
    assert "x" * 65 not in str(caught.value)


def test_runs_are_found_by_path_name_and_latest(writer):
    runs = writer.path.parent
    assert find_run(writer.path).path == writer.path
    assert find_run(writer.path.name, runs=runs).path == writer.path
    assert find_run("latest", runs=runs).path == writer.path
    with pytest.raises(UnknownNameError):
        find_run("nothing", runs=runs)
    with pytest.raises(UnknownNameError):
        find_run("latest", runs=runs / "empty")


def test_runs_are_found_by_the_name_they_were_given_where_one_alone_has_it(writer, tmp_path, monkeypatch):
    record, runs = json.loads((writer.path / "run.json").read_text()), tmp_path / "named"
    named = {"20261201-050614-base-91c7": "Base!", "20261201-050615-two-91c7": "", "20261201-050616-two-0000": ""}
    for folder, title in named.items():
        (runs / folder).mkdir(parents=True)
        (runs / folder / "run.json").write_text(json.dumps(record))
        write_title(runs / folder, title)
    base, *_ = named
    assert find_run("base", runs=runs).path.name == base
    assert find_run("Base!", runs=runs).path.name == base
    with pytest.raises(UnknownNameError):
        find_run("two", runs=runs)
    (tmp_path / "base").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownNameError):  # that folder is meant
        find_run("base", runs=runs)


def test_runs_are_listed_by_age_and_damaged_ones_last(writer):
    runs = writer.path.parent
    record = json.loads((writer.path / "run.json").read_text())
    for name, created in (("zebra", "2020-01-01"), ("ant", "2020-01-02"), ("bee", None)):
        (runs / name).mkdir()
        (runs / name / "run.json").write_text(json.dumps(record | {"created": created}) if created else "{")
    assert [run.path.name for run in list_runs(runs)] == ["zebra", "ant", writer.path.name, "bee"]
    assert find_run("latest", runs=runs).path == writer.path


def test_a_run_outside_of_runs_is_typed_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_command("resume", tmp_path / "runs" / "a") == "cutaway resume a"
    assert run_command("show", Path("my runs/a")) == "cutaway show 'my runs/a'"


@pytest.mark.parametrize(("preparation", "end"), [(None, "npz"), ({"steps": []}, "csv")])
def test_commands_on_a_run_of_arrays_say_that_they_need_the_data(writer, preparation, end):
    file = writer.path / "run.json"
    record = json.loads(file.read_text())
    data = record["dataset"] | {"origin": {"kind": "arrays"}, "preparation": preparation}
    file.write_text(json.dumps(record | {"dataset": data}))
    assert run_command("label-issues", writer.path).endswith(f" --data FILE.{end}")
    data["origin"] = {"kind": "named", "name": "digits"}
    file.write_text(json.dumps(record | {"dataset": data}))
    assert "--data" not in run_command("label-issues", writer.path)


def test_a_folder_that_cannot_be_filled_is_taken_away_again(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError):
        RunWriter.create(tmp_path / "runs", name="x", manifest=MANIFEST)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_long_name_is_cut_to_what_a_file_system_takes(tmp_path):
    with pytest.warns(CutawayWarning):
        run = RunWriter.create(tmp_path, name="𝔸" * 60, manifest=MANIFEST)
    run.close()
    assert run.path.name[16:-5] == "𝔸" * 45, "four bytes each"
    assert len(os.fsencode(f".{run.path.name}.01234567.tmp")) <= 255
    with pytest.warns(CutawayWarning):
        run = RunWriter.create(tmp_path, name="a" * 61, manifest=MANIFEST)
    run.close()
    assert run.path.name[16:-5] == "a" * 60


def test_a_name_that_is_no_text_is_refused(tmp_path):
    with pytest.raises(UsageError):
        RunWriter.create(tmp_path, name=5, manifest=MANIFEST)
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_the_snapshot_of_its_kept_epoch_says_so(writer):
    for epoch in range(4):
        writer.snapshot(epoch, {"a": np.zeros(3, np.float32)})
    writer.finish("finished", kept_epoch=3, test={"loss": 1.0, "accuracy": 0.5, "cross_entropy": 1.0})
    (writer.path / "snapshots" / "epoch-0003.safetensors").unlink()
    run = RunFolder.open(writer.path)
    with pytest.raises(RunError):
        run.resolve_epoch()
    assert run.resolve_epoch(-1) == 2, "who asks for the last one gets it"


def test_what_a_run_says_of_its_end_names_no_path_of_its_own(writer):
    """A copy would name the folder of another one."""
    writer.finish("failed", why=f"the disk is full; next: {run_command('resume', writer.path)}")
    why = RunFolder.open(writer.path).manifest.why
    assert why.startswith(f"the disk is full; next: cutaway resume {writer.path.name}")


def test_a_finished_training_without_a_history_is_damaged(writer):
    writer.epoch({"epoch": 1, "loss": 0.5})
    writer.snapshot(1, {"a": np.zeros(3, np.float32)})
    running = RunFolder.open(writer.path)
    writer.finish("finished", kept_epoch=1, test={"loss": 1.0, "accuracy": 0.5, "cross_entropy": 1.0})
    run, history = RunFolder.open(writer.path), writer.path / "history.jsonl"
    assert (run.state, run.damage) == ("finished", None)
    history.write_bytes(b"")
    assert run.state == "damaged"
    history.unlink()
    assert (run.status, run.state, running.state) == ("finished", "damaged", "running")


@pytest.mark.parametrize(("patience", "kept"), [(None, 3), (2, 1)])
def test_the_epoch_that_counts_before_a_training_has_ended(tmp_path, patience, kept):
    writer = RunWriter.create(tmp_path, name="x", manifest={**MANIFEST, "config": {"patience": patience}})
    for epoch, loss in enumerate((0.9, 0.4, 0.4, 0.6)):
        writer.snapshot(epoch, {"a": np.zeros(3, np.float32)})
        if epoch:
            writer.epoch({"epoch": epoch, "loss": 0.5, "val_loss": loss})
    run = RunFolder.open(writer.path)
    assert run.resolve_epoch() == kept_so_far(run.manifest, run.history()) == kept
    writer.finish("stopped", kept_epoch=1)
    assert RunFolder.open(writer.path).resolve_epoch() == 1
    assert kept_so_far(run.manifest, []) is None


@pytest.mark.parametrize("accuracy", [-0.1, 1.5, 98])
def test_an_accuracy_is_a_share(writer, accuracy):
    writer.finish("finished", test={"loss": 1.0, "accuracy": 0.5, "cross_entropy": 1.0})
    file = writer.path / "run.json"
    file.write_text(
        json.dumps(json.loads(file.read_text()) | {"test": {"loss": 1.0, "accuracy": accuracy, "cross_entropy": 1.0}})
    )
    manifest = RunFolder.open(writer.path).manifest
    assert manifest.test is None
    with pytest.raises(RunError):
        manifest.check("test")


@pytest.mark.parametrize("name", ["folds", "snapshots", "predictions"])
def test_no_file_is_written_into_a_folder_that_is_a_link(tmp_path, name):
    run, outside = tmp_path / "run", tmp_path / "outside"
    RunWriter.create_at(run, manifest=MANIFEST).finish("stopped")
    outside.mkdir()
    shutil.rmtree(run / name, ignore_errors=True)
    (run / name).symlink_to(outside)
    with pytest.raises(RunError):
        RunWriter.reopen(run)
    if name == "folds":
        with pytest.warns(CutawayWarning):
            assert not FoldStore(run).write("a.safetensors", b"")
    assert list(outside.iterdir()) == []
