"""What a training learns from: the changed images of its epoch, and no others."""

import base64
import io
import json
import re
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import cutaway as ct
from cutaway.augmentation import as_augmentation
from cutaway.errors import CutawayWarning, DataError, UsageError

STEP = {"epochs": 1, "batch_size": 10_000, "optimizer": "sgd", "learning_rate": 0.5, "label_smoothing": 0.0}
CHANGES = "rotation=20, elastic=0.03, flip=horizontal"


@pytest.mark.filterwarnings("ignore:augmentation may change")
def test_a_step_is_the_gradient_of_the_changed_images(tmp_path):
    """One step of softmax regression, by hand."""
    settings = {**STEP, "schedule": "constant", "precision": "float32", "seed": 4}
    run = ct.train(ct.mlp(()), "digits", augment=CHANGES, runs=tmp_path, progress=False, **settings)
    train = run.split.train
    x = as_augmentation(CHANGES).rows(run.data.x(train), seed=4, epoch=1)[np.arange(len(train))]
    x = x.reshape(len(train), -1).astype(np.float64) / run.data.scale
    (kernel, bias), (kernel_after, bias_after) = (run.model(epoch).get_weights() for epoch in (0, 1))
    scores = np.exp(x @ kernel + bias)
    error = scores / scores.sum(axis=1, keepdims=True) - np.eye(10)[run.data.y(train)]
    np.testing.assert_allclose(kernel_after, kernel - 0.5 * x.T @ error / len(x), atol=2e-5)
    np.testing.assert_allclose(bias_after, bias - 0.5 * error.mean(axis=0), atol=2e-5)


def test_validation_and_test_samples_are_not_changed(tmp_path):
    run = ct.train(ct.mlp((16,)), "digits", augment="characters", epochs=2, runs=tmp_path, progress=False)
    for split in ("val", "test"):
        ids = run.split.part(split)
        right = run.predict(run.data.x(ids)).argmax(axis=1) == run.data.y(ids)
        measured = run.history.rows[-1]["val_accuracy"] if split == "val" else run.test["accuracy"]
        assert right.mean() == pytest.approx(measured, abs=1e-6)


def test_the_report_shows_images_as_they_were_learned_from(tmp_path):
    run = ct.train(ct.mlp((16,)), "digits", augment="characters", epochs=2, runs=tmp_path, progress=False, seed=3)
    html = run.report(tmp_path / "report.html", progress=False).read_text()
    section = html[html.index('id="augmented"') : html.index('id="settings"')]
    assert "shift=0.05, rotation=11, scale=0.15, shear=0.15, elastic=0.02" in section
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', section)
    assert len(pictures) == 6 * 3
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(pictures[2]))).convert("L"))[::10, ::10]
    ids = run.split.train
    name = re.search(r"(sample\[\d+\]), epoch 2", section)[1]
    number = ids.names().index(name) if name in ids.names() else run.context.named(ids).names().index(name)
    second = as_augmentation("characters").rows(run.data.x(ids), seed=3, epoch=2)[np.array([number])]
    np.testing.assert_allclose(shown, 255 / 16 * second[0], atol=1)
    classes = {int(run.data.y(ids.take([number]))[0])}
    for other in re.findall(r"(sample\[\d+\]), epoch 2", section):
        classes.add(int(run.data.y(ids.take([run.context.named(ids).names().index(other)]))[0]))
    assert len(classes) == 6
    plain = ct.train(ct.mlp((16,)), "digits", epochs=1, runs=tmp_path, progress=False)
    assert 'id="augmented"' not in plain.report(tmp_path / "plain.html", progress=False).read_text()


