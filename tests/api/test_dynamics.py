"""How the samples of a run were learned: recorded predictions compared with a loop, and every way to show them."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.errors import RunError, UnknownNameError, UsageError


@pytest.fixture(scope="module")
def found(digits_run):
    return digits_run.dynamics()


def test_each_sample_is_judged_by_what_was_recorded_of_it(digits_run, found):
    epochs = np.stack([digits_run.folder.predictions(epoch) for epoch in range(1, 7)]).astype(np.float64)
    labels = digits_run.labels(split="all")
    assert found.epochs == (1, 2, 3, 4, 5, 6)
    assert (found.predictions, found.split, len(found)) == ("recorded", "all", 1797)
    given = epochs[:, np.arange(1797), labels]
    right = epochs.argmax(axis=2) == labels
    np.testing.assert_allclose(found.measures.confidence, given.mean(axis=0))
    np.testing.assert_allclose(found.measures.variability, given.std(axis=0), atol=1e-12)
    np.testing.assert_array_equal(found.measures.forgotten, (right[:-1] & ~right[1:]).sum(axis=0))
    first = np.where(right.any(axis=0), right.argmax(axis=0) + 1, -1)
    np.testing.assert_array_equal(found.measures.first_learned, first)
    assert 0 < found.measures.never_learned.sum() < 100
    np.testing.assert_array_equal(found.measures.predicted, epochs[-1].argmax(axis=1))


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_split_has_its_part_of_all(digits_run, found, split):
    part = digits_run.dynamics(split=split)
    here = found.take(found.parts == ("train", "val", "test").index(split))
    assert part.ids.names() == here.ids.names() == digits_run.split.part(split).names()
    np.testing.assert_array_equal(part.measures.area_under_margin, here.measures.area_under_margin)
    np.testing.assert_array_equal(part.parts, here.parts)
    np.testing.assert_array_equal(part.labels, digits_run.labels(split=split))


def test_computed_predictions_of_other_samples_are_those_recorded(digits_run, found):
    computed = digits_run.dynamics(split="test", predictions="computed")
    recorded = digits_run.dynamics(split="test")
    assert computed.predictions == "computed"
    np.testing.assert_allclose(computed.measures.confidence, recorded.measures.confidence, atol=2e-3)
    trained = digits_run.dynamics(split="train", predictions="computed").measures.confidence
    assert trained.mean() > found.measures.confidence[found.parts == 0].mean(), "without dropout, and after the epoch"


def test_the_table_and_its_order(digits_run, found):
    table = found.hardest(5).to_pandas()
    assert list(table["area_under_margin"]) == sorted(found.measures.area_under_margin)[:5]
    assert table["first_learned"].dtype == "Int64"
    assert set(table["difficulty"]) <= {"easy", "ambiguous", "hard"}
    never = found.hardest(sort="first_learned").take([0]).to_pandas().iloc[0]
    assert pd.isna(never["first_learned"])
    assert never["correctness"] == 0
    names = dict(zip(digits_run.split.part("all").names(), digits_run.labels(split="all"), strict=True))
    assert all(row.label == str(names[row.sample]) for row in table.itertuples())
    with pytest.raises(UnknownNameError):
        found.hardest(sort="size")
    with pytest.raises(UsageError):
        found.hardest(0)


def test_it_is_drawn_as_a_data_map(found):
    (axes,) = found.plot().axes
    drawn = sum(len(points.get_offsets()) for points in axes.collections)
    assert drawn == 1797


def test_where_nothing_was_recorded_the_snapshots_answer(digits_run, tmp_path):
    shutil.copytree(digits_run.path, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "predictions")
    run = ct.open_run(tmp_path / "run")
    found = run.dynamics(split="val")
    assert (found.predictions, found.epochs) == ("computed", (1, 2, 3, 4, 5, 6))
    with pytest.raises(RunError):
        run.dynamics(split="val", predictions="recorded")
    (tmp_path / "run" / "predictions").mkdir()
    shutil.copy(digits_run.path / "predictions" / "epoch-0002.npy", tmp_path / "run" / "predictions")
    assert run.dynamics().epochs == (2,)
    np.save(tmp_path / "run" / "predictions" / "epoch-0002.npy", np.zeros((4, 10), np.float16))
    with pytest.raises(RunError):
        run.dynamics()


def test_of_a_fit_of_ones_own_samples_without_recorded_predictions_are_computed(copied_run, tmp_path):
    run = copied_run("digits")
    for file in (run.path / "predictions").iterdir():
        recorded = np.load(file)
        recorded[: len(run.split.train)] = np.nan  # which a recorder of Keras' fit does not keep
        np.save(file, recorded)
    run = ct.open_run(run.path)
    assert run.dynamics(split="test").predictions == "recorded"
    assert run.dynamics().predictions == "computed"
    record = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps(record | {"model": None}))
    unopened = ct.open_run(run.path)
    assert (unopened.dynamics().split, unopened.dynamics().predictions) == ("test", "recorded")
    recorded = ct.record(run.model(), "digits", runs=tmp_path / "runs", progress=False)
    with pytest.raises(RunError):
        recorded.dynamics()
