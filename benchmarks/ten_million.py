"""Ten million rows from training to the page: seconds and memory of each stage, each in a process of its own.

The data are made here, chunk by chunk, from a seed: 10 classes of three curved surfaces each in 40 columns, and 2% of
the labels replaced by another class. They are a folder of .npy files (1.6 GB for 10 million rows), which are mapped
into memory, or with --parquet one Parquet file. A twentieth of the rows are test samples.

Memory is the most that a stage and its child processes held together in anonymous and shared pages (RssAnon and
RssShmem of Linux, read 10 times a second). Pages of mapped files are not in it: the system takes them back when it
needs room. A stage that fails is named with its reason, and the next one begins.

    python -m benchmarks.ten_million [--rows N] [--parquet] [--stages training,predictions,...] [--folder PATH]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import keep, machine, verdict

ROWS = 10_000_000
COLUMNS, CLASSES, SURFACES = 40, 10, 3
CHUNK = 250_000
WRONG = 0.02
"""Share of the labels that are replaced by another class."""

TESTED = 0.05
LIMIT = 4e9
HIDDEN = (128, 64)
EPOCHS = 2


def chunk(start: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows from `start` on: inputs float32 (row, column), true classes and given ones, int64 (row,)."""
    fixed, random = np.random.default_rng(0), np.random.default_rng([1, start])
    shape = (CLASSES, SURFACES)
    centers = fixed.normal(scale=0.8, size=(*shape, COLUMNS)).astype(np.float32)
    flat, bent = (fixed.normal(size=(*shape, 6, COLUMNS)).astype(np.float32) / 3 for _ in range(2))
    true, surface = random.integers(0, CLASSES, count), random.integers(0, SURFACES, count)
    z, x = random.standard_normal((count, 6), np.float32), np.empty((count, COLUMNS), np.float32)
    for a in range(CLASSES):
        for b in range(SURFACES):
            here = np.flatnonzero((true == a) & (surface == b))
            x[here] = centers[a, b] + z[here] @ flat[a, b] + np.sin(2 * z[here]) @ bent[a, b]
    x += 0.3 * random.standard_normal((count, COLUMNS), np.float32)
    given = np.where(random.random(count) < WRONG, (true + random.integers(1, CLASSES, count)) % CLASSES, true)
    return x, true, given


def make_folder(folder: Path, rows: int) -> None:
    """Write x_train.npy, y_train.npy, x_test.npy and y_test.npy, and the true classes beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    tested = round(rows * TESTED)
    for part, first, count in (("train", 0, rows - tested), ("test", rows, tested)):
        kinds: dict[str, Any] = {f"x_{part}": np.float32, f"y_{part}": np.int64, f"true_{part}": np.int64}
        files = {
            name: np.lib.format.open_memmap(
                folder / f"{name}.npy", mode="w+", dtype=dtype, shape=(count, COLUMNS)[: 1 + name.startswith("x")]
            )
            for name, dtype in kinds.items()
        }
        for start in range(0, count, CHUNK):
            size = min(CHUNK, count - start)
            x, true, given = chunk(first + start, size)
            for name, values in ((f"x_{part}", x), (f"y_{part}", given), (f"true_{part}", true)):
                files[name][start : start + size] = values
        for file in files.values():
            file.flush()


def make_parquet(path: Path, rows: int) -> None:
    """Write the rows of `make_folder`'s training samples as a table with a column "label"."""
    import pyarrow as pa
    from pyarrow import parquet

    names = [f"x{number}" for number in range(COLUMNS)]
    schema = pa.schema([*((name, pa.float32()) for name in names), ("label", pa.string())])
    classes = pa.array([f"class {number}" for number in range(CLASSES)])
    with parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, CHUNK):
            x, _, given = chunk(start, min(CHUNK, rows - start))
            columns = [pa.array(np.ascontiguousarray(column)) for column in x.T]
            writer.write_batch(pa.record_batch([*columns, classes.take(pa.array(given))], schema=schema))


@dataclass(frozen=True)
class Work:
    """Where a stage finds what it needs.

    Attributes:
        data: The folder or the file.
        runs: Where run folders are.
    """

    data: Path
    runs: Path

    @property
    def run(self) -> Any:
        """The run that the first stage made."""
        import cutaway as ct

        return ct.open_run("latest", runs=self.runs)


def training(work: Work) -> dict[str, Any]:
    import cutaway as ct

    options: dict[str, Any] = {"label": "label"} if work.data.suffix else {}
    data = ct.load_dataset(work.data, **options)
    run = ct.train(ct.mlp(HIDDEN), data, epochs=EPOCHS, runs=work.runs, progress=False)
    return {"test accuracy": run.test and run.test["accuracy"]}


def predictions(work: Work) -> dict[str, Any]:
    found = work.run.predictions(split="all")
    return {"samples": len(found), "mean confidence": float(found.max(axis=1).mean())}


def layers(work: Work) -> dict[str, Any]:
    run = work.run
    inactive = sum(record.inactive or 0 for record in run.layers())
    measured = run.layer_history(progress=False).records[-2]
    units = run.units(split="all", progress=False)
    return {
        "inactive units": inactive,
        "probe": measured.probe_accuracy,
        "measured on": measured.samples,
        "units": repr(units),
    }