def test_a_training_warns_and_a_table_is_refused(tmp_path):
    settings = {"epochs": 1, "progress": False, "runs": tmp_path}
    with pytest.warns(CutawayWarning, match="nearest neighbor of [0-9]+% of 359 .*, and after flip=horizontal"):
        ct.train(ct.mlp((8,)), "digits", augment=ct.Augmentation(flip="horizontal"), **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = ct.train(ct.mlp((8,)), "digits", augment="characters", **settings)
        assert ct.train_like(run, progress=False, runs=tmp_path).config["augment"] == run.config["augment"]
        assert ct.train_like(run, augment=None, progress=False, runs=tmp_path).config["augment"] is None
    before = sorted(tmp_path.iterdir())
    with pytest.raises(
        DataError, match="augmentation changes images, .*; got samples of 7 numbers; next: pass augment=.none."
    ):
        ct.train(ct.mlp((8,)), np.zeros((40, 7)), np.arange(40) % 2, augment="photos", **settings)
    assert sorted(tmp_path.iterdir()) == before


def test_an_estimator_augments_pictures():
    x = np.random.default_rng(0).integers(0, 256, (200, 12, 12, 3), np.uint8)
    found = ct.Classifier((8,), augment="photos", epochs=1).fit(x, np.arange(200) % 2)
    assert found.run_.config["augment"] == "shift=0.05, rotation=10, crop=0.2, flip=horizontal, brightness=0.2"


@pytest.fixture(scope="module")
def augmented(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    return ct.train(ct.mlp((16,)), "digits", augment="characters", epochs=3, runs=runs, progress=False)


def test_what_was_forgotten_is_told_by_images_as_they_are(augmented):
    auto, computed, recorded = (
        augmented.dynamics(split="train", predictions=name) for name in ("auto", "computed", "recorded")
    )
    assert auto.predictions == "computed"
    np.testing.assert_array_equal(auto.measures.forgotten, computed.measures.forgotten)
    assert (recorded.measures.forgotten != computed.measures.forgotten).any()
    assert "after images were changed at random" in str(recorded.tables()[0].notes)
    assert augmented.dynamics(split="test").predictions == "recorded"


def test_labels_are_judged_by_models_that_learn_from_changed_images(augmented, tmp_path):
    plain = ct.train_like(augmented, augment=None, runs=tmp_path, progress=False)
    judged = [run.label_issues(folds=2, progress=False).to_pandas() for run in (augmented, plain)]
    assert all(len(table) for table in judged)
    assert not judged[0].equals(judged[1])


def test_a_sweep_takes_augmentations_in_every_spelling(tmp_path):
    space = {"augment": [None, ct.Augmentation(rotation=5)], "hidden": [[8]]}
    settings = {"trials": 2, "epochs": 1, "runs": tmp_path, "progress": False}
    tried = ct.sweep("digits", space=space, name="choices", **{**settings, "trials": 5})
    assert set(tried.to_pandas()["augment"].dropna()) == {"none", "rotation=5"}
    shifted = ct.Augmentation(shift=0.1)
    ct.sweep("digits", space={"hidden": [[8], [16]]}, augment=shifted, name="fixed", **settings)
    trials = [json.loads(path.read_text()) for path in (tmp_path / "sweep-fixed").rglob("run.json")]
    assert [record["config"]["augment"] for record in trials] == ["shift=0.1"] * 2
    with pytest.raises(UsageError, match="in the space of augment"):
        ct.sweep("digits", space={"augment": ["none", "charcters"]}, **settings)
    same = ["characters", str(as_augmentation("characters"))]
    with pytest.raises(UsageError, match="different values"):
        ct.sweep("digits", space={"augment": same}, **settings)
    table = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0) % 7})
    choices = {"augment": ["none", "photos"]}
    with pytest.raises(DataError, match="augmentation changes images"):
        ct.sweep(table, np.arange(60) % 2, space=choices, name="table", **settings)
    assert not (tmp_path / "sweep-table").exists()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"augment": "evil"}, "augment"),
        ({"augment": "rotation=500"}, "augment"),
        ({"seed": -5}, "seed"),
    ],
)
def test_a_damaged_config_costs_one_section(augmented, tmp_path, config, said):
    copied = tmp_path / augmented.path.name
    shutil.copytree(augmented.path, copied)
    record = json.loads((copied / "run.json").read_text())
    record["config"] |= config
    (copied / "run.json").write_text(json.dumps(record))
    html = ct.open_run(copied).report(tmp_path / "report.html", progress=False).read_text()
    section = html[html.index('id="augmented"') : html.index('id="settings"')]
    assert "This section could not be made: " in section
    assert said in section


def test_a_table_with_the_augmentation_of_images_is_refused_in_one_line(tmp_path):
    run = ct.train(
        ct.mlp((8,)),
        np.random.default_rng(0).normal(size=(60, 7)),
        np.arange(60) % 2,
        epochs=1,
        runs=tmp_path,
        progress=False,
    )
    record = json.loads((run.path / "run.json").read_text())
    record["config"]["augment"] = "characters"
    (run.path / "run.json").write_text(json.dumps(record))
    again = ct.open_run(run.path, data=run.data)
    html = again.report(tmp_path / "report.html", progress=False).read_text()
    assert "augmentation changes images" in html[html.index('id="augmented"') :]
    with pytest.raises(DataError, match="augmentation changes images"):
        ct.train_like(again, runs=tmp_path, progress=False)
