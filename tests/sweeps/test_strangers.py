"""Folders of sweeps from a stranger: none makes a connection or writes elsewhere, and no password is kept in a file."""

import json
import os
import shutil
import socket
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cutaway as ct
from cutaway.cli import main
from cutaway.errors import RunError, UnknownNameError, UsageError
from cutaway.execution import SweepStudy, close_storage, hide_password, open_storage, read_space
from cutaway.topics.sweeps import launch
from cutaway.topics.sweeps.manifest import FixedSettings, SweepManifest, read_manifest, write_manifest

DEFAULT = {
    "hidden": [8],
    "layers": 1,
    "units": 8,
    "dropout": 0.2,
    "activation": "relu",
    "ensemble": 1,
    "epochs": 1,
    "validation": 0.2,
    "loss": "categorical_crossentropy",
    "label_smoothing": 0.0,
}
URL = "postgresql://ada@{}:{}/sweeps"


def manifest(**fields):
    data = {"name": "digits", "sha256": "0" * 64, "origin": {"kind": "named", "name": "digits"}}
    known = {"name": "digits", "created": "2026", "data": data, "space": {"dropout": [0.0, 0.2]}, "seed": 0}
    return SweepManifest(**known, trials=2, fixed=FixedSettings(), default=DEFAULT, **fields)


@pytest.fixture
def sweep(tmp_path):
    """A sweep of one trial that was told to be complete, without its run folder."""
    folder = tmp_path / "runs" / "sweep-digits"
    write_manifest(folder, manifest())
    study = SweepStudy(open_storage(folder, None), name="digits", manifest={"what": "a test"}, trials=1)
    study.draw(read_space({"dropout": [0.0, 0.2]}), seed=0, default={"dropout": 0.2}, epochs=1)
    study.complete(study.ask(), 0.5, {"val_accuracy": 0.75, "epochs": 1, "seconds": 1.0, "parameters": 10})
    return folder


def contents(folder):
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        found[str(path.relative_to(folder))] = (state.st_mode, state.st_mtime_ns, path.is_file() and path.read_bytes())
    return found


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code, capsys.readouterr().err