def findings(work: Work) -> dict[str, Any]:
    import cutaway as ct

    return {"findings": [finding.kind for finding in ct.doctor(work.run, progress=False).findings]}


def labels(work: Work) -> dict[str, Any]:
    found = work.run.label_issues(folds=3, seeds=1, epochs=1, progress=False)
    answer: dict[str, Any] = {"estimate": found.to_json()["estimate"], "score above 0.5": found.above_half}
    if not work.data.suffix:
        true = {part: np.load(work.data / f"true_{part}.npy", mmap_mode="r") for part in ("train", "test")}
        first = found.ids.take(slice(0, found.above_half))
        wrong = [
            true[first.sources[source]][index] != given
            for source, index, given in zip(first.source_index, first.index, found.given, strict=False)
        ]
        answer["of them wrong"] = float(np.mean(wrong))
    return answer


def influence(work: Work) -> dict[str, Any]:
    found = work.run.influence(["test[0]", "test[1]", "test[2]"])
    return {"answers": [repr(each) for each in found]}


def map_of_all(work: Work) -> dict[str, Any]:
    found = work.run.embed(split="all", progress=False)
    return {"map": repr(found), "seconds": found.layout.seconds, "quality": repr(found.quality)}


def page(work: Work) -> dict[str, Any]:
    path = work.run.report(split="all", progress=False)
    return {"bytes": path.stat().st_size}


STAGES: dict[str, Callable[[Work], dict[str, Any]]] = {
    "training": training,
    "predictions": predictions,
    "layers": layers,
    "findings": findings,
    "labels": labels,
    "influence": influence,
    "map": map_of_all,
    "page": page,
}


def held_by(root: int) -> float:
    """Bytes of anonymous and shared memory that a process and all below it hold now."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    total = 0.0
    for pid in family:
        try:
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith(("RssAnon", "RssShmem")):
                    total += 1024 * float(line.split()[1])
        except OSError:
            continue
    return total


def measure(name: str, work: Work) -> dict[str, Any]:
    """Run a stage in a process of its own: seconds, CPU seconds, the most memory, and what it says."""
    call = [sys.executable, "-m", "benchmarks.ten_million", "--one", name]
    call += ["--data", str(work.data), "--runs", str(work.runs)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(work.runs.parent / "cache")}
    start, peak, out = time.perf_counter(), 0.0, work.runs.parent / f"{name}.out"
    with out.open("w+") as said:
        process = subprocess.Popen(call, stdout=said, stderr=subprocess.STDOUT, env=environment)
        ended: list[Any] = []
        waiting = threading.Thread(target=lambda: ended.extend(os.wait4(process.pid, 0)))
        waiting.start()
        while waiting.is_alive():
            peak = max(peak, held_by(process.pid))
            waiting.join(0.1)
        said.seek(0)
        lines = said.read().splitlines()
    _, status, usage = ended
    process.returncode = os.waitstatus_to_exitcode(status)  # so that Popen does not wait for it again
    failed = process.returncode != 0
    why = lines[-1] if lines else f"exit code {process.returncode}"
    return {
        "seconds": time.perf_counter() - start,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": peak,
        "failed": why if failed else None,
        "said": {} if failed else json.loads(lines[-1]),
    }


def show(rows: int, results: dict[str, dict[str, Any]]) -> None:
    print("\n| stage | rows | seconds | CPU seconds | peak memory |\n|---|---|---|---|---|")
    for name, found in results.items():
        failed = f" failed: {found['failed']}" if found["failed"] else ""
        seconds, cpu, memory = found["seconds"], found["cpu"], found["memory"]
        print(f"| {name}{failed} | {rows:,} | {seconds:.0f} | {cpu:.0f} | {memory / 1e9:.2f} GB |")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--parquet", action="store_true")
    parser.add_argument("--stages", default=",".join(STAGES))
    parser.add_argument("--folder", type=Path, help="keeps data and runs there, and uses the data that are there")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(STAGES[given.one](Work(given.data, given.runs)), default=str))
        return 0
    print(f"{machine()}\n{given.rows:,} rows x {COLUMNS}, {'Parquet' if given.parquet else 'memory map'}")
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        data = folder / f"{given.rows}{'.parquet' if given.parquet else ''}"
        if not data.exists():
            (make_parquet if given.parquet else make_folder)(data, given.rows)
        for name in given.stages.split(","):
            results[name] = measure(name, Work(data, folder / f"runs-{data.name}"))
            found = results[name]
            measured = f"{found['seconds']:.0f} s, {found['cpu']:.0f} CPU s, {found['memory'] / 1e9:.2f} GB"
            print(f"{name}: {measured}; {found['failed'] or json.dumps(found['said'])}", flush=True)
    show(given.rows, results)
    if given.rows == ROWS and set(results) == set(STAGES):
        keep("ten_million", {"rows": given.rows, "parquet" if given.parquet else "memory map": results})
    most = max(found["memory"] for found in results.values())
    return verdict(
        {
            "every stage ends": not any(found["failed"] for found in results.values()),
            f"memory below {LIMIT / 1e9:.0f} GB": most < LIMIT,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
