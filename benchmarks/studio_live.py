"""What a page that watches a training costs it, and how soon it shows what happened: a studio in a process of its own.

Slowdown: trainings of MNIST with the default recipe through a studio, alone and watched (a stream of events, and the
live map with each of its frames), in turn; each is judged by the median of its epochs after the first, in seconds.
Delay: from the moment at which an epoch's line is in history.jsonl until the event is with the page, and from the
snapshot until the frame of the map is there.
"""

import http.client
import json
import re
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
EPOCHS = 10


class Client:
    """Asks a studio, as a page does."""

    def __init__(self, folder: Path) -> None:
        program = "from cutaway.cli import main; main()"
        command = [sys.executable, "-c", program, "studio", str(folder), "--no-open", "--port", "0"]
        self.folder = folder
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        link = next(line for line in self.process.stdout if "token=" in line)
        found = re.search(r"127\.0\.0\.1:(\d+)/\?token=(\S+)", link)
        assert found
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
    """A page that watches a run, and notes when it knew of each epoch and of each frame of the map."""

    def __init__(self, client: Client, run: str) -> None:
        self.client, self.run = client, run
        self.epochs: dict[int, float] = {}
        self.frames: dict[int, float] = {}
        self.written: dict[int, float] = {}
        self.snapshots: dict[int, float] = {}
        self.ended = threading.Event()
        works = (self._stream, self._look, self._again)
        self.threads = [threading.Thread(target=each, daemon=True) for each in works]
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
            if name == "live" and data["run"] == self.run and "number" in data:
                self.client.ask(f"/api/runs/{self.run}/live/{data['number']}")
                self.frames.setdefault(data["epoch"], time.time())
        connection.close()

    def _look(self) -> None:
        """Note when lines and snapshots appear on disk."""
        path = self.client.folder / self.run
        while not self.ended.wait(0.02):
            text = (path / "history.jsonl").read_text() if (path / "history.jsonl").exists() else ""
            for epoch in re.findall(r'"kind": "epoch", "epoch": (\d+)', text):
                self.written.setdefault(int(epoch), time.time())
            for file in (path / "snapshots").glob("epoch-*.safetensors"):
                self.snapshots.setdefault(int(file.stem[6:]), file.stat().st_mtime)

    def _again(self) -> None:
        while not self.ended.is_set():
            self.client.ask(f"/api/runs/{self.run}/live")
            self.ended.wait(10)

    def delays(self) -> tuple[list[float], list[float]]:
        """Seconds until each epoch, and each frame, was with the page."""
        self.ended.set()
        of_epochs = [self.epochs[epoch] - when for epoch, when in self.written.items() if epoch in self.epochs]
        of_frames = [self.frames[epoch] - when for epoch, when in self.snapshots.items() if epoch in self.frames]
        return of_epochs, of_frames


def main() -> int:
    print(f"a training that a page watches\n  {machine()}")
    seconds: dict[str, list[float]] = {"alone": [], "watched": []}
    epochs: list[float] = []
    frames: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        client = Client(Path(folder) / "runs")
        try:
            for seed in range(ROUNDS):
                for name in seconds:
                    run = client.train(seed=seed)
                    watcher = Watcher(client, run) if name == "watched" else None
                    rows = client.wait(run).history()
                    seconds[name].append(statistics.median(row["seconds"] for row in rows[1:]))
                    if watcher:
                        time.sleep(2)
                        found = watcher.delays()
                        epochs += found[0]
                        frames += found[1]
        finally:
            client.process.terminate()
            client.process.wait()
    for name, values in seconds.items():
        print(f"  {name:<8} {spread(values)} an epoch")
    slower = ratio(seconds["watched"], seconds["alone"])
    shown = len(frames) / max(len(epochs), 1)
    print(f"  watched / alone {slower:.3f}")
    print(f"  an epoch is with the page after {spread(epochs)}")
    print(
        f"  a frame of the map after {spread(frames)}, of {shown:.0%} of the epochs"
        if frames
        else "  no frame of the map"
    )
    keep("studio_live", {"seconds": seconds, "ratio": slower, "epochs": epochs, "frames": frames})
    promises = {
        "a watching page costs less than 3%": slower < 1.03,
        "an epoch is with the page within 0.5 s": statistics.median(epochs) < 0.5,
    }
    return verdict(promises)


if __name__ == "__main__":
    sys.exit(main())
