"""The log of a studio."""

import logging
import stat

import pytest

from cutaway.studio import log_file
from cutaway.studio.log_file import LOG, logged_into

log = logging.getLogger("cutaway.studio.tests")


def test_what_is_logged_is_in_a_private_file_and_the_same_line_only_once(tmp_path, monkeypatch):
    monkeypatch.setattr(logging.getLogger("cutaway"), "propagate", False)  # pytest could not send half a character on
    with logged_into(tmp_path):
        for _ in range(3):
            log.info("a folder is gone: \udcff")
        log.warning("it is back")
        logging.getLogger("uvicorn.error").error("a route failed")
    log.warning("after its end")
    lines = (tmp_path / LOG).read_text().splitlines()
    assert [line.partition(" cutaway.studio.tests: ")[2] for line in lines[:2]] == [
        "a folder is gone: \\udcff",
        "it is back",
    ]
    assert lines[2].endswith("ERROR uvicorn.error: a route failed")
    assert len(lines) == 3
    assert stat.S_IMODE((tmp_path / LOG).stat().st_mode) == 0o600


def test_the_file_stays_small(tmp_path, monkeypatch):
    monkeypatch.setattr(log_file, "BYTES", 2_000)
    with logged_into(tmp_path):
        for number in range(200):
            log.info("line %s %s", number, "x" * 80)
    kept = sorted((tmp_path / LOG).parent.iterdir())
    assert [path.name for path in kept] == ["studio.log", "studio.log.1", "studio.log.2", "studio.log.3"]
    assert sum(path.stat().st_size for path in kept) < 9_000


@pytest.mark.parametrize("what", ["file", "folder"])
def test_nothing_is_written_through_a_link_and_that_is_said(tmp_path, what, caplog):
    runs, other = tmp_path / "runs", tmp_path / "other"
    runs.mkdir()
    if what == "folder":
        other.mkdir()
        (runs / LOG.parent).symlink_to(other)
    else:
        other.write_text("mine")
        (runs / LOG).parent.mkdir()
        (runs / LOG).symlink_to(other)
    with logged_into(runs):
        log.info("a line")
    assert caplog.text
    assert (list(other.iterdir()) if what == "folder" else other.read_text()) == ([] if what == "folder" else "mine")
