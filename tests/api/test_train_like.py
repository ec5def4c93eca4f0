"""A run can be trained again by its run.json, to the same bytes."""

import json
import shutil

import keras
import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.errors import ConfigError, DataError, ModelError, RunError, UsageError
from tests.ready_runs import record_untrained

SETTINGS = {"epochs": 12, "batch_size": 64, "optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.2, "seed": 5}
SETTINGS |= {"schedule": "one-cycle", "patience": 1, "class_weight": "balanced", "validation": 0.3}


def left(run):
    """Everything that a training leaves but its times: files, arrays and position of the checkpoint, history."""
    found = [p for folder in ("snapshots", "predictions") for p in sorted((run.path / folder).iterdir())]
    files = {str(path.relative_to(run.path)): path.read_bytes() for path in found}
    tensors, position = run.folder.checkpoint()
    arrays = {name: (value.dtype, value.shape, value.tobytes()) for name, value in tensors.items()}
    rows = [untimed(row) for row in run.history.rows]
    return files, arrays, {**untimed(position), "row": untimed(position["row"])}, rows


def untimed(record):
    return {name: value for name, value in record.items() if name not in ("seconds", "samples_per_second")}


def manifest(run):
    record = json.loads((run.path / "run.json").read_text())
    return {key: value for key, value in record.items() if key not in ("name", "created", "cost", "like")}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Early stopping, one-cycle, dropout, class weights."""
    runs = tmp_path_factory.mktemp("like")
    made = ct.train(ct.mlp((32, 16), dropout=0.1), "digits", runs=runs, progress=False, **SETTINGS)
    assert len(made.history) < 12, "early stopping is part of the test"
    return made


def test_a_run_trained_again_has_the_same_bytes(run, tmp_path):
    again = ct.train_like(run.path, runs=tmp_path, progress=False)
    assert again.path.parent == tmp_path
    assert json.loads((again.path / "run.json").read_text())["like"] == {"run": run.path.name, "ignore": []}
    assert manifest(again) == manifest(run)
    assert left(again) == left(run)


def test_settings_beside_it_change_single_ones(run, tmp_path):
    again = ct.train_like(run, runs=tmp_path, progress=False, epochs=2, class_weight=None, patience=None)
    assert again.config == {**run.config, "epochs": 2, "class_weight": None, "patience": None}
    assert manifest(again)["split"] == manifest(run)["split"]
    other = ct.train_like(run, runs=tmp_path, progress=False, epochs=1, seed=6, class_weight={0: 2.0})
    straight = ct.train(
        *(ct.mlp((32, 16), dropout=0.1), "digits"),
        **{**SETTINGS, "seed": 6, "epochs": 1, "class_weight": {0: 2.0}},
        runs=tmp_path,
        progress=False,
    )
    assert manifest(other) == manifest(straight)
    assert left(other) == left(straight)


@pytest.mark.exhaustive
def test_another_optimizer_takes_its_own_rate_and_no_momentum(run, tmp_path):
    again = ct.train_like(run, runs=tmp_path, progress=False, epochs=1, optimizer="adam")
    assert (again.config["learning_rate"], again.config["momentum"]) == (0.001, 0.0)


def test_a_branch_begins_with_the_weights_after_an_epoch(run, tmp_path):
    branch = ct.train_like(run, from_epoch=2, runs=tmp_path, progress=False, epochs=1)
    first, given = branch.folder.snapshot(0), run.folder.snapshot(2)
    assert all(np.array_equal(first[name], given[name]) for name in given)
    assert manifest(branch)["first_weights"] == "as the model had them"
    assert manifest(branch)["split"] == manifest(run)["split"]
    again = ct.train_like(branch, runs=tmp_path, progress=False)
    assert left(again) == left(branch)
    with pytest.raises(UsageError):
        ct.train_like(run, from_epoch=99, runs=tmp_path, progress=False)


@pytest.mark.exhaustive
def test_first_weights_that_came_with_the_model_are_those_of_the_first_snapshot(run, tmp_path):
    model = run.model()
    first = ct.train(model, "digits", epochs=1, seed=1, runs=tmp_path, progress=False)
    again = ct.train_like(first, runs=tmp_path, progress=False)
    assert manifest(again)["first_weights"] == "as the model had them"
    assert left(again) == left(first)
    drawn = ct.train_like(run, runs=tmp_path, progress=False, epochs=1)
    before = drawn.folder.snapshot(0)["dense_1/kernel"]
    assert not np.array_equal(first.folder.snapshot(0)["dense_1/kernel"], before)


def arrays():
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 300)
    return generator.normal(size=(300, 5)).astype("float32") + y[:, None], y


@pytest.mark.exhaustive
def test_arrays_and_sample_weights_are_given_again(tmp_path):
    x, y = arrays()
    weight = np.linspace(0, 2, 300)
    entry = keras.Input((5,))
    hidden = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(8, activation="relu", name="h")(entry))
    model = keras.Model(entry, keras.layers.Dense(3, activation="softmax", name="out")(hidden))
    made = ct.train(model, x, y, sample_weight=weight, epochs=2, runs=tmp_path, progress=False)
    assert made.context.train_like("here") == 'cutaway.train_like("here", data=..., sample_weight=...)'
    with pytest.raises(DataError):
        ct.train_like(made.path, sample_weight=weight, progress=False)
    data = ct.Dataset.from_arrays(x, y)
    with pytest.raises(UsageError):
        ct.train_like(made.path, data=data, progress=False)
    with pytest.raises(DataError):
        ct.train_like(made.path, data=ct.Dataset.from_arrays(x + 1, y), progress=False)
    again = ct.train_like(made.path, data=data, sample_weight=weight, runs=tmp_path, progress=False)
    assert manifest(again) == manifest(made)
    assert left(again) == left(made)


@pytest.fixture(scope="module")
def loans(tmp_path_factory):
    """A run on a table of which one column tells the class and the others nothing, one of which is text."""
    folder, random = tmp_path_factory.mktemp("loans"), np.random.default_rng(0)
    late, noise, city = random.integers(0, 4, 400), random.normal(size=400), random.choice(["Graz", "Linz"], 400)
    label = np.where(late + random.normal(size=400) > 2, "yes", "no")
    rows = [f"{a},{b:.9f},{b**2:.9f},{c},{d}" for a, b, c, d in zip(late, noise, city, label, strict=True)]
    (folder / "loans.csv").write_text("late,noise,square,city,label\n" + "\n".join(rows) + "\n")
    table = ct.load_dataset(folder / "loans.csv", label="label")
    with pytest.warns(ct.CutawayWarning, match="late"):  # which tells most of the answer
        return ct.train(ct.mlp((8,)), table, epochs=20, runs=folder, progress=False)


def test_columns_are_left_out_as_if_the_table_had_been_loaded_without_them(loans, tmp_path):
    without = ct.train_like(loans, ignore=["late"], runs=tmp_path, progress=False)
    table = ct.load_dataset(loans.path.parent / "loans.csv", label="label", ignore=["late"])
    straight = ct.train(ct.mlp((8,)), table, epochs=20, runs=tmp_path, progress=False)
    assert manifest(without) == manifest(straight)
    assert left(without) == left(straight)
    assert manifest(without)["split"] == manifest(loans)["split"]
    assert without.folder.called == "loans without late: one hidden layer of 8"
    found = ct.compare(loans.path, ct.open_run(without.path).path)  # with data that are loaded again
    assert found.measures.accuracy_difference < -0.1


@pytest.mark.exhaustive
def test_columns_are_left_out_with_the_labels_that_a_person_corrected(loans, tmp_path):
    name = loans.split.train.names()[0]
    other = "no" if loans.context.class_names[int(loans.data.y(loans.split.train)[0])] == "yes" else "yes"
    decided = ct.train_like(loans, labels=[ct.Decision(name, "relabel", other)], runs=tmp_path, progress=False)
    without = ct.train_like(decided.path, ignore=["city"], runs=tmp_path, progress=False)
    assert manifest(without)["dataset"]["relabeled"] == manifest(decided)["dataset"]["relabeled"] != {}
    assert manifest(without)["split"] == manifest(decided)["split"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"ignore": ["lat"]}, '"lat".*late'),
        ({"ignore": ["label"]}, '"label"'),
        ({"ignore": 5}, "ignore"),
        ({"ignore": b"late"}, "ignore"),
        ({"ignore": ["late", "noise", "square", "city"]}, "none left"),
        ({"ignore": "late"}, "ignore"),
        ({"ignore": ["late"], "from_epoch": 1}, "weights"),
    ],
)
def test_columns_that_cannot_be_left_out_are_said(loans, tmp_path, given, named):
    with pytest.raises(ct.CutawayError, match=named):
        ct.train_like(loans, **given, runs=tmp_path, progress=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.exhaustive
def test_names_of_columns_come_in_any_list_and_count_once(loans, tmp_path):
    settings = {"runs": tmp_path, "progress": False, "epochs": 1}
    for ignore in (np.array(["city", "city"]), (name for name in ["city"]), {"city": 1}):
        without = ct.train_like(loans, ignore=ignore, **settings)
        assert without.context.manifest.like.ignore == ("city",)
    with pytest.raises(ct.CutawayError):
        ct.train_like(without, ignore=["city"], **settings)


@pytest.mark.exhaustive
def test_columns_that_were_left_out_stay_out_of_a_table_that_is_passed_again(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(300, 3)), columns=["a", "b", "c"])
    frame["label"] = np.where(frame["a"] + random.normal(size=300) > 0, "yes", "no")
    whole = ct.load_dataset(frame, label="label")
    settings = {"runs": tmp_path, "progress": False}
    first = ct.train(ct.mlp((8,)), whole, epochs=2, **settings)
    without = ct.train_like(first, ignore=["b"], **settings)

    def used(run):
        return [column.name for column in run.context.loaded.columns if column.use == "feature"]

    again = ct.train_like(without.path, data=whole, **settings)
    assert used(again) == ["a", "c"]
    assert left(again) == left(without)
    assert used(ct.train_like(without.path, data=whole, seed=3, **settings)) == ["a", "c"]
    assert used(ct.train_like(without.path, data=whole, ignore=["c"], **settings)) == ["a"]
    with pytest.raises(ct.CutawayError):
        ct.train_like(without.path, data=whole, ignore=["b"], **settings)


def test_of_images_no_columns_are_left_out(digits_run, tmp_path):
    with pytest.raises(UsageError):
        ct.train_like(digits_run, ignore=["x"], runs=tmp_path, progress=False)


def test_what_cannot_be_trained_again_is_refused(digits_run, copied_run, tmp_path):
    recorded = record_untrained(ct.Dataset.from_arrays(*arrays()), tmp_path)
    fit = copied_run("digits").path
    record = json.loads((fit / "run.json").read_text())
    (fit / "run.json").write_text(json.dumps({**record, "origin": "keras fit"}))
    for made in (fit, recorded):
        with pytest.raises(UsageError):
            ct.train_like(made, runs=tmp_path, progress=False)
    assert recorded.context.train_like() is None
    with pytest.raises(ConfigError, match="learning_rate"):
        ct.train_like(digits_run, lr=0.1, progress=False)


def test_a_setting_that_is_missing_is_not_replaced_by_a_default(run, tmp_path):
    record = json.loads((run.path / "run.json").read_text())
    del record["config"]["momentum"]
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match='"momentum"'):
        ct.train_like(folder, progress=False)


def test_other_versions_are_told(run, tmp_path, monkeypatch):
    record = json.loads((run.path / "run.json").read_text())
    record["versions"]["jax"], record["config"]["epochs"] = "0.0.1", 1
    folder = tmp_path / "older"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.warns(ct.CutawayWarning, match=r"jax 0\.0\.1 "):
        ct.train_like(folder, runs=tmp_path, progress=False)


def test_layers_of_another_size_than_the_weights_are_refused_before_memory_is_taken(run, tmp_path):
    folder = shutil.copytree(run.path, tmp_path / "damaged")
    record = json.loads((folder / "run.json").read_text())
    record["model"]["layers"][0]["config"]["units"] = 16_000_000
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(ModelError, match="16000000"):
        ct.train_like(folder, progress=False)
