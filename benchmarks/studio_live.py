"""What a page that watches a training costs it, and how soon it shows what happened: a studio in a process of its own.

Slowdown: trainings of MNIST with the default model through a studio, in turn alone, watched without a browser (a stream
of events, and the live map with each of its frames: what the studio costs), and watched by a page in Chromium, which
draws with software where there is no GPU (what it costs beyond that is the browser's own). Each is judged by the time
of its epochs: the first ones, in which the map may move after each, and the later ones. CPU seconds say where they go.
Delay: from the snapshot of an epoch until its numbers, and its frame of the map, are with the page.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import keep, machine, ratio, spread, verdict
from cutaway.runs import RunFolder

ROUNDS = 5
EPOCHS = 40
FIRST = 20
"""Epochs that count as the first ones; the very first is left out, since the step is compiled in it."""

FLAGS = ["--no-sandbox", "--disable-background-networking"]
"""None that emulates a GPU, as tests need it for WebGL: Chromium then draws the whole page through the emulation, which
takes 0.6 to 0.9 CPU seconds an epoch. By itself, on a machine without a GPU, it draws with software: 0.13."""


class Client:
    """Asks a studio, as a page does."""

    def __init__(self, folder: Path) -> None:
        program = "from cutaway.cli import main; main()"
        command = [sys.executable, "-c", program, "studio", str(folder), "--no-open", "--port", "0"]
        self.folder = folder
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        link = next(line for line in self.process.stdout if "token=" in line)
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", link)
        assert found
        self.link = found[0]
        self.port, self.headers = int(found[1]), {"cookie": f"cutaway-{found[1]}={found[2]}", "x-cutaway": "1"}

    def ask(self, path: str, body: Any = None) -> bytes:
        """The bytes of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = self.headers | ({} if body is None else {"content-type": "application/json"})
        data = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, body=data, headers=headers)
        answer = connection.getresponse().read()
        connection.close()
        return answer

    def train(self, *, seed: int) -> str:
        """Start a training, and return the id of its run once it is there."""
        settings = {"epochs": EPOCHS, "seed": seed}
        task = {"kind": "train", "data": {"place": "bundled", "name": "mnist"}, "settings": settings}
        job = json.loads(self.ask("/api/trainings", task))["id"]
        while not (row := json.loads(self.ask(f"/api/trainings/{job}")))["run"]:
            assert row["state"] not in ("failed", "died"), row
            time.sleep(0.05)
        return row["run"]

    def wait(self, run: str) -> RunFolder:
        """Wait until a run has ended."""
        while (folder := RunFolder.open(self.folder / run)).state == "running":
            time.sleep(0.2)
        return folder


class Watcher:
    """Watches a run as a page does, without a browser, and notes when it knew of each epoch and had each frame."""

    def __init__(self, client: Client, run: str) -> None:
        self.client, self.run = client, run
        self.epochs: dict[int, float] = {}
        self.frames: dict[int, float] = {}
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=each, daemon=True) for each in (self._stream, self._again)]
        for thread in self.threads:
            thread.start()

    def _stream(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.client.port, timeout=60)
        connection.request("GET", "/api/events", headers=self.client.headers)
        answer = connection.getresponse()
        while not self.ended.is_set():
            line = answer.readline().decode().strip()
            if not line.startswith("data: "):
                continue
            now = time.time()
            name, data = json.loads(line[6:])
            if name == "training" and data["run"] == self.run:
                for row in data["rows"]:
                    self.epochs.setdefault(row["epoch"], now)
            if name == "job" and data["kind"] == "live" and data["run"] == self.run and "part" in data:
                self.client.ask(f"/api/runs/{self.run}/frames/{data['part']['number']}")
                self.frames.setdefault(data["part"]["epoch"], time.time())
        connection.close()

    def _again(self) -> None:
        while not self.ended.is_set():
            self.client.ask("/api/jobs/live", {"page": "bench", "job": {"run": self.run}})
            self.ended.wait(10)

    def delays(self) -> tuple[list[float], list[float]]:
        """Seconds until each epoch, and each frame, was with the page."""
        self.ended.set()
        snapshots = (self.client.folder / self.run / "snapshots").glob("epoch-*.safetensors")
        written = {int(file.stem[6:]): file.stat().st_mtime for file in snapshots}
        of_epochs = [self.epochs[epoch] - when for epoch, when in written.items() if epoch in self.epochs]
        of_frames = [self.frames[epoch] - when for epoch, when in written.items() if epoch in self.frames]
        return of_epochs, of_frames


