"""What the studio survives: being killed at any moment, a full disk, a folder that goes away, a second studio."""

import contextlib
import http.client
import os
import random
import re
import shutil
import subprocess
import threading
import time

import pytest

from cutaway.studio import make_people

pytestmark = pytest.mark.slow


def wait_for(condition, *, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def ids(studio):
    return sorted(row["id"] for row in studio.ask().json["runs"])


def attack(studio, stop, *, seed):
    """Rename, delete, take back and empty, until the server is gone."""
    draw = random.Random(seed)
    with contextlib.suppress(OSError, http.client.HTTPException, AttributeError):
        while not stop.is_set():
            run = draw.choice("abcd")
            kind = draw.choice(["title", "title", "delete", "back"])
            if kind == "title":
                studio.ask(f"/api/runs/{run}/title", method="PUT", body={"title": "x" * draw.randrange(1, 200)})
            elif kind == "delete":
                studio.ask(f"/api/runs/{run}", method="DELETE")
            else:
                studio.ask(f"/api/trash/{run}", method="POST")


@pytest.mark.exhaustive
def test_a_server_that_is_killed_in_any_moment_leaves_no_half_made_file(start_studio, new_run, tmp_path):
    folder = tmp_path / "runs"
    for name in "abcd":
        new_run(folder / name)
    with (folder / "a" / "run.json").open("rb") as file:
        manifest_bytes = file.read()
    for number in range(30):
        studio = start_studio(folder)
        stop = threading.Event()
        threads = [
            threading.Thread(target=attack, args=(studio, stop), kwargs={"seed": (number, k).__hash__()})
            for k in range(3)
        ]
        for thread in threads:
            thread.start()
        time.sleep(random.Random(number).uniform(0, 0.6))
        studio.process.kill()
        stop.set()
        for thread in threads:
            thread.join(30)
        trash = folder / ".trash"
        for name in "abcd":
            places = [place / name for place in (folder, trash) if (place / name).exists()]
            assert len(places) == 1, (number, name)
            assert (places[0] / "history.jsonl").read_text().count("\n") == 3
            if (places[0] / "title.txt").exists():
                assert re.fullmatch(r"x+\n", (places[0] / "title.txt").read_text())
        kept = trash / "a" if (trash / "a").exists() else folder / "a"
        assert (kept / "run.json").read_bytes() == manifest_bytes
    last = start_studio(folder)
    for name in last.ask().json["trash"]:
        assert last.ask(f"/api/trash/{name}", method="POST").status == 200
    wait_for(lambda: ids(last) == list("abcd"))
    for name in "abcd":
        assert last.ask(f"/api/runs/{name}/title", method="PUT", body={"title": name}).status == 200
        assert not list((folder / name).glob(".*.tmp"))


def test_open_pages_stay_valid_when_the_studio_is_started_again(start_studio, new_run, tmp_path):
    new_run(tmp_path / "runs" / "a")
    first = start_studio()
    first.process.kill()
    first.process.wait()
    second = start_studio(None, "--port", str(first.port))
    assert second.link == first.link
    assert second.ask(token=first.token).status == 200
    second.end()
    third = start_studio(None, "--port", str(first.port), "--new-links")
    assert third.ask(token=first.token).status == 401


@pytest.mark.exhaustive
def test_a_full_disk_is_said_and_nothing_is_lost(start_studio, new_run, tmp_path, monkeypatch):
    new_run(tmp_path / "runs" / "a")
    popen = subprocess.Popen

    # as a full disk: every write fails, that into the cache as well. A shell sets the limit, since Python's preexec_fn
    # forks, of which jax warns where a test has loaded it
    no_file_grows = ["bash", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "bash"]
    monkeypatch.setattr(subprocess, "Popen", lambda command, **k: popen([*no_file_grows, *command], **k))
    studio = start_studio()
    monkeypatch.undo()
    answer = studio.ask("/api/runs/a/title", method="PUT", body={"title": "x"})
    assert answer.status == 409
    assert not (tmp_path / "runs" / "a" / "title.txt").exists()
    assert not list((tmp_path / "runs" / "a").glob(".*.tmp"))
    assert ids(studio) == ["a"]
    code, said = studio.end()
    assert code == 0
    assert str(tmp_path / "cache") in said
    assert len(said.splitlines()) == 1


@pytest.mark.exhaustive
def test_a_folder_that_is_removed_and_comes_back(start_studio, new_run, tmp_path):
    new_run(tmp_path / "runs" / "a")
    studio = start_studio()
    wait_for(lambda: ids(studio) == ["a"])
    (tmp_path / "runs").rename(tmp_path / "away")
    wait_for(lambda: studio.ask().json["missing"])
    assert ids(studio) == []
    assert studio.ask("/api/runs/a").status == 404
    assert studio.ask("/api/runs/a/title", method="PUT", body={"title": "x"}).status == 404
    assert studio.ask("/api/trash", method="DELETE").status == 200
    assert studio.ask("/").status == 200
    (tmp_path / "away").rename(tmp_path / "runs")
    wait_for(lambda: ids(studio) == ["a"])
    shutil.rmtree(tmp_path / "runs")
    wait_for(lambda: studio.ask().json["missing"])
    assert not (tmp_path / "runs").exists()  # nobody asked for it to be made
    assert studio.end() == (0, "")


def test_two_studios_on_one_folder_see_what_each_other_does(in_process, new_run, tmp_path):
    for name in "ab":
        new_run(tmp_path / "runs" / name)
    first, second = (in_process(people=make_people(tmp_path / "runs")) for _ in range(2))
    assert first.settings.people[0].token == second.settings.people[0].token
    for studio in (first, second):
        studio.workspace.scan()
    first.ask("/api/runs/a/title", method="PUT", body=b'{"title": "from the first"}')
    assert second.ask("/api/runs/a").json["title"] == "from the first"
    second.ask("/api/runs/b", method="DELETE")
    first.workspace.scan()
    assert ids(first) == ["a"]
    assert first.ask("/api/runs/b", method="DELETE").status == 404
    assert first.ask("/api/trash/b", method="POST").status == 200
    second.workspace.scan()
    assert ids(second) == ["a", "b"]


def test_the_studio_only_reads_a_folder_that_cannot_be_written(in_process, new_run, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    new_run(tmp_path / "runs" / "a")
    for path in (tmp_path / "runs" / "a", tmp_path / "runs"):
        path.chmod(0o500)
    try:
        studio = in_process()
        studio.workspace.scan()
        assert ids(studio) == ["a"]
        assert studio.ask("/api/runs/a", method="DELETE").status == 409
        assert studio.ask("/api/runs/a/title", method="PUT", body=b'{"title": "x"}').status == 409
    finally:
        for path in (tmp_path / "runs", tmp_path / "runs" / "a"):
            path.chmod(0o700)
