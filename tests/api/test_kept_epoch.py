"""One kept epoch: with early stopping it is not the last one, and every number is of it."""

import dataclasses
import json
import re
import shutil

import keras
import numpy as np
import pytest

import cutaway as ct
from cutaway.api.documents import run_document
from cutaway.cli import main
from cutaway.progress import ignore_progress
from cutaway.report import report_html
from cutaway.runs import RunSummary
from cutaway.topics.comparison.section import answer


@pytest.fixture(scope="module")
def trained(digits_run, tmp_path_factory):
    """The run on the digits as if its fourth epoch had been the best one."""
    path = shutil.copytree(digits_run.path, tmp_path_factory.mktemp("kept") / "run")
    record = json.loads((path / "run.json").read_text())
    p, y = digits_run.predictions(epoch=4), digits_run.labels()
    test = {"accuracy": float((p.argmax(axis=1) == y).mean()), "cross_entropy": float(-np.log(p[range(360), y]).mean())}
    record |= {"kept_epoch": 4, "best_epoch": 4, "test": record["test"] | test}
    (path / "run.json").write_text(json.dumps(record))
    return ct.open_run(path)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("recorded") / "run"
    data = ct.load_dataset("digits")
    recorder = ct.Recorder(path, data)
    train, val = recorder.split.train, recorder.split.val
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((64,)), *(keras.layers.Dense(128, "relu") for _ in range(2))])
    model.add(keras.layers.Dense(10, "softmax"))
    model.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy", metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    held = (data.inputs(val), data.y(val))
    model.fit(data.inputs(train), data.y(train), validation_data=held, epochs=40, verbose=0, callbacks=[stop, recorder])
    return ct.open_run(path, data=data)


@pytest.fixture(params=["trained", pytest.param("recorded", marks=pytest.mark.exhaustive)])
def run(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def kept(run):
    epoch = run.context.manifest.kept_epoch
    assert epoch < len(run.history), "early stopping kept an earlier epoch"
    return epoch


@pytest.mark.exhaustive
def test_the_model_in_hand_is_that_of_the_kept_epoch(run, kept, tmp_path):
    weights = run.folder.snapshot(kept)
    for layer in run.model().layers:
        for weight in layer.weights:
            np.testing.assert_array_equal(np.asarray(weight.value), weights[f"{layer.name}/{weight.name}"])
    exported = keras.saving.load_model(ct.export(run, tmp_path / "model.keras"))
    x = run.data.x(run.split.test)  # an exported model takes raw samples
    np.testing.assert_allclose(exported.predict(x, verbose=0), run.predictions(epoch=kept), atol=1e-5)
    np.testing.assert_array_equal(run.confusion(), run.confusion(epoch=kept))
    assert not np.array_equal(run.predictions(), run.predictions(epoch=-1))
    assert run.test["accuracy"] == pytest.approx(np.trace(run.confusion()) / len(run.split.test))
    assert run.units(progress=False).epoch == kept
    history = run.layer_history(epochs=[0, kept, -1], progress=False)
    np.testing.assert_array_equal(history.cka(), history.cka(kept))


def test_documents_and_findings_are_of_the_kept_epoch(run, kept):
    row = run.history.rows[kept - 1]
    assert RunSummary.of(run.folder).val_accuracy == row["val_accuracy"]
    assert run_document(run)["kept_epoch"] == kept
    findings = {finding.kind: finding for finding in run.findings()}
    assert findings["test-gap"].evidence["val_accuracy"] == row["val_accuracy"]
    if "overfitting" in findings:
        assert findings["overfitting"].evidence["kept_epoch"] == kept


@pytest.mark.exhaustive
def test_the_report_is_of_the_kept_epoch(run, kept):
    html = report_html(run.context, on_progress=ignore_progress)
    assert f"After epoch {kept}, a linear classifier" in html
    knowledge = html[html.index('id="knowledge-title"') :].partition("</section>")[0]
    epochs = set(re.findall(r"<td[^>]*>(\d+)</td>", knowledge))
    assert str(kept) in epochs
    explorer = html[html.index('<section id="explore"') : html.index('<section id="findings"')]
    assert f"after epoch {kept} is embedded first" in explorer


def test_runs_of_different_epochs_are_compared_with_that_as_a_possible_reason(trained, capsys):
    kept, last = trained.context.manifest.kept_epoch, len(trained.history)
    found = ct.compare(trained, trained, epochs=(None, -1), progress=False)
    assert [(each.section, each.setting, each.a, each.b) for each in found.settings] == [
        ("training", "epoch", kept, last)
    ]
    said = f"different epochs, {kept} and {last}"
    assert said in answer(found, ("OWN", "OTHER")).small[-1]
    same = dataclasses.replace(found, epochs=(kept, kept))
    assert not any("different epochs" in sentence for sentence in answer(same, ("OWN", "OTHER")).small)
    with pytest.raises(SystemExit):
        main(["compare", str(trained.path), str(trained.path), "--epochs", f"{kept},{last}"])
    assert said in " ".join(capsys.readouterr().out.split())


def test_commands_show_the_kept_epoch(trained, capsys):
    kept = trained.context.manifest.kept_epoch
    with pytest.raises(SystemExit):
        main(["show", str(trained.path)])
    shown = capsys.readouterr().out
    assert f"epoch {kept}" in shown
    assert f"{trained.test['accuracy']:.1%}" in shown
    assert f"{trained.test['cross_entropy']:.4f}" in shown
    with pytest.raises(SystemExit):
        main(["runs", str(trained.path.parent), "--json"])
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["val_accuracy"] == trained.history.rows[kept - 1]["val_accuracy"]
