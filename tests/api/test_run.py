import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

import cutaway as ct
from cutaway.errors import DataError, UnknownNameError, UsageError
from tests.ready_runs import record_untrained


def test_a_run_is_opened_without_keras(digits_run):
    code = f"""
import sys, cutaway as ct
run = ct.open_run({str(digits_run.path)!r})
run.history.to_pandas(), run.config, run.split, run.data, run.test, run.folder.snapshot()
assert not {{"keras", "jax"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_history_has_keras_names_and_a_frame(digits_run):
    history = digits_run.history
    frame = history.to_pandas()
    assert list(frame["epoch"]) == [1, 2, 3, 4, 5, 6]
    assert list(frame["val_loss"]) == history["val_loss"] == history.history["val_loss"]
    assert "6 epochs" in repr(history)
    assert len(history.plot().axes) == 2


def test_model_of_an_epoch_has_that_snapshots_weights(digits_run):
    first, last = digits_run.model(0), digits_run.model()
    assert [layer.name for layer in last.layers][-1] == "output"
    np.testing.assert_array_equal(
        first.get_layer("dense_1").get_weights()[0], digits_run.folder.snapshot(0)["dense_1/kernel"]
    )
    assert np.abs(first.get_weights()[0] - last.get_weights()[0]).max() > 0.01
    with pytest.raises(UnknownNameError):
        digits_run.model(7)


def test_activations_of_any_layer_and_epoch(digits_run):
    x = digits_run.data.inputs(digits_run.split.part("test"))
    for epoch in (0, 3, -1):
        kernel, bias = digits_run.model(epoch).get_layer("dense_1").get_weights()
        ours = digits_run.activations("dense_1", epoch=epoch)
        np.testing.assert_allclose(ours, np.maximum(x @ kernel + bias, 0), atol=1e-5)
    assert digits_run.activations("dense_2", split="all").shape == (1797, 16)
    with pytest.raises(UnknownNameError):
        digits_run.activations("dense_9")


def test_confusion_and_mistakes_agree_with_the_predictions(digits_run):
    predicted, labels = digits_run.predictions(), digits_run.labels()
    answer = predicted.argmax(1)
    np.testing.assert_array_equal(digits_run.confusion(), confusion_matrix(labels, answer))
    worst = digits_run.mistakes(5)
    assert len(worst.position) == min(5, (answer != labels).sum())
    for position, confidence in zip(worst.position, worst.confidence, strict=True):
        assert answer[position] != labels[position]
        assert confidence == pytest.approx(predicted[position].max())
    assert list(worst.confidence) == sorted(worst.confidence, reverse=True)


def test_mistakes_as_a_table_and_in_a_line(digits_run):
    worst = digits_run.mistakes(5)
    table = worst.to_pandas()
    assert list(table.columns) == ["sample", "label", "predicted", "confidence"]
    assert list(table["sample"]) == [digits_run.split.test[int(p)] for p in worst.position]
    assert list(table["label"]) == [digits_run.class_names[c] for c in digits_run.labels()[worst.position]]
    assert (table["label"] != table["predicted"]).all()
    np.testing.assert_array_equal(table["confidence"], worst.confidence)
    first = table.iloc[0]
    assert first["sample"] in repr(worst)
    none = dataclasses.replace(
        worst,
        **{name: getattr(worst, name)[:0] for name in ("position", "label", "predicted")},
        ids=worst.ids.take(slice(0)),
    )
    assert first["sample"] not in repr(none)


def test_findings_name_what_stands_out(digits_run):
    assert {"confusion", "test-gap"} <= {finding.kind for finding in digits_run.findings()}


def test_of_a_model_with_a_damaged_initializer_the_findings_are_those_without_its_layers(digits_run, tmp_path):
    folder = shutil.copytree(digits_run.path, tmp_path / "run")
    record = json.loads((folder / "run.json").read_text())
    record["model"]["layers"][0]["config"]["kernel_initializer"] = "no object"
    (folder / "run.json").write_text(json.dumps(record))
    kinds = [finding.kind for finding in ct.open_run(folder).findings()]
    assert "test-gap" in kinds
    assert "dead-units" not in kinds


def test_runs_from_arrays_need_their_arrays_again(tmp_path):
    x, y = np.random.default_rng(0).random((90, 4), np.float32), np.arange(90) % 3
    data = ct.Dataset.from_arrays(x, y, name="mine")
    run = record_untrained(data, tmp_path)
    assert run.activations("dense_1").shape[1] == 8
    alone = ct.open_run(run.path)
    with pytest.raises(DataError, match="data="):
        alone.activations("dense_1")
    with pytest.raises(DataError, match="SHA-256"):
        ct.open_run(run.path, data=ct.Dataset.from_arrays(x[::-1].copy(), y))
    with pytest.raises(DataError, match="class_names"):
        ct.open_run(run.path, data=ct.Dataset.from_arrays(x, y, class_names=["a", "b", "c"]))
    assert ct.open_run(run.path, data=data).activations("dense_1").shape[1] == 8


@pytest.mark.exhaustive
def test_a_report_of_data_that_are_no_images(tmp_path):
    x, y = np.random.default_rng(0).random((200, 4), np.float32), np.arange(200) % 2
    data = ct.Dataset.from_arrays(x, y, class_names=("<b>no</b>", "yes"))
    run = ct.train(ct.mlp((4,)), data, epochs=1, runs=tmp_path, progress=False)
    page = run.report(progress=False).read_text()
    assert "<b>no</b>" not in page


@pytest.mark.exhaustive
def test_runs_open_in_a_fresh_process_of_a_user_who_set_nothing(digits_run, tmp_path):
    """Keras' own default, TensorFlow, must not get in the way: neither from the environment nor from keras.json."""
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text('{"backend": "tensorflow"}')
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"} | {"HOME": str(tmp_path)}
    code = (
        f"import cutaway as ct\nprint(ct.open_run({str(digits_run.path)!r}).activations('dense_1').shape)\nimport keras"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert out.stdout.strip() == f"({len(digits_run.split.test)}, 32)"
    environment["KERAS_BACKEND"] = "torch"
    command = [sys.executable, "-c", "from cutaway.cli import main; main()", "train", "digits"]
    out = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert out.returncode == 1
    assert "KERAS_BACKEND=jax" in out.stderr


def test_calls_with_wrong_values_are_one_line(digits_run, tmp_path):
    for layer in (1, ["dense_1"]):
        with pytest.raises(UsageError):
            digits_run.embed(layer=layer, progress=False)
    with pytest.raises(UsageError):
        ct.export(digits_run.model(), tmp_path / "model.keras")
    for name in ("x.pdf", "x.PNG", "nowhere/r.html"):
        with pytest.raises(UsageError):
            digits_run.report(tmp_path / name, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_a_file_as_a_link(digits_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").mkdir()
    file = ct.export(digits_run, "a b/<model>.keras")
    assert isinstance(file, Path)
    assert file.stat().st_size > 0
    shown = '<a href="a b/&lt;model&gt;.keras" target="_blank">a b/&lt;model&gt;.keras</a>'
    assert file._repr_html_() == shown


def test_arrays_are_recorded_as_they_are_trained_on(tmp_path):
    generator = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = generator.normal(size=(60, 3)).astype("float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    run = ct.record(model, x, y, runs=tmp_path, progress=False)
    assert len(run.split.part("all")) == 60
    with pytest.raises(UsageError):
        ct.record(model, x, runs=tmp_path, progress=False)


def test_an_empty_split_has_no_confusion_matrix(digits_run):
    split, nothing = digits_run.split, digits_run.split.test.take(np.arange(0))
    everything = dataclasses.replace(split, train=split.part("all"), val=nothing, test=nothing)
    run = ct.open_run(digits_run.path)
    run.context.__dict__["split"] = everything
    with pytest.raises(UsageError):
        run.confusion()
