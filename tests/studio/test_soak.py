"""A studio that is used for minutes: nothing it holds grows. CUTAWAY_SOAK_MINUTES=60 makes it an hour."""

import os
import threading
import time
from pathlib import Path

import pytest

MINUTES = float(os.environ.get("CUTAWAY_SOAK_MINUTES", "2"))
PAUSE = 0.05
"""Seconds between two requests."""

GROWTH = 16 << 20
"""What the server may hold more at the end than after the first fifth; it holds some 66 MB in all."""


def held(pid):
    """Bytes in memory, open files and threads of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return 1024 * int(status["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"])


def read_stream(studio, ended):
    """Hold a stream of events open as a page does, and leave and come back from time to time."""
    import http.client

    while not ended.is_set():
        connection = http.client.HTTPConnection(studio.host, studio.port, timeout=30)
        connection.request("GET", "/api/events", headers={"cookie": studio.cookie})
        answer, end = connection.getresponse(), time.monotonic() + 3
        assert answer.status == 200
        while time.monotonic() < end and not ended.is_set():
            answer.readline()
        connection.close()


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what a process holds is read from Linux")
def test_nothing_grows_while_a_studio_is_used(start_studio, new_run, tmp_path):
    for k in range(40):
        new_run(tmp_path / "runs" / f"20260101-0000{k:02d}-toy-aaaa")
    new_run(tmp_path / "runs" / "20260101-000099-live-aaaa", status="running")
    studio = start_studio()
    ended, wrong, asked, good = threading.Event(), [], 0, 0
    streams = [threading.Thread(target=read_stream, args=(studio, ended), daemon=True) for _ in range(3)]
    for stream in streams:
        stream.start()
    start, early = time.monotonic(), None
    while time.monotonic() - start < 60 * MINUTES:
        k = asked % 40
        for path, method, body in (
            ("/api/runs", "GET", None),
            (f"/api/runs/20260101-0000{k:02d}-toy-aaaa", "GET", None),
            (f"/api/runs/20260101-0000{k:02d}-toy-aaaa/title", "PUT", {"title": f"{asked}"}),
            ("/api/runs/none", "GET", None),
        ):
            answer = studio.ask(path, method=method, body=body)
            if answer.status not in (200, 404, 405, 429):
                wrong.append((path, answer.status, answer.body[:200]))
            good += answer.status == 200
            time.sleep(PAUSE)
        asked += 1
        if early is None and time.monotonic() - start > 12 * MINUTES:
            early = held(studio.process.pid)
    late = held(studio.process.pid)
    ended.set()
    assert not wrong, wrong[:5]
    assert good > 2 * asked > 20
    assert late[0] - early[0] < GROWTH
    assert late[1] <= early[1] + 8
    assert late[2] <= early[2] + 4
    code, errors = studio.end()
    assert code == 0
    assert "Traceback" not in errors
