"""Data-parallel training over processes of this machine: an epoch by one and by two processes of one thread each.

The same model and the same global batch. Two processes have twice the CPUs of one, so that a perfect division takes
half the time; what is missing is the exchange of gradients over loopback, and what all processes do in full.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import keep, machine, verdict

EPOCHS = 4
SIZES = {"784-512-512-10, batch 128": ("512,512", 128), "784-2048-2048-10, batch 1,024": ("2048,2048", 1024)}
PROGRAM = "from cutaway.cli import main; main()"
ONE_THREAD = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"}


def seconds_per_epoch(processes: int, hidden: str, batch: int) -> float:
    """The median of the epochs after the first, which compiles, of a whole training by the command line."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-c", PROGRAM, "train", "mnist", "--hidden", hidden, "--batch-size", str(batch)]
        command += ["--epochs", str(EPOCHS), "--precision", "float32", "--runs", runs, "--json"]
        started = []
        for index in range(processes):
            named = ["--coordinator", address, "--processes", str(processes), "--process-index", str(index)]
            started.append(
                subprocess.Popen(
                    command + (named if processes > 1 else []),
                    env=os.environ | ONE_THREAD,
                    preexec_fn=lambda cpu=index: os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[cpu]}),
                    stdout=subprocess.PIPE if index == 0 else subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        answer, _ = started[0].communicate()
        if any(process.wait() for process in started):
            raise SystemExit(f"a training by {processes} processes failed")
        (run,) = Path(runs).iterdir()
        rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
        assert json.loads(answer)["status"] == "finished"
    return statistics.median(row["seconds"] for row in rows if row["kind"] == "epoch" and row["epoch"] > 1)


def main() -> int:
    print(f"one training by several processes\n  {machine()}")
    cpus = len(os.sched_getaffinity(0))
    if cpus < 2:
        print("  needs two CPUs")
        return 0
    found, ratios = {}, {}
    for title, (hidden, batch) in SIZES.items():
        found[title] = {count: [seconds_per_epoch(count, hidden, batch) for _ in range(2)] for count in (1, 2)}
        one, two = (min(found[title][count]) for count in (1, 2))
        ratios[title] = one / two
        print(f"  {title:<30} {one:.2f} s, by two processes {two:.2f} s: {one / two:.2f} times as fast", flush=True)
    keep("distributed", {"seconds": found, "ratios": ratios})
    return verdict({"two processes train a wide model at least 1.4 times as fast": max(ratios.values()) >= 1.4})


if __name__ == "__main__":
    sys.exit(main())
