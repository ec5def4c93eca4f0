"""Views on what a user's own fit left: metrics that were not measured, logits, losses that are no numbers."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

import cutaway as ct
from cutaway.cli import main

SPARSE = "sparse_categorical_crossentropy"


def fitted(path, *, last, loss, optimizer="adam", metrics=None, epochs=2, validate=False):
    data = ct.load_dataset("digits")
    recorder = ct.Recorder(path, data)
    train, val = recorder.split.train, recorder.split.val
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(16, activation="relu", name="hidden"), last])
    model.compile(optimizer, loss, metrics=metrics, run_eagerly=True)
    held = (data.inputs(val), data.y(val)) if validate else None
    rows = data.inputs(train), data.y(train)
    model.fit(*rows, validation_data=held, batch_size=359, epochs=epochs, verbose=0, callbacks=[recorder])
    return ct.open_run(path), model


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """No validation, no metrics, outputs that are logits."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return fitted(tmp_path_factory.mktemp("bare") / "run", last=keras.layers.Dense(10, name="out"), loss=loss)


@pytest.fixture(scope="module")
def diverged(tmp_path_factory):
    last = keras.layers.Dense(10, activation="softmax", name="out")
    settings = {"optimizer": keras.optimizers.SGD(1e30), "metrics": ["accuracy"], "validate": True}
    return fitted(tmp_path_factory.mktemp("diverged") / "run", last=last, loss=SPARSE, **settings)[0]


def printed(capsys, *arguments):
    """What a command says; its exit code is 0."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    out = capsys.readouterr()
    assert ended.value.code == 0, out.err
    return out.out


@pytest.mark.exhaustive
def test_its_history_opens_without_keras(bare):
    code = f"""
import sys, cutaway as ct
run = ct.open_run({str(bare[0].path)!r})
print(run.history, list(run.history.to_pandas()), run.history.turned, run.config["optimizer"], run.test["accuracy"] > 0)
assert not {{"keras", "jax"}} & set(sys.modules)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.startswith(f"<History: 2 epochs; last: loss {bare[0].history['loss'][-1]:.4f}>")
    assert "['epoch', 'loss', 'learning_rate', 'seconds', 'samples_per_second'] None adam True" in out


def test_its_arrays_are_those_of_the_net(bare):
    run, model = bare
    x = run.data.inputs(run.split.test)
    logits = model.predict(x, verbose=0)
    hidden = keras.Model(model.inputs, model.get_layer("hidden").output).predict(x, verbose=0)
    np.testing.assert_allclose(run.activations("hidden"), hidden, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(run.activations("out"), logits, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(run.predictions(), keras.ops.softmax(logits), atol=1e-5)
    for mine, kept in zip(model.get_weights(), run.model().get_weights(), strict=True):
        np.testing.assert_array_equal(mine, kept)
    assert run.test["accuracy"] == pytest.approx(np.mean(logits.argmax(1) == run.labels()))
    assert np.trace(run.confusion()) == np.sum(logits.argmax(1) == run.labels())


@pytest.mark.exhaustive
def test_every_view_works_on_it(bare, tmp_path):
    run = bare[0]
    assert len(run.history.plot().axes) == 1
    embedding = run.embed("hidden", split="test", method="pca", progress=False)
    np.testing.assert_array_equal(embedding.predicted, run.predictions().argmax(1)[_positions(run, embedding.ids)])
    assert [r.name for r in run.layers()] == ["hidden", "out"]
    assert {f.kind for f in run.findings()} >= {"overfitting", "confusion", "test-gap"}
    assert 0 < run.mistakes(5).confidence[0] <= 1
    page = run.report(tmp_path / "report.html", progress=False).read_text()
    assert "None" not in page.split("<script")[0]


def _positions(run, ids):
    """Where some samples stand in the test split."""
    places = {name: position for position, name in enumerate(run.split.test.names())}
    return [places[name] for name in ids.names()]


def test_commands_leave_out_what_was_not_measured(bare, capsys):
    run = bare[0]
    shown = printed(capsys, "show", str(run.path))
    assert f"{run.history['loss'][-1]:.4f}" in shown
    assert not {"Accuracy", "Val", "None"} & set(shown.partition("Test cross-entropy")[0].split())
    assert not any(line.strip().startswith("Test accuracy") for line in shown.splitlines()), "the verdict has said it"
    answer = json.loads(printed(capsys, "show", str(run.path), "--json"))
    assert answer["history"] == run.history.rows
    assert answer["test"] == run.test


@pytest.mark.exhaustive
def test_a_fit_that_diverged_is_said_and_drawn(diverged, capsys):
    assert diverged.history["loss"][-1] is None
    assert diverged.test is None
    assert "loss" not in repr(diverged.history).split("last:")[1].split("accuracy")[0]
    assert diverged.history.turned is None
    assert np.isnan(diverged.history.plot().axes[0].get_lines()[0].get_ydata()[-1])
    assert "accuracy" not in repr(diverged)
    assert "Loss" in printed(capsys, "show", str(diverged.path))
    assert json.loads(printed(capsys, "show", str(diverged.path), "--json"))["test"] is None
    finding = diverged.findings()[0]
    assert finding.kind == "divergence"
    assert finding.title in diverged.report(progress=False).read_text()