def cpu_seconds(studio: int, us: int) -> dict[str, float]:
    """CPU seconds so far of the server, of its process of live maps, and of the browser that we have started."""
    parents, words, seconds = dict[int, int](), dict[int, bytes](), dict[int, float]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields, number = path.read_text().rpartition(")")[2].split(), int(path.parent.name)
            parents[number] = int(fields[1])
            seconds[number] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            words[number] = path.with_name("cmdline").read_bytes()

    def is_below(number: int) -> bool:
        return number == us or (number in parents and is_below(parents[number]))

    runner = b"cutaway.jobs.runner\0live\0"
    live = [n for n, parent in parents.items() if parent == studio and words[n].endswith(runner)]
    browser = [n for n in parents if b"chrom" in words[n].split(b"\0")[0] and is_below(n)]
    sums = {"server": [studio], "map": live, "browser": browser}
    return {name: sum(seconds.get(number, 0.0) for number in numbers) for name, numbers in sums.items()}


class Bench:
    """Trains in turn alone, watched, and in front of a browser."""

    def __init__(self, client: Client, browser: Any) -> None:
        self.client = client
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.goto(client.link)
        self.seconds: dict[str, dict[str, list[float]]] = {
            name: {"first": [], "later": []} for name in ("alone", "watched", "browser")
        }
        self.cpu: dict[str, dict[str, list[float]]] = {name: {} for name in self.seconds}
        self.epochs: list[float] = []
        self.frames: list[float] = []

    def train(self, name: str, *, seed: int) -> None:
        """One training."""
        self.page.goto("about:blank")
        run = self.client.train(seed=seed)
        watcher = Watcher(self.client, run) if name == "watched" else None
        if name == "browser":
            self.page.goto(f"{self.client.link.partition('?')[0]}runs/{run}")
        before = cpu_seconds(self.client.process.pid, os.getpid())
        rows = self.client.wait(run).history()
        after = cpu_seconds(self.client.process.pid, os.getpid())
        self.seconds[name]["first"].append(statistics.mean(row["seconds"] for row in rows[1:FIRST]))
        self.seconds[name]["later"].append(statistics.mean(row["seconds"] for row in rows[FIRST:]))
        for part in after:
            self.cpu[name].setdefault(part, []).append(max(after[part] - before[part], 0.0) / len(rows))
        if watcher:
            time.sleep(2)
            epochs, frames = watcher.delays()
            self.epochs += epochs
            self.frames += frames


def main() -> int:
    from playwright.sync_api import sync_playwright

    print(f"a training that a page watches\n  {machine()}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        client = Client(Path(folder) / "runs")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            bench = Bench(client, browser)
            for seed in range(ROUNDS):
                for name in bench.seconds:
                    bench.train(name, seed=seed)
        finally:
            browser.close()
            client.process.terminate()
            client.process.wait()
    return judge(bench)


def judge(bench: Bench) -> int:
    """Print and keep what was measured."""
    for name, found in bench.seconds.items():
        spent = ", ".join(f"{part} {statistics.median(each):.3f}" for part, each in bench.cpu[name].items())
        print(f"  {name:<8} {spread(found['first'])} for each of the first epochs, {spread(found['later'])} later")
        print(f"           CPU seconds for each epoch: {spent}")
    alone, watched = bench.seconds["alone"], bench.seconds["watched"]
    ratios = {part: ratio(watched[part], alone[part]) for part in alone}
    drawn = {part: ratio(bench.seconds["browser"][part], watched[part]) for part in alone}
    for part in ratios:
        print(f"  {part} epochs: watched / alone {ratios[part]:.3f}; browser / watched {drawn[part]:.3f}")
    shown = len(bench.frames) / max(len(bench.epochs), 1)
    print(f"  an epoch is with the page after {spread(bench.epochs)}")
    if bench.frames:
        print(f"  a frame of the map after {spread(bench.frames)}, of {shown:.0%} of the epochs")
    found = {"seconds": bench.seconds, "cpu": bench.cpu, "ratios": ratios, "browser": drawn}
    keep("studio_live", {**found, "epochs": bench.epochs, "frames": bench.frames})
    promises = {
        "a watching page costs less than 3%": max(ratios.values()) < 1.03,
        "an epoch is with the page within 0.5 s": statistics.median(bench.epochs) < 0.5,
    }
    return verdict(promises)


if __name__ == "__main__":
    sys.exit(main())
