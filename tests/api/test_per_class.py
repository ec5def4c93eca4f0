"""Recall, precision and F1 of a run: as scikit-learn has them, in Python and in the report."""

import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

import cutaway as ct
from cutaway.progress import ignore_progress
from cutaway.topics.classes.section import classes
from cutaway.topics.common.source import ReportSource


def test_the_measures_are_those_of_scikit_learn(digits_run):
    labels, predicted = digits_run.labels(), digits_run.predictions().argmax(axis=1)
    found = digits_run.per_class()
    precision, recall, f1, samples = precision_recall_fscore_support(labels, predicted)
    table = found.to_pandas()
    assert list(table["class"]) == list(digits_run.class_names)
    np.testing.assert_allclose(table[["precision", "recall", "f1", "samples"]].T, [precision, recall, f1, samples])
    assert found.measures.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, predicted))
    assert found.measures.accuracy == pytest.approx(digits_run.test["accuracy"])
    assert f"{found.measures.balanced_accuracy:.2%}" in repr(found)
    assert (found.split, found.epoch) == ("test", 6)
    assert repr(pickle.loads(pickle.dumps(found))) == repr(found)
    assert (digits_run.per_class(epoch=0).measures.matrix != found.measures.matrix).nnz


def test_the_report_has_a_row_for_each_class(digits_run):
    source = ReportSource(digits_run.context, ignore_progress)
    shown, (table,) = classes(source).parts[1], digits_run.per_class().tables()
    assert [row["Recall"] for row in shown.rows] == [row["Recall"] for row in table.texts()]
    assert "Its interval" in shown.rows[0]
    assert shown.caption == " ".join(table.notes)
    never = np.array([[5, 0, 0], [2, 0, 0], [0, 0, 0]])
    source.__dict__["confusion"] = csr_array(np.pad(never, ((0, 7), (0, 7))))
    rows = classes(source).parts[1].rows
    assert [rows[i]["Precision"] for i in range(3)] == ["71.4%", "–", "–"]
    assert [rows[i]["Recall"] for i in range(3)] == ["100.0%", "0.0%", "–"]


@pytest.fixture
def copy(digits_run, tmp_path):
    shutil.copytree(digits_run.path, tmp_path / "run", ignore=shutil.ignore_patterns("classes-*", "probabilities-*"))
    return tmp_path / "run"


@pytest.mark.exhaustive
def test_showing_a_run_again_needs_no_keras(copy, digits_run, own_cache):
    program = (
        "import sys; from cutaway.api.documents import class_document; from cutaway.api.opening import open_run\n"
        f"document = class_document(open_run({str(copy)!r}))\n"
        "print(document['balanced_accuracy'], 'keras' in sys.modules)"
    )
    for loaded in ("True", "False"):
        done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)
        accuracy, keras = done.stdout.split()
        assert keras == loaded
        assert float(accuracy) == digits_run.per_class().measures.balanced_accuracy


def test_counts_are_those_of_their_snapshot(copy):
    run = ct.open_run(copy)
    before = run.per_class().measures.accuracy
    snapshots = copy / "snapshots"
    shutil.copy(snapshots / "epoch-0000.safetensors", snapshots / "epoch-0006.safetensors")
    assert ct.open_run(copy).per_class().measures.accuracy != before
