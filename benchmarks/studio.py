"""The studio: from enter to the link, a list of 2,000 runs, 20 pages open at once, memory over minutes.

The server is a process of its own, as people start it. Requests are sent as a browser sends them, by as many clients as
there are pages, each with its stream of events open. Times include this program's own share of the CPUs.
"""

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.harness import keep, machine, spread, verdict
from cutaway.runs import RunWriter

RUNS = 2_000
EPOCHS = 20
PAGES = 20
STARTS = 7
MINUTES = float(os.environ.get("CUTAWAY_STUDIO_MINUTES", "5"))

LAYER = {"kind": "Dense", "name": "dense", "inputs": ["input"], "config": {"units": 10}}
MODEL = {"name": "model", "kind": "Sequential", "input": {"name": "input", "shape": [784]}, "layers": [LAYER]}
DATASET = {"name": "mnist", "sha256": "0" * 64, "origin": {"kind": "arrays"}, "shape": [784], "scale": 255.0}
MANIFEST = {
    "dataset": {**DATASET, "class_names": [str(digit) for digit in range(10)]},
    "model": {**MODEL, "output": "dense"},
    "split": {},
    "config": {"epochs": EPOCHS},
    "seed": 0,
}


def write_runs(folder: Path) -> None:
    """Folders of finished runs, without their weights, which no list reads."""
    for number in range(RUNS):
        writer = RunWriter.create_at(folder / f"20260101-{number:06}-mnist", manifest=MANIFEST)
        row = {"loss": 0.5, "accuracy": 0.9, "val_loss": 0.6, "val_accuracy": 0.89, "seconds": 2.0}
        lines = [json.dumps({"kind": "epoch", "epoch": epoch, **row}) + "\n" for epoch in range(1, EPOCHS + 1)]
        (writer.path / "history.jsonl").write_text("".join(lines))
        writer.finish("finished", test={"loss": 0.3, "accuracy": 0.9})


class Server:
    """`cutaway studio` on a folder; ``seconds`` is the time from its start to the printed link."""

    def __init__(self, folder: Path, cache: Path) -> None:
        program = ["-c", "from cutaway.cli import main; main()", "studio", str(folder), "--no-open", "--port", "0"]
        start = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, *program],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        found = None
        while found is None:
            found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", self.process.stdout.readline())
        self.port, token = int(found[1]), found[2]
        self.headers = {"Cookie": f"cutaway-{self.port}={token}", "Host": f"127.0.0.1:{self.port}"}
        self.ask("/")
        self.seconds = time.perf_counter() - start

    def ask(self, path: str) -> bytes:
        """The body of an answer, over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers=self.headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == 200, (path, answer.status)
        return body

    def megabytes(self) -> float:
        """Memory of the process that is its own."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as file:
            lines = dict(line.split(":") for line in file.readlines()[1:])
        return sum(int(lines[name].split()[0]) for name in ("Private_Clean", "Private_Dirty")) / 1e3

    def end(self) -> float:
        """End it as Ctrl-C does; the seconds until it is gone."""
        start = time.perf_counter()
        self.process.terminate()
        self.process.communicate(timeout=60)
        return time.perf_counter() - start


def open_pages(server: Server, paths: list[str], stop: threading.Event, *, pause: float) -> list[float]:
    """Twenty pages at once, each with its stream of events: the seconds of all answers."""
    seconds: list[float] = []

    def page(number: int) -> None:
        stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        stream.request("GET", "/api/events", headers=server.headers)
        answer = stream.getresponse()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while not stop.is_set():
            start = time.perf_counter()
            connection.request("GET", paths[(number + len(seconds)) % len(paths)], headers=server.headers)
            connection.getresponse().read()
            seconds.append(time.perf_counter() - start)
            stop.wait(pause)
        connection.close()
        answer.close()
        stream.close()

    threads = [threading.Thread(target=page, args=(number,)) for number in range(PAGES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of them is."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> int:
    print(f"the studio, {RUNS:,} runs, {PAGES} pages\n  {machine()}")
    with tempfile.TemporaryDirectory() as place:
        folder, cache = Path(place, "runs"), Path(place, "cache")
        write_runs(folder)
        first = Server(folder, cache)
        start = time.perf_counter()
        while json.loads(first.ask("/api/runs"))["unread"] or first.ask("/api/runs").count(b'"id"') < RUNS:
            time.sleep(0.05)
        first_scan = time.perf_counter() - start
        first.end()

        starts, opened, ends = [], [], []
        for _ in range(STARTS):
            server = Server(folder, cache)
            starts.append(server.seconds)
            start = time.perf_counter()
            assert len(json.loads(server.ask("/api/runs"))["runs"]) == RUNS
            opened.append(time.perf_counter() - start)
            ends.append(server.end())

        server = Server(folder, cache)
        ids = [row["id"] for row in json.loads(server.ask("/api/runs"))["runs"]]
        digest = re.search(rb"static/([0-9a-f]+)/", server.ask("/"))
        assert digest is not None
        paths = ["/", f"/static/{digest[1].decode()}/studio/studio.js", *(f"/api/runs/{run}" for run in ids[:50])]
        stop = threading.Event()
        threading.Timer(60 * MINUTES / 2, stop.set).start()
        answers = open_pages(server, paths, stop, pause=0.5)
        halfway = server.megabytes()
        stop = threading.Event()
        threading.Timer(60 * MINUTES / 2, stop.set).start()
        answers += open_pages(server, paths, stop, pause=0.5)
        at_end = server.megabytes()
        server.end()

    middle, last = statistics.median(answers), percentile(answers, 0.99)
    print(f"  from enter to the first page  {spread(starts)}")
    print(f"  the list of {RUNS:,} runs, read before  {spread(opened)}; read for the first time {first_scan:.1f} s")
    print(f"  {len(answers):,} answers to {PAGES} pages: median {1e3 * middle:.1f} ms, 99% within {1e3 * last:.0f} ms")
    print(f"  memory {halfway:.0f} MB after {MINUTES / 2:g} minutes, {at_end:.0f} MB after {MINUTES:g}")
    print(f"  from Ctrl-C to the end  {spread(ends)}")
    result = {"start": starts, "list": opened, "first_scan": first_scan, "median": middle, "p99": last, "end": ends}
    keep("studio", {**result, "answers": len(answers), "megabytes": [halfway, at_end], "minutes": MINUTES})
    return verdict(
        {
            "up in under 2 s": statistics.median(starts) < 2,
            f"the list of {RUNS:,} runs opens in under 1 s": statistics.median(opened) < 1,
            f"{PAGES} pages: median of cached answers under 100 ms": middle < 0.1,
            f"{PAGES} pages: 99% of cached answers within 500 ms": last < 0.5,
            "memory is flat": at_end < halfway * 1.05 + 2,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
