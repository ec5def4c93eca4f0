"""Changed files and run folders: each opens or is refused; no crash, no hang, memory bounded."""

import json
import os
import runpy
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.errors import Canceled

CHILD = Path(__file__).with_name("fuzz_child.py")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit on memory needs Linux")
@pytest.mark.parametrize(
    "files", [pytest.param(30, marks=pytest.mark.short), pytest.param(500, marks=pytest.mark.exhaustive)]
)
def test_changed_files_are_opened_or_refused(files, good, tmp_path):
    command = [sys.executable, CHILD, good.keras, good.h5, str(files)]
    out = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=240)
    assert out.returncode == 0, out.stderr[-4000:]
    counts = json.loads(out.stdout.strip().splitlines()[-1])
    assert counts["opened"] + counts["refused"] >= files
    assert min(counts.values()) >= files / 50, f"both ways are gone often: {counts}"


RUN_CHILD = Path(__file__).with_name("run_fuzz_child.py")
LONG = int(os.environ.get("CUTAWAY_FUZZ_CASES", "100"))
"""Cases in the long form, the same in every run; `make fuzz` looks for new ones, ten thousand in half an hour."""

FIRST = int(os.environ.get("CUTAWAY_FUZZ_SEED", "0"))
"""Seed of the first case; each case has the next one. Another seed damages in ways that nobody has tried."""

PORTION = 600
"""Cases of one process: JAX keeps some 2 MB of each model that it has compiled, 20 GB of ten thousand."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Finished runs on images and on a table, and one that was canceled in its last epoch, all small."""
    folder = tmp_path_factory.mktemp("runs")

    def cancel(now):
        if "epoch 3/" in now.note:
            raise Canceled("work goes on", got="a request", hint="resume")

    finished = ct.train(ct.mlp((8,)), "digits", runs=folder / "a", epochs=2, progress=False)
    draw = np.random.default_rng(0)
    table = {"size": draw.normal(size=300).round(2), "city": draw.choice(["Rome", "Oslo", "Lima"], 300)}
    table |= {"sold": pd.date_range("2024-01-01", periods=300).astype(str), "number": np.arange(300)}
    frame = pd.DataFrame(table | {"kind": np.where(table["size"] + draw.normal(size=300) > 0, "a", "b")})
    frame.loc[::7, "size"] = np.nan
    frame.to_csv(folder / "table.csv", index=False)
    data = ct.load_dataset(folder / "table.csv", label="kind", id="number", time="sold")
    tabular = ct.train(ct.mlp((8,)), data, runs=folder / "c", epochs=2, progress=False)
    for run in (finished, tabular):
        run.report(progress=False)  # which keeps results of every kind
    with pytest.raises(Canceled):
        ct.train(ct.mlp((8,)), "digits", runs=folder / "b", epochs=3, progress=cancel)
    return finished.path, tabular.path, next((folder / "b").iterdir())


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is read from Linux")
@pytest.mark.exhaustive
def test_damaged_run_folders_are_used_or_refused(runs, tmp_path):
    cases, log, counts = LONG, tmp_path / "cases.txt", Counter()  # a file, so that the long form can be watched
    for first in range(0, cases, PORTION):
        portion = min(PORTION, cases - first)
        command = [sys.executable, RUN_CHILD, *runs, str(portion), str(FIRST + first)]
        with log.open("w") as file:
            out = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=file, text=True, cwd=tmp_path, timeout=120 + 2 * portion
            )
        assert out.returncode == 0, log.read_text()[-2000:]
        counts.update(json.loads(out.stdout))
    assert min(counts[way] for way in ("worked", "refused")) >= cases / 2, f"both ways are gone often: {counts}"


TABLE_CHILD = Path(__file__).with_name("table_fuzz_child.py")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit on memory needs Linux")
@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["feather", "parquet"])
def test_damaged_columnar_files_are_read_or_refused(kind, tmp_path):
    """Each in a process of its own, so that all cases are tried."""
    cases = min(LONG, 1000)
    log = tmp_path / "cases.txt"
    (tmp_path / "files").mkdir()
    command = [sys.executable, TABLE_CHILD, tmp_path / "files", kind, str(cases), str(FIRST)]
    with log.open("w") as file:
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=file, text=True, timeout=180 + 2 * cases)
    assert out.returncode == 0, log.read_text()[-2000:]
    counts = json.loads(out.stdout)
    assert counts.pop("failed") == 0, log.read_text()[-20_000:]
    assert sum(counts.values()) >= cases
    assert min(counts.values()) >= cases / 5, f"both ways are gone often: {counts}"


SPARSE_CHILD = Path(__file__).with_name("sparse_child.py")


@pytest.mark.short
def test_damaged_sparse_matrices_are_refused():
    child = runpy.run_path(str(SPARSE_CHILD))
    assert [child["outcome"](*child["hostile"](number)) for number in range(20)] == ["refused"] * 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each case is in a child, which a crash ends")
@pytest.mark.exhaustive
def test_no_damaged_sparse_matrix_ends_the_process():
    out = subprocess.run([sys.executable, SPARSE_CHILD, "250"], capture_output=True, text=True, timeout=240)
    assert (out.returncode, out.stdout) == (0, '{"refused": 250}'), out.stderr[-2000:]


SWEEP_CHILD = Path(__file__).with_name("sweep_fuzz_child.py")
SWEEPS = int(os.environ.get("CUTAWAY_FUZZ_SWEEPS", "100"))


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """A small sweep that is done."""
    pytest.importorskip("optuna", reason="the extra sweep is not installed")
    settings = {"space": {"learning_rate": {"low": 0.001, "high": 0.03, "log": True}, "dropout": [0.0, 0.2]}}
    settings |= {"hidden": (8,), "epochs": 1, "trials": 3, "progress": False}
    return ct.sweep("digits", runs=tmp_path_factory.mktemp("sweep"), **settings).folder


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is read from Linux")
@pytest.mark.exhaustive
def test_damaged_sweep_folders_are_used_or_refused(sweep, tmp_path):
    log = tmp_path / "cases.txt"
    command = [sys.executable, SWEEP_CHILD, sweep, str(SWEEPS), os.environ.get("CUTAWAY_FUZZ_SEED", "0")]
    with log.open("w") as file:
        out = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=file, text=True, cwd=tmp_path, timeout=120 + 4 * SWEEPS
        )
    assert out.returncode == 0, log.read_text()[-2000:]
    counts = json.loads(out.stdout)
    assert counts["worked"] + counts["refused"] >= SWEEPS
    assert min(counts.values()) >= SWEEPS / 8, f"both ways are gone often: {counts}"
