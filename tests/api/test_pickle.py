"""Errors and records cross from one process to another unchanged."""

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cutaway as ct
from cutaway import errors
from cutaway.context import RunContext
from cutaway.data import Dataset
from tests.ready_runs import record_untrained

ERRORS = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.CutawayError)
]


def same(a, b) -> bool:
    """Whether two records hold the same values, arrays and NaN included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, pandas.DataFrame):
        return a.equals(b)
    if isinstance(a, ct.Run):
        return same(a.context, b.context)
    if isinstance(a, RunContext):
        return a.path == b.path and a.manifest == b.manifest
    if isinstance(a, Dataset):
        return a.sha256 == b.sha256
    if dataclasses.is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "__dict__"):
        return same(vars(a), vars(b))
    return a == b or (a != a and b != b)


@given(kind=st.sampled_from(ERRORS), rule=st.text(), got=st.text(), hint=st.text(), note=st.text())
def test_every_error_is_pickled_unchanged(kind, rule, got, hint, note):
    error = kind(rule, got=got, hint=hint)
    error.run = note  # what a caller adds travels as well
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.rule, again.got, again.hint, again.run) == (rule, got, hint, note)
    assert str(again) == str(error)
    assert again.args == error.args
    assert again.exit_code == error.exit_code


RECORDS = {
    "run": lambda run: run,
    "history": lambda run: run.history,
    "config": lambda run: run.config,
    "split": lambda run: run.split,
    "data": lambda run: run.data,
    "activations": lambda run: run.activations("dense_1"),
    "predictions": lambda run: run.predictions(),
    "labels": lambda run: run.labels(),
    "confusion": lambda run: run.confusion(),
    "per_class": lambda run: run.per_class(),
    "mistakes": lambda run: run.mistakes(),
    "findings": lambda run: run.findings(),
    "layers": lambda run: run.layers(),
    "layer_history": lambda run: run.layer_history(epochs=[0, 6], samples=200, progress=False),
    "similarity": lambda run: run.similarity(epochs=[0, 6], samples=200, progress=False),
    "units": lambda run: run.units("dense_2", progress=False),
    "verdict": lambda run: run.verdict(),
    "unit": lambda run: run.units("dense_1", progress=False)[3],
    "cka": lambda run: run.layer_history(epochs=[0, 6], samples=200, progress=False).cka(),
    "dynamics": lambda run: run.dynamics(split="test"),
    "examine": lambda run: run.examine(run.data.x(run.split.test)[:20], nearest=2, explain=2),
    "explain": lambda run: run.explain("sample[7]"),
    "calibration": lambda run: run.calibration(),
    "coverage": lambda run: run.coverage(),
    "thresholds": lambda run: run.thresholds(positive="8"),
    "learning_curve": lambda run: run.learning_curve(shares=(0.1, 0.2, 0.4), progress=False),
    "label_issues": lambda run: run.label_issues(folds=2, seeds=1, epochs=1, progress=False),
    "decisions": lambda run: run.decisions,
    "influence": lambda run: run.influence(["test[7]"], 2),
    "embedding": lambda run: run.embed(split="test", perplexity=20.0, progress=False),
    "pca": lambda run: run.embed(split="test", method="pca", progress=False),
    "comparison": lambda run: ct.compare(run, run, epochs=(5, 6), samples=60, progress=False),
    "sequence": lambda run: run.embed_epochs(epochs=[5, 6], split="test", perplexity=20.0, progress=False),
}


LONG = ("learning_curve", "label_issues", "influence", "sequence")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.exhaustive] * (name in LONG)) for name in RECORDS]
)
def test_every_record_is_pickled_unchanged(name, digits_run):
    record = RECORDS[name](digits_run)
    again = pickle.loads(pickle.dumps(record))
    assert same(record, again)
    assert repr(record) == repr(again)


def test_every_method_of_a_run_that_returns_a_record_is_among_them():
    # figures, files, models and plain arrays
    shown = {"explore", "plot", "report", "playground", "model", "path", "folder", "predict", "decide"}
    plain = {"class_names", "context", "test"}
    elsewhere = {"embed": "embedding", "embed_epochs": "sequence", "embed_layers": "sequence"}
    of_tables = {"importance", "errors"}  # tests/api/test_importance.py, tests/api/test_errors.py
    public = {elsewhere.get(name, name) for name in dir(ct.Run) if not name.startswith("_")}
    assert public - shown - plain - of_tables <= RECORDS.keys()


def test_a_run_on_arrays_travels_with_its_data(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4)).astype(np.float32)
    data = ct.Dataset.from_arrays(x, (x[:, 0] > 0).astype(int))
    run = record_untrained(data, tmp_path)
    again = pickle.loads(pickle.dumps(run))
    np.testing.assert_array_equal(again.predictions(), run.predictions())


@pytest.mark.exhaustive
def test_a_record_is_read_in_another_process(digits_run, tmp_path):
    embedding = digits_run.embed(split="test", method="pca", progress=False)
    file = tmp_path / "embedding.pickle"
    file.write_bytes(pickle.dumps(embedding))
    code = f"import pickle; e = pickle.loads(open({str(file)!r}, 'rb').read()); print(e.activations().shape, e.title)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    shape = (len(digits_run.split.test), 16)
    assert done.stdout.strip() == f"{shape} {embedding.title}"


def test_a_run_opened_by_a_relative_path_is_found_from_another_folder(digits_run, tmp_path, monkeypatch):
    monkeypatch.chdir(digits_run.path.parent)
    run = ct.open_run(digits_run.path.name, runs=".")
    packed = pickle.dumps(run)
    monkeypatch.chdir(tmp_path)
    again = pickle.loads(packed)
    assert len(again.history) == len(run.history) == 6
    np.testing.assert_array_equal(again.predictions(), digits_run.predictions())
