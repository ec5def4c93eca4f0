"""A table of 10 million rows and 40 columns, as CSV and as Parquet: memory, and seconds against reading alone.

The table is made here from a seed: 30 columns of numbers (a tenth of the cells of four of them missing), six of
categories, two of dates, an identifier that is left out, and the label. Each training is the command line in a process
of its own, first with an empty cache and then once again. Memory is read from the system ten times a second: that of
the process itself (RssAnon), which has to fit beside other programs, and beside it the pages of the cached inputs that
the system holds while there is room (RssFile). Reading alone is pyarrow going through the file once.

    python -m benchmarks.large_tables [ROWS]
    python -m benchmarks.large_tables [ROWS] --against CHECKOUT [--rounds N]

The second form compares with an older checkout, which needs its own .venv: both train in turn, with an empty cache.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from benchmarks.harness import interleave, keep, machine, ratio, spread, verdict

ROWS = 10_000_000
CHUNK = 250_000
EPOCHS = 2
LIMIT = 2e9
SLOWER = 1.2
PROGRAM = Path(sys.executable).with_name("cutaway")


def batches(rows: int) -> Iterator[pa.RecordBatch]:
    """The table, chunk by chunk."""
    weights = np.random.default_rng(0).normal(size=30) / 4
    for start in range(0, rows, CHUNK):
        random, count = np.random.default_rng([1, start]), min(CHUNK, rows - start)
        numbers = random.normal(size=(count, 30)).round(3)
        kinds = random.integers(0, 12, size=(count, 6))
        days = random.integers(0, 3000, size=(count, 2))
        score = (
            numbers @ weights + np.tanh(numbers[:, 0] * numbers[:, 1]) + 0.2 * (kinds[:, 0] - 5.5) + days[:, 0] / 1500
        )
        columns: dict[str, pa.Array] = {"number": pa.array(np.arange(start, start + count))}
        for i in range(30):
            missing = random.random(count) < 0.1 if i < 4 else None
            columns[f"x{i}"] = pa.array(numbers[:, i] * 10.0 ** (i % 3), mask=missing)
        names = pa.array([f"kind {letter}" for letter in "abcdefghijkl"])
        for i in range(6):
            columns[f"kind{i}"] = names.take(pa.array(kinds[:, i]))
        for i in range(2):
            columns[f"date{i}"] = pa.array(days[:, i].astype("datetime64[D]") + np.timedelta64(14_000, "D"))
        columns["label"] = pa.array(np.where(score + random.logistic(size=count) > 1, "yes", "no"))
        yield pa.RecordBatch.from_pydict(columns)


def make_files(folder: Path, rows: int) -> dict[str, Path]:
    """Write the table in both formats."""
    files = {"CSV": folder / "table.csv", "Parquet": folder / "table.parquet"}
    schema = next(batches(1)).schema
    with csv.CSVWriter(files["CSV"], schema) as text, parquet.ParquetWriter(files["Parquet"], schema) as columns:
        for batch in batches(rows):
            text.write_batch(batch)
            columns.write_batch(batch)
    return files


def read_alone(name: str, path: Path) -> float:
    """Seconds that pyarrow needs to go through the file."""
    start = time.perf_counter()
    if name == "CSV":
        for _ in csv.open_csv(path):
            pass
    else:
        for _ in parquet.ParquetFile(path).iter_batches(65_536):
            pass
    return time.perf_counter() - start


def memory(pid: int) -> dict[str, float]:
    """Bytes that a process holds now, by kind."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {
        key: 1024 * float(value.split()[0]) for key, value in (line.split(":", 1) for line in lines if "Rss" in line)
    }


def train(path: Path, folder: Path, program: Path = PROGRAM) -> dict[str, Any]:
    """Train on a file by the command line: seconds in all and of each epoch, and the most memory of each kind."""
    runs = Path(tempfile.mkdtemp(dir=folder))
    call = [program, "train", str(path), "--label", "label", "--epochs", str(EPOCHS)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / f"cache-{path.suffix[1:]}")}
    start, peak = time.perf_counter(), {"RssAnon": 0.0, "RssFile": 0.0}
    with (folder / "out.txt").open("w") as out:
        process = subprocess.Popen([*call, "--runs", str(runs)], env=environment, stdout=out, stderr=out)
        while process.poll() is None:
            for kind, size in memory(process.pid).items():
                if kind in peak:
                    peak[kind] = max(peak[kind], size)
            time.sleep(0.1)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit((folder / "out.txt").read_text()[-2000:])
    (run,) = runs.iterdir()
    history = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    epochs = [row["seconds"] for row in history if "loss" in row and "val_loss" in row and "epoch" in row]
    return {"seconds": seconds, "epochs": epochs, "memory": peak["RssAnon"], "mapped": peak["RssFile"]}


def first_time(path: Path, folder: Path, program: Path) -> float:
    """Seconds of a training with an empty cache."""
    shutil.rmtree(folder / f"cache-{path.suffix[1:]}", ignore_errors=True)
    return train(path, folder, program)["seconds"]


def compare(files: dict[str, Path], folder: Path, checkout: Path, rounds: int) -> int:
    """Print how long this checkout and another one take, and the median of the ratios."""
    programs, kept = {"here": PROGRAM, "there": checkout.absolute() / ".venv/bin/cutaway"}, {}
    for kind, path in files.items():
        found = interleave({name: partial(first_time, path, folder, each) for name, each in programs.items()}, n=rounds)
        kept[f"{kind} within {SLOWER} of {checkout}"] = ratio(found["here"], found["there"]) < SLOWER
        both = ", ".join(f"{name} {spread(seconds, digits=1)}" for name, seconds in found.items())
        print(f"{kind}: {both}; ratio {ratio(found['here'], found['there']):.3f}", flush=True)
    return verdict(kept)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=ROWS)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    parser.add_argument("--rounds", type=int, default=3, help="of --against")
    given = parser.parse_args()
    rows, results = given.rows, dict[str, Any]()
    print(f"{machine()}\n{rows:,} rows, {EPOCHS} epochs")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = make_files(folder, rows)
        if given.against is not None:
            return compare(files, folder, given.against, given.rounds)
        for kind, path in files.items():
            alone = read_alone(kind, path)
            first, again = train(path, folder), train(path, folder)
            results[kind] = {"bytes": path.stat().st_size, "reading alone": alone, "first": first, "again": again}
            for when, run in (("first", first), ("again", again)):
                spent = ", ".join(f"{seconds:.1f}" for seconds in run["epochs"])
                print(
                    f"{kind:8} {path.stat().st_size / 1e9:.2f} GB, {when}: {run['seconds']:.0f} s in all, epochs of "
                    f"{spent} s (reading alone {alone:.1f} s); memory {run['memory'] / 1e9:.2f} GB, "
                    f"mapped {run['mapped'] / 1e9:.2f} GB"
                )
                sys.stdout.flush()
    if rows == ROWS:
        keep("large_tables", {"rows": rows, "epochs": EPOCHS, **results})
    most = max(run[when]["memory"] for run in results.values() for when in ("first", "again"))
    return verdict({f"memory below {LIMIT / 1e9:.0f} GB": most < LIMIT})


if __name__ == "__main__":
    sys.exit(main())
