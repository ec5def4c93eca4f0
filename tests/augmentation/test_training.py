"""What a training learns from: the changed images of its epoch, and no others."""

import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import cutaway as ct
from cutaway.augmentation import as_augmentation
from cutaway.errors import CutawayWarning, DataError, UsageError
from cutaway.page import Text
from cutaway.progress import ignore_progress
from cutaway.report.document import make_section
from cutaway.topics.common.source import ReportSource

STEP = {"epochs": 1, "batch_size": 10_000, "optimizer": "sgd", "learning_rate": 0.5, "label_smoothing": 0.0}
CHANGES = "rotation=20, elastic=0.03, flip=horizontal"


@pytest.fixture(scope="module")
def augmented(tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    return ct.train(ct.mlp((16,)), "digits", augment="characters", epochs=2, seed=3, runs=runs, progress=False)


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


def test_validation_and_test_samples_are_not_changed(augmented):
    for split in ("val", "test"):
        ids = augmented.split.part(split)
        right = augmented.predict(augmented.data.x(ids)).argmax(axis=1) == augmented.data.y(ids)
        measured = augmented.history.rows[-1]["val_accuracy"] if split == "val" else augmented.test["accuracy"]
        assert right.mean() == pytest.approx(measured, abs=1e-6)


def section_of(run):
    return make_section(ReportSource(run.context, ignore_progress), "augmented")


def test_the_report_shows_images_as_they_were_learned_from(augmented, digits_run):
    section, ids = section_of(augmented), augmented.context.named(augmented.split.train)
    assert augmented.config["augment"] in section.lead
    assert [len(card.images) for card in section.cards] == [3] * 6
    numbers = np.array([ids.names().index(card.title) for card in section.cards])
    second = as_augmentation("characters").rows(augmented.data.x(augmented.split.train), seed=3, epoch=2)[numbers]
    for card, expected in zip(section.cards, second, strict=True):
        shown = np.asarray(Image.open(io.BytesIO(card.images[2].png)).convert("L"))[::10, ::10]
        np.testing.assert_allclose(shown, 255 / 16 * expected, atol=1)
    assert len(set(augmented.data.y(augmented.split.train)[numbers])) == 6
    assert section_of(digits_run) is None


def test_a_training_warns_and_a_table_is_refused(augmented, tmp_path):
    settings = {"epochs": 1, "progress": False, "runs": tmp_path}
    with pytest.warns(CutawayWarning):
        mirrored = ct.train(ct.mlp((8,)), "digits", augment=ct.Augmentation(flip="horizontal"), **settings)
    kinds = [[each.kind for each in run.findings() if each.severity == "warning"] for run in (mirrored, augmented)]
    assert ["class-changing-augmentation" in each for each in kinds] == [True, False]
    again, plain = (ct.train_like(augmented, **more, progress=False, runs=tmp_path) for more in ({}, {"augment": None}))
    assert again.config["augment"] == augmented.config["augment"]
    assert plain.config["augment"] is None
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError):
        ct.train(ct.mlp((8,)), np.zeros((40, 7)), np.arange(40) % 2, augment="photos", **settings)
    assert sorted(tmp_path.iterdir()) == before


def test_an_estimator_augments_images():
    x = np.random.default_rng(0).integers(0, 256, (200, 12, 12, 3), np.uint8)
    found = ct.Classifier((8,), augment="photos", epochs=1).fit(x, np.arange(200) % 2)
    assert found.run_.config["augment"] == "shift=0.05, rotation=10, crop=0.2, flip=horizontal, brightness=0.2"


def test_what_was_forgotten_is_told_by_images_as_they_are(augmented):
    auto, computed, recorded = (
        augmented.dynamics(split="train", predictions=name) for name in ("auto", "computed", "recorded")
    )
    assert auto.predictions == "computed"
    np.testing.assert_array_equal(auto.measures.forgotten, computed.measures.forgotten)
    assert (recorded.measures.forgotten != computed.measures.forgotten).any()
    assert len(recorded.tables()[0].notes) > len(computed.tables()[0].notes)
    assert augmented.dynamics(split="test").predictions == "recorded"


@pytest.mark.exhaustive
def test_labels_are_judged_by_models_that_learn_from_changed_images(augmented, tmp_path):
    plain = ct.train_like(augmented, augment=None, runs=tmp_path, progress=False)
    judged = [run.label_issues(folds=2, progress=False).to_pandas() for run in (augmented, plain)]
    assert all(len(table) for table in judged)
    assert not judged[0].equals(judged[1])


@pytest.mark.exhaustive
def test_a_sweep_takes_augmentations_in_every_spelling(tmp_path):
    space = {"augment": [None, ct.Augmentation(rotation=5)], "hidden": [[8]]}
    settings = {"trials": 2, "epochs": 1, "runs": tmp_path, "progress": False}
    tried = ct.sweep("digits", space=space, name="choices", **{**settings, "trials": 5})
    assert set(tried.to_pandas()["augment"].dropna()) == {"none", "rotation=5"}
    shifted = ct.Augmentation(shift=0.1)
    ct.sweep("digits", space={"hidden": [[8], [16]]}, augment=shifted, name="fixed", **settings)
    trials = [json.loads(path.read_text()) for path in (tmp_path / "sweep-fixed").rglob("run.json")]
    assert [record["config"]["augment"] for record in trials] == ["shift=0.1"] * 2


def test_a_sweep_refuses_augmentations_that_are_none(tmp_path):
    settings = {"trials": 2, "epochs": 1, "runs": tmp_path, "progress": False}
    with pytest.raises(UsageError):
        ct.sweep("digits", space={"augment": ["none", "charcters"]}, **settings)
    same = ["characters", str(as_augmentation("characters"))]
    with pytest.raises(UsageError):
        ct.sweep("digits", space={"augment": same}, **settings)
    table = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0) % 7})
    choices = {"augment": ["none", "photos"]}
    with pytest.raises(DataError):
        ct.sweep(table, np.arange(60) % 2, space=choices, name="table", **settings)
    assert not (tmp_path / "sweep-table").exists()


@pytest.mark.parametrize("config", [{"augment": "evil"}, {"augment": "rotation=500"}, {"seed": -5}])
def test_a_damaged_config_costs_one_section(augmented, tmp_path, config):
    copied = tmp_path / augmented.path.name
    shutil.copytree(augmented.path, copied)
    record = json.loads((copied / "run.json").read_text())
    record["config"] |= config
    (copied / "run.json").write_text(json.dumps(record))
    assert isinstance(section_of(ct.open_run(copied)), Text), "which says why"


def test_a_table_with_the_augmentation_of_images_is_refused(copied_run, tmp_path):
    run = copied_run("wine")
    record = json.loads((run.path / "run.json").read_text())
    record["config"]["augment"] = "characters"
    (run.path / "run.json").write_text(json.dumps(record))
    again = ct.open_run(run.path)
    assert isinstance(section_of(again), Text)
    with pytest.raises(DataError):
        ct.train_like(again, runs=tmp_path, progress=False)
