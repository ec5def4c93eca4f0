"""Runs of many classes: what is shown is bounded and says what is left out, and nothing holds a table of all pairs."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import cutaway as ct
from cutaway.api.documents import class_document
from cutaway.errors import CutawayWarning, RunError, UsageError
from cutaway.findings import Evidence, run_checks
from cutaway.progress import ignore_progress
from cutaway.topics.classes.section import classes
from cutaway.topics.common.source import ReportSource
from cutaway.topics.layers.section import layers

CLASSES = 150
CHILD = Path(__file__).with_name("many_classes_child.py")
WIDE_CHILD = Path(__file__).with_name("wide_layer_child.py")


def samples_of_classes(count, each):
    """Two-dimensional points around as many centers as classes, in a shuffled order of classes."""
    generator = np.random.default_rng(0)
    y = np.repeat(np.arange(count), each)
    x = generator.normal(size=(count, 8))[y] + generator.normal(scale=0.5, size=(len(y), 8))
    return ct.Dataset.from_arrays(x.astype(np.float32), y, class_names=[f"c{i}" for i in range(count)])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A model that knows the classes about as well as one that was trained: its last layer is a least-squares fit."""
    data = samples_of_classes(CLASSES, 20)
    x, y = data.sources["train"].x, data.sources["train"].y
    keras.utils.set_random_seed(0)
    hidden = keras.layers.Dense(24, "relu", name="dense_1")
    model = keras.Sequential([keras.Input((8,)), hidden, keras.layers.Dense(CLASSES, "softmax", name="output")])
    h = np.maximum(x @ hidden.get_weights()[0], 0)
    known = np.linalg.lstsq(np.c_[h, np.ones(len(h))], np.eye(CLASSES)[y], rcond=None)[0]
    model.layers[-1].set_weights([20 * known[:-1], 20 * known[-1]])
    return ct.record(model, data, runs=tmp_path_factory.mktemp("many"), progress=False)


@pytest.fixture(scope="module")
def source(run):
    return ReportSource(run.context, ignore_progress)


def test_the_predicted_classes_are_those_of_the_probabilities(run, source):
    probabilities = run.predictions()
    np.testing.assert_array_equal(source.predicted.predicted, probabilities.argmax(axis=1))
    np.testing.assert_array_equal(source.predicted.confidence, probabilities.max(axis=1))
    np.testing.assert_array_equal(source.confusion.toarray(), run.confusion())


def test_the_table_of_the_report_lists_the_classes_with_the_lowest_recall(run, source):
    shown, recall = classes(source).parts[1], run.per_class().measures.recall
    assert len(shown.rows) == 100
    worst = np.argsort(recall, kind="stable")[:100]
    assert [row["Class"] for row in shown.rows] == [f"c{i}" for i in worst]


