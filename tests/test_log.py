"""What is logged of failures that are survived, and where it is shown."""

import logging
import subprocess
import sys

import pytest

from cutaway.errors import Canceled
from cutaway.log import ErrorLines, last_line, shown_log, survive

NAME = "cutaway.tests"


def fail():
    raise ValueError("no\nsuch thing\x1b[2J")


@pytest.mark.parametrize(("level", "lines"), [("info", 1), ("debug", 7), ("warning", 0), ("loud", 1), ("", 0)])
def test_a_survived_failure_is_one_line_and_with_debug_a_traceback(level, lines, monkeypatch, capsys):
    monkeypatch.setenv("CUTAWAY_LOG", level)
    with shown_log(), survive(NAME, "reading a file", ValueError):
        fail()
    err = capsys.readouterr().err.splitlines()
    assert (len(err) >= lines) if level == "debug" else (len(err) == lines)
    if lines:
        told = r"INFO cutaway.tests: reading a file failed, and work goes on: ValueError: no such thing\x1b[2J"
        assert (err[0].endswith(told), "\x1b" in "".join(err)) == (True, False)
    with survive(NAME, "reading a file", ValueError):
        fail()
    assert capsys.readouterr().err == "", "only for as long as it was asked for"


def test_other_failures_and_cancellations_are_not_survived():
    with pytest.raises(ValueError, match="such thing"), survive(NAME, "reading a file", OSError):
        fail()
    with pytest.raises(Canceled), survive(NAME, "measuring", Exception):
        raise Canceled("it was canceled")


def test_that_a_file_is_not_there_is_no_failure(tmp_path, caplog):
    for level, lines in (("INFO", 0), ("DEBUG", 1)):
        with caplog.at_level(level, NAME), survive(NAME, "reading a file", OSError):
            (tmp_path / "none").read_bytes()
        assert len(caplog.messages) == lines


def test_lines_of_a_process_are_logged_and_the_last_one_is_known(caplog):
    program = (
        "import os; os.write(2, b'first\\n\\n' + b'x' * 70_000 + b'\\nbytes \\xff\\33, and the last'); os._exit(3)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE)
    lines = ErrorLines(process.stderr, logging.getLogger(NAME), "a process")
    assert process.wait(20) == 3
    assert lines.last() == "bytes \ufffd\\x1b, and the last"
    assert caplog.records[0].levelname == "WARNING"
    assert "a process: first" in caplog.text
    assert max(map(len, caplog.messages)) < 400


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", ""),
        (b"\n\n", ""),
        (b"one\ntwo\x1b[2J\n\n", r"two\x1b[2J"),
        (b"x" * 10_000 + b"\nlast \xff", "last \ufffd"),
        (b"y" * 9_000, "y" * 300),
    ],
)
def test_the_last_line_of_a_log_is_read_from_its_end(tmp_path, content, line):
    (tmp_path / "log").write_bytes(content)
    with open(tmp_path / "log", "rb") as file:
        assert last_line(file) == line
