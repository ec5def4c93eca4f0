"""The command studio: its errors in one line, the browser that it opens, and how it ends."""

import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cutaway.cli import main
from cutaway.cli import studio as command


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Run the command in a folder of its own; returns the exit code and what it wrote to stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["studio", "--no-open", *map(str, arguments)])
        return ended.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["file"], "file"),
        (["file/below"], "file/below"),
        (["runs", "--data", "no"], "--data"),
        (["--host", "0.0.0.0"], "--host 0.0.0.0"),
        (["--host", "0.0.0.0", "--allow-remote"], "--certificate"),
        (["--host", "192.0.2.1", "--behind", "https://x.org/"], "--allow-remote"),
        (["--behind", "x.org"], "--behind"),
        (["--behind", "http://x.org/", "--allow-remote"], "--behind"),
        (["--behind", "HTTP://x.org/"], "--behind"),
        (["--host", "0.0.0.0", "--allow-remote", "--behind", "http://127.0.0.1:9/"], "--behind https://"),
        (["--key", "file"], "--key"),
        (["--certificate", "no.pem"], "no.pem"),
        (["--people", "no.txt"], "no.txt"),
        (["--people", "file", "--students", "3"], "--students"),
        (["--own-folders"], "--own-folders"),
        (["--links", "links.csv"], "--links"),
        (["--students", "2", "--links", "no/links.csv", "--port", "0"], "no/links.csv"),
        (["--students", "2", "--links", "lesson/links.csv", "--data", "."], "lesson/links.csv"),
        (["--students", "0"], "--students"),
        (["--students", "501"], "--students"),
        (["--port", "70000"], "--port"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(said, tmp_path, arguments, named):
    (tmp_path / "file").write_text("")
    code, errors = said(*arguments)
    assert code == 2
    assert named in errors
    assert len(errors.splitlines()) == 1


def test_a_port_that_is_taken(said):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, errors = said("--port", taken.getsockname()[1])
    assert code == 2
    assert "--port" in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("platform", "environment", "has"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "x"}, False),
        ("linux", {"SSH_CONNECTION": "x", "DISPLAY": "localhost:10.0"}, True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_screen(monkeypatch, platform, environment, has):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert command.has_display() is has


def test_the_link_is_in_no_argument_of_the_browser(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    opened = []
    monkeypatch.setattr(command.webbrowser, "open", opened.append)
    command._open_browser("http://127.0.0.1:1/?token=secret&x=<")
    end = time.monotonic() + 10
    while not opened and time.monotonic() < end:
        time.sleep(0.01)
    file = tmp_path / "cutaway" / "studio" / "open.html"
    assert opened == [file.as_uri()]
    assert "url=http://127.0.0.1:1/?token=secret&amp;x=&lt;" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.slow
def test_the_server_imports_neither_keras_nor_numba_nor_bokeh():
    program = (
        "import sys, cutaway.studio.app, uvicorn, cutaway.cli; "
        "print({'keras', 'jax', 'numba', 'bokeh', 'matplotlib', 'pandas', 'sklearn', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout == "set()\n"


def test_in_a_class_nobody_chooses_data_where_the_file_of_links_is():
    assert command._data_folders(None, links="links.csv", alone=False) == ()
    assert [folder.name for folder in command._data_folders(None, links=None, alone=True)] == [Path.cwd().name]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_links_are_written_into_a_pipe_and_do_not_replace_it(tmp_path):
    """As /dev/stdout is one, or another device."""
    pipe, file = tmp_path / "pipe", tmp_path / "links.csv"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        for place in (pipe, file):
            command._write_links(place, [{"Name": "Ada", "Link": "http://x"}])
        assert os.read(reader, 1000) == file.read_bytes() == b"Name,Link\nAda,http://x\n"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
