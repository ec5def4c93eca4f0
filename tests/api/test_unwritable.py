"""A run in a folder that cannot be written, and a cache that cannot: everything is computed, and it is said once."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cutaway as ct
from cutaway.errors import CutawayWarning, UsageError

PROGRAM = [sys.executable, "-c", "from cutaway.cli import main; main()"]


def mounts():
    """Whether this process may mount file systems of its own."""
    found = shutil.which("unshare")
    return bool(found) and subprocess.run([found, "-m", "true"], check=False, capture_output=True).returncode == 0


@pytest.fixture
def run(digits_run, tmp_path):
    shutil.copytree(digits_run.path, tmp_path / "run", ignore=shutil.ignore_patterns("report.html"))
    return ct.open_run(tmp_path / "run")


@pytest.mark.parametrize("code", [errno.EROFS, pytest.param(errno.ENOSPC, marks=pytest.mark.exhaustive)])
def test_an_embedding_that_cannot_be_kept_is_the_same(run, digits_run, monkeypatch, code, own_cache):
    expected = digits_run.embed(method="pca").xy
    shutil.rmtree(own_cache)

    def refuses(**_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("cutaway.cache.tempfile.mkstemp", refuses)
    with pytest.warns(CutawayWarning, match=os.strerror(code)) as said:
        embedding = run.embed(method="pca")
    assert len(said) == 1
    assert embedding.file is None
    assert (embedding.xy == expected).all()


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.skipif(not mounts(), reason="mounting needs the rights of an administrator")
def test_a_run_on_a_read_only_disk_is_embedded_and_reported_into_another_folder(run, tmp_path, own_cache):
    def ask(*arguments):
        read_only = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        command = ["unshare", "-m", "sh", "-c", read_only, str(run.path), *PROGRAM, *map(str, arguments)]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)

    before = sorted(run.path.rglob("*"))
    done = ask("embed", run.path, "--method", "pca", "--json")
    assert done.returncode == 0, done.stderr
    assert Path(json.loads(done.stdout)["file"]).is_relative_to(own_cache)
    done = ask("report", run.path, "-o", tmp_path / "report.html")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").stat().st_size > 1e5
    done = ask("report", run.path)
    assert done.returncode == 2
    assert "sections" not in done.stderr, "it is refused before the work"
    assert sorted(run.path.rglob("*")) == before


def test_a_report_that_cannot_be_written_is_refused_before_the_work(run, tmp_path, monkeypatch):
    monkeypatch.setattr("cutaway.report.document.report_html", lambda *_, **__: pytest.fail("computed"))
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != tmp_path.resolve())
    with pytest.raises(UsageError):
        run.report(tmp_path / "report.html", progress=False)