def test_the_confusion_matrix_of_the_report_shows_the_classes_with_the_most_mistakes(run, source):
    section, matrix = classes(source).parts[0], run.confusion()
    wrong = matrix - np.diag(matrix.diagonal())
    chosen = np.sort(np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")[:50])
    part = matrix[np.ix_(chosen, chosen)]
    np.testing.assert_array_equal(section.counts, part)
    assert section.names == tuple(f"c{i}" for i in chosen)
    assert section.totals == matrix.sum(axis=1)[chosen].tolist(), "a share is one of all samples"
    assert f"{part.sum() - np.trace(part)} of {wrong.sum()} " in section.caption


def test_show_lists_a_hundred_classes_and_says_how_many_are_left_out(run):
    document = class_document(run)
    assert (len(document["classes"]), document["left_out"]) == (100, 50)
    assert document["classes"] == run.per_class().summaries(100)
    assert len(run.per_class().summaries()) == CLASSES


def test_the_summary_of_a_unit_has_the_classes_for_which_it_fires_most(run):
    units = run.units(progress=False)
    means = units.measures.class_mean[3]
    found = units.summary(3)["class_mean"]
    assert list(found) == [f"c{i}" for i in np.argsort(-means, kind="stable")[:100]]
    assert len(json.dumps(units.to_json())) < 24 * 8_000


def test_missed_classes_in_a_finding_are_bounded():
    confusion = np.diag([20] * 80 + [0] * 120)
    confusion[80:, 0] = 20
    (record,) = (each.evidence for each in run_checks(Evidence(confusion=confusion)) if each.kind == "missed-class")
    assert (record["missed"], len(record["classes"])) == (120, 100)


@pytest.mark.exhaustive
def test_small_classes_of_an_embedding_share_a_look(run):
    embedding = run.embed(method="pca", split="test")
    plot = embedding.bokeh()
    assert len(plot.legend[0].items) == 60
    assert plot.legend[0].items[0].label.value.startswith("91 ")
    together = plot.renderers[0].data_source.data
    assert set(together["class"]) == {f"c{i}" for i in range(CLASSES)} - {r.name for r in plot.renderers[1:]}
    assert sum(len(r.data_source.data["x"]) for r in plot.renderers) == len(embedding.xy)
    entries = [text.get_text() for text in embedding.plot().legends[0].get_texts()]
    assert (len(entries), entries[-1][:3]) == (60, "91 ")


def test_a_confusion_matrix_that_is_too_large_is_refused(run, monkeypatch):
    monkeypatch.setattr("cutaway.topics.classes.classes.DENSE_CLASSES", 149)
    with pytest.raises(UsageError, match="149"):
        run.confusion()


def test_wide_layers_are_measured_on_fewer_samples(run, source, monkeypatch):
    asked = len(run.context.part("test"))
    whole = run.layer_history(epochs=[0], progress=False)
    assert (whole.records[0].samples, whole.note) == (asked, "")
    monkeypatch.setattr("cutaway.topics.layers.layers.VALUES", 150 * 200)
    history = run.layer_history(epochs=[0], progress=False)
    assert {record.samples for record in history.records} == {200}, "the widest layer has 150 units"
    assert history.note.startswith(f"200 of {asked:,} ")
    assert history.to_json()["note"] == history.note
    assert " 200 test samples" in layers(source).parts[1].lead, "the report as well"
    monkeypatch.setattr("cutaway.topics.layers.layers.ACTIVATION_BYTES", 4 * 174 * 120)
    assert run.layer_history(epochs=[0], progress=False).records[0].samples == 120, "all layers together"


@pytest.mark.exhaustive
def test_predictions_that_are_too_large_are_not_recorded(tmp_path, monkeypatch):
    data, settings = samples_of_classes(30, 10), {"epochs": 2, "validation": 0.2, "progress": False}
    kept = ct.train(ct.mlp((16,)), data, runs=tmp_path, **settings)
    monkeypatch.setattr("cutaway.runs.layout.PREDICTIONS_VALUES", 299 * 30)
    with pytest.warns(CutawayWarning, match="300 samples of 30"):
        run = ct.train(ct.mlp((16,)), data, runs=tmp_path, **settings)
    assert not list((run.path / "predictions").iterdir())
    with pytest.raises(RunError):
        run.folder.predictions()
    assert run.test == kept.test
    np.testing.assert_array_equal(run.predictions(), kept.predictions())
    assert (run.path / "snapshots/epoch-0002.safetensors").read_bytes() == (
        kept.path / "snapshots/epoch-0002.safetensors"
    ).read_bytes()


@pytest.mark.exhaustive
def test_a_training_without_recorded_predictions_is_resumed_to_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("cutaway.runs.layout.PREDICTIONS_VALUES", 1)
    monkeypatch.setattr("cutaway.training.loop.epoch.CALL_SECONDS", 0.0)
    data, settings = samples_of_classes(30, 40), {"epochs": 2, "validation": 0.2, "batch_size": 32}
    with pytest.warns(CutawayWarning):
        straight = ct.train(ct.mlp((16,)), data, runs=tmp_path / "a", progress=False, **settings)

    def stop(progress):
        if progress.task == "training" and progress.done > 900:
            raise KeyboardInterrupt

    with pytest.warns(CutawayWarning), pytest.raises(KeyboardInterrupt):
        ct.train(ct.mlp((16,)), data, runs=tmp_path / "b", progress=stop, **settings)
    (path,) = (tmp_path / "b").iterdir()
    run = ct.resume(ct.open_run(path, data=data), progress=False)
    name = "snapshots/epoch-0002.safetensors"
    assert (run.path / name).read_bytes() == (straight.path / name).read_bytes()


@pytest.mark.exhaustive
def test_ten_thousand_classes_take_less_than_two_gigabytes(tmp_path):
    """Training, findings and report; before, training took 9 GB and the report more than 12.5."""
    done = subprocess.run(
        [sys.executable, CHILD, str(tmp_path)], capture_output=True, text=True, check=True, timeout=1200
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["gigabytes"] < 2.0
    assert answer["page"] < 5e6
    assert answer["folder"] < 30e6


@pytest.mark.exhaustive
def test_a_layer_of_ten_thousand_units_is_measured_in_less_than_two_gigabytes(tmp_path):
    """Before, all 10,000 samples were measured, in 6.4 GB."""
    command = [sys.executable, WIDE_CHILD, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["gigabytes"] < 2.0
    assert answer["samples"] == 2**24 // 10_000
    assert answer["note"].startswith("1,677 of 10,000 ")
