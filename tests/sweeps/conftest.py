import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

BIN = Path("/usr/lib/postgresql")


@pytest.fixture(scope="session", autouse=True)
def _needs_optuna():
    pytest.importorskip("optuna", reason="the extra sweep is not installed")


@pytest.fixture
def begin():
    """Begins ``cutaway`` with these arguments as a process group of its own, which is ended after the test."""
    begun = []

    def started(*arguments):
        program = "from cutaway.cli import main; main()"
        child = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(child)
        return child

    yield started
    for child in begun:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """The URL of an empty PostgreSQL database, whose server is ours alone."""
    found = sorted(BIN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("PostgreSQL's server is not installed: apt-get install postgresql")
    pytest.importorskip("psycopg")
    programs = found[-1].parent
    folder = Path("/tmp") / f"cutaway-postgres-{os.getpid()}"  # a socket's path has 107 characters at most
    folder.mkdir(mode=0o755)
    as_user = []
    if os.geteuid() == 0:
        if shutil.which("runuser") is None:
            pytest.skip("PostgreSQL's server does not run as root, and there is no runuser")
        shutil.chown(folder, "nobody")
        as_user = ["runuser", "-u", "nobody", "--"]
    with socket.socket() as free:  # above the ports that connections get, one of which could take it meanwhile
        port = next(port for port in range(61_440 + os.getpid() % 4_000, 65_536) if _binds(free, port))
    run = {"check": True, "capture_output": True, "cwd": "/"}
    data = folder / "data"
    subprocess.run([*as_user, programs / "initdb", "-D", data, "-U", "cutaway", "--auth=trust", "-N"], **run)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    log = folder / "log"
    start = [*as_user, programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start"]
    subprocess.run(start, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        subprocess.run([programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "cutaway", "sweeps"], **run)
        yield f"postgresql://cutaway@127.0.0.1:{port}/sweeps"
    finally:
        subprocess.run([*as_user, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **run)
        shutil.rmtree(folder, ignore_errors=True)


def _binds(found, port):
    try:
        found.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


@pytest.fixture
def until():
    """Waits until a condition holds."""

    def wait(holds, seconds=60.0):
        deadline = time.monotonic() + seconds
        while not (value := holds()):
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.02)
        return value

    return wait