@pytest.fixture
def listening():
    """A port at which nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server.getsockname()[1]
        with pytest.raises(BlockingIOError):
            server.accept()


def store(folder, url):
    record = json.loads((folder / "sweep.json").read_bytes())
    (folder / "sweep.json").write_text(json.dumps(record | {"storage": url}))


def test_a_url_in_the_file_is_never_called(sweep, listening, capsys, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "mine")
    url = URL.format("127.0.0.1", listening)
    store(sweep, url)
    before = contents(sweep)
    for verb in (["report"], ["sweep", "--attach"]):
        code, err = call(capsys, *verb, sweep)
        assert code == 2
        command = f"cutaway {' '.join(verb)} {sweep} --storage {url}"
        rule = "the database of a sweep is opened when you name it, never because a file does"
        assert err == f"error: {rule}; got {url} in {sweep / 'sweep.json'}; next: if you know it: {command}\n"
    for opened in (ct.open_sweep, ct.join_sweep):
        with pytest.raises(UsageError, match="never because a file does"):
            opened(sweep)
    assert contents(sweep) == before


@pytest.mark.parametrize("name", ["there.db", "new.db"])
def test_no_file_is_written_because_a_folder_says_so_nor_by_looking(sweep, tmp_path, name):
    file = tmp_path / name
    if name == "there.db":
        with sqlite3.connect(file) as other:
            other.execute("create table mine (a)")
        other.close()
    before = contents(tmp_path)
    store(sweep, f"sqlite:///{file}")
    before = contents(tmp_path)
    with pytest.raises(UsageError, match=f"--storage sqlite:///{file}"):
        ct.open_sweep(sweep)
    with pytest.raises(RunError, match="a sweep needs a database that answers and has its tables"):
        ct.open_sweep(sweep, storage=f"sqlite:///{file}")
    assert contents(tmp_path) == before


def test_a_database_that_is_named_is_read_and_not_written(sweep, tmp_path):
    url = f"sqlite:///{tmp_path / 'a b@%c.db'}"
    storage = open_storage(None, url)
    SweepStudy(storage, name="digits", manifest={}, trials=3)
    close_storage(storage)
    store(sweep, url)
    before = contents(tmp_path)
    assert ct.open_sweep(sweep, storage=url).total == 3
    reading = open_storage(None, url, writes=False)
    with pytest.raises(RunError, match="readonly database"):
        SweepStudy(reading, name="another", manifest={}, trials=3)
    close_storage(reading)
    assert contents(tmp_path) == before


def test_in_postgresql_looking_makes_no_table_and_changes_nothing(postgres):
    url = f"{postgres.rpartition('/')[0]}/template1"
    with pytest.raises(RunError, match="a sweep needs a database"):
        open_storage(None, url, writes=False)
    with pytest.raises(RunError, match="a sweep needs a database"):  # as the first call had it, without tables
        open_storage(None, url, writes=False)
    storage = open_storage(None, postgres)
    SweepStudy(storage, name="looked-at", manifest={}, trials=3)
    close_storage(storage)
    reading = open_storage(None, postgres, writes=False)
    assert SweepStudy(reading, name="looked-at").total == 3
    with pytest.raises(RunError, match="read-only transaction"):
        SweepStudy(reading, name="looked-at", trials=4)
    close_storage(reading)


@pytest.mark.parametrize("torn", [False, True])
def test_looking_at_a_journal_changes_no_byte_and_takes_no_lock(sweep, tmp_path, capsys, torn):
    (sweep / "journal.log.lock").unlink()
    if torn:
        with open(sweep / "journal.log", "ab") as journal:
            journal.write(b'{"op_code":4,"worker_')
    before = contents(sweep)
    for path in (sweep, *sweep.iterdir()):
        path.chmod(0o500 if path.is_dir() else 0o400)
    opened = ct.open_sweep(sweep)
    assert [(trial.state, trial.val_loss) for trial in opened.trials] == [("complete", 0.5)]
    assert call(capsys, "report", sweep, "-o", tmp_path / "page.html")[0] == 0
    for path in (sweep, *sweep.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert contents(sweep) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"values":[0.5]', '"values":[[0.5,1]]'),
        ('"values":[0.5]', '"values":["0.5"]'),
        ('"values":[0.5]', '"values":[1e400]'),
        ('"val_accuracy":0.75', '"val_accuracy":[0.75]'),
        ('"epochs":1', '"epochs":-1'),
        ('"parameters":10', '"parameters":"10"'),
        ('"param_name":"dropout"', '"param_name":"nothing"'),
        ('"param_name":"dropout"', '"param_name":3'),
        ('"study_name":"digits"', '"study_name":3'),
        ('"op_code":4', '"op_code":[[]]'),
    ],
)
def test_values_in_a_journal_that_no_worker_writes_are_one_line(sweep, old, new):
    text = (sweep / "journal.log").read_text()
    assert old in text
    (sweep / "journal.log").write_text(text.replace(old, new))
    with pytest.raises((RunError, UnknownNameError)) as refused:
        ct.open_sweep(sweep)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["journal.log", "journal.log.lock", "workers.log", "report.html"])
def test_nothing_is_written_through_a_link(sweep, tmp_path, capsys, name):
    outside = tmp_path / "outside"
    shutil.copy(sweep / "journal.log", outside)
    (sweep / name).unlink(missing_ok=True)
    (sweep / name).symlink_to(outside)
    before = (outside.read_bytes(), outside.stat().st_mtime_ns)
    acts = {
        "workers.log": lambda: launch._new_log(sweep / name),
        "report.html": lambda: ct.open_sweep(sweep).report(),
    }
    with pytest.raises(RunError, match="a symbolic link") as refused:
        acts.get(name, lambda: SweepStudy(open_storage(sweep, None), name="digits", trials=7))()
    assert "\n" not in str(refused.value)
    assert call(capsys, "report", sweep)[0] == (0 if name in ("journal.log.lock", "workers.log") else 1)
    assert (outside.read_bytes(), outside.stat().st_mtime_ns) == before


@pytest.mark.exhaustive
def test_a_trial_that_is_a_link_to_another_run_is_trained_anew(tmp_path):
    settings = {"space": {"dropout": [0.0, 0.2]}, "hidden": (8,), "epochs": 1, "progress": False}
    found = ct.sweep("digits", trials=1, runs=tmp_path, **settings)
    run = found.folder / "trial-0000"
    run.rename(tmp_path / "precious")
    run.symlink_to(tmp_path / "precious")
    record = json.loads((run / "run.json").read_text()) | {"status": "stopped"}
    (run / "run.json").write_text(json.dumps(record))
    before = contents(tmp_path / "precious")
    (found.folder / "journal.log").unlink()
    kept = found.manifest.model_dump(mode="json")
    study = SweepStudy(open_storage(found.folder, None), name="digits", manifest=kept, trials=1)
    study.draw(found.space, seed=0, default={"dropout": 0.2}, epochs=1)
    asked = study.ask()
    study.begin(asked, "trial-0000")
    study.fail(asked, "stopped", kind="stopped")
    assert ct.join_sweep(found.folder, progress=False).trials[0].run == "trial-0000-2"
    assert contents(tmp_path / "precious") == before


PASSWORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=4).map(lambda text: f"pw{text}!")


@given(password=PASSWORDS, whole=st.booleans(), key=st.sampled_from(["password", "sslpassword", "passfile", "x"]))
def test_no_password_is_shown_wherever_it_stands(password, whole, key):
    written = quote(password, safe="") if whole else password
    for url in (f"postgresql://ada:{written}@host/db?sslmode=require", f"postgresql://ada@host/db?{key}={written}"):
        shown = hide_password(url)
        assert "pw" not in shown
        assert hide_password(shown) == shown
    assert hide_password(f"postgresql://ada:{quote(password, safe='')}@host/db") == "postgresql://ada:***@host/db"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:TOP#secret@host:5432/db", "postgresql://u:***@host:5432/db"),
        ("postgresql://u:TOP/se?cret@host/db", "postgresql://u:***@host/db"),
        ("postgresql://u:TOP@secret@host/db", "a URL"),
        ("postgresql://u:TOP@sec/ret@host/db", "a URL"),
        ("postgresql://u:TOP@sec?ret@host/db", "a URL"),
        ("postgresql://u@host/db?password=TOP&sslmode=require", "postgresql://u@host/db?sslmode=require"),
        ("postgresql://me@db.example.org/sweeps", "postgresql://me@db.example.org/sweeps"),
        ("sqlite:////tmp/a.db", "sqlite:////tmp/a.db"),
        ("postgresql://u:secret@host:port/db", "a URL"),
        ("postgresql://h/db?host=u:SECRET%40h2", "a URL"),
        ("postgresql://h/db?sslmode=require;password=SECRET", "a URL"),
        ("postgresql://h/db?sslmode=require%26password=SECRET", "a URL"),
        ("postgresql://h/db;password=SECRET", "a URL"),
        ("postgresql://h/db&password=SECRET", "a URL"),
        ("postgresql:///u:SECRET@h/db", "a URL"),
        ("postgresql://[::1]:5432/db?host=pg1&sslmode=require", "postgresql://[::1]:5432/db?host=pg1&sslmode=require"),
        ("nowhere", "a URL"),
        ("sqlite:///\x1b[2J", "a URL"),
        ("sqlite:///" + "x" * 9_000, "a URL"),
    ],
)
def test_what_is_shown_of_a_url(url, shown):
    assert hide_password(url) == shown


def test_a_sweep_json_that_names_a_database_is_for_the_user_alone(tmp_path):
    old = os.umask(0o022)
    try:
        for url, mode in ((None, 0o644), ("postgresql://u:***@host/db", 0o600)):
            write_manifest(tmp_path, manifest(storage=url))
            assert (tmp_path / "sweep.json").stat().st_mode & 0o777 == mode
            assert read_manifest(tmp_path).storage == url
    finally:
        os.umask(old)


@pytest.mark.exhaustive
def test_the_printed_commands_name_the_database_without_what_may_be_secret(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.toml").write_text("dropout = [0.0, 0.2]\n")
    shown = f"sqlite:///{tmp_path / 'x.db'}"
    settings = ("--space", "space.toml", "--hidden", "8", "--epochs", "1", "--trials", "1")
    with pytest.raises(SystemExit):
        main(["sweep", "digits", *settings, "--storage", f"{shown}?timeout=30"])
    out = capsys.readouterr().out
    assert f"Next: see all trials:  cutaway report runs/sweep-digits --storage {shown}" in out
    assert json.loads(Path("runs/sweep-digits/sweep.json").read_text())["storage"] == shown
    assert call(capsys, "report", "sweep-digits", "--storage", shown, "-o", "page.html")[0] == 0
    assert call(capsys, "report", "runs/sweep-digits/trial-0000", "--storage", shown)[0] == 2
    assert call(capsys, "sweep", "--attach", "digits", "--storage", shown)[0] == 0
