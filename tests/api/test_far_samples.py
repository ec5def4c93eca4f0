"""Samples far from everything that a model was trained on are said; ordinary ones are not."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.topics.prediction import shift
from cutaway.topics.prediction.options import PredictionOptions
from cutaway.topics.prediction.prediction import predictions
from tests.ready_runs import record_untrained

pytestmark = pytest.mark.slow


@pytest.fixture
def wine(copied_run):
    return copied_run("wine")


def test_ordinary_samples_are_not_far(wine, digits_run):
    for run in (wine, digits_run):
        for split in ("val", "test"):
            given = run.data.x(run.split.part(split)) if run is digits_run else _rows(wine, split)
            assert run.examine(given, nearest=0, explain=0).far.mean() < 0.02


def test_the_distance_is_that_to_the_nearest_training_sample(wine):
    found = wine.examine(_rows(wine, "test"), nearest=0, explain=0)
    train, test = (wine.data.inputs(wine.split.part(split)).astype(float) for split in ("train", "test"))
    apart = np.sqrt(((test[:, None] - train[None]) ** 2).sum(axis=2)).min(axis=1)
    np.testing.assert_allclose(found.distances, apart, rtol=1e-5)
    among = np.sqrt(((train[:, None] - train[None]) ** 2).sum(axis=2))
    np.fill_diagonal(among, np.inf)
    np.testing.assert_array_equal(found.far, apart > 1.2 * among.min(axis=1).max())  # 106 samples: the largest


def test_a_row_20_standard_deviations_off_is_far(wine):
    rows = _rows(wine, "test")[:13].reset_index(drop=True)
    moved = rows.copy().astype(float)
    spread = rows.std()
    for place, column in enumerate(rows.columns[:13]):
        moved.loc[place, column] += 20 * spread[column]
    for given, told in ((moved, "13 of 13 samples .* 1, 2, 3, 4, 5, ..."), (pd.concat([rows, moved[:1]]), "1 of 14 ")):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            wine.predict(given)
        assert sum(bool(re.match(told, str(warning.message))) for warning in caught) == 1


def test_rows_of_chunks_are_counted_together_and_named(wine, tmp_path):
    rows = _rows(wine, "test").astype(float)
    for number in range(2):
        rows.assign(alcohol=rows["alcohol"] + 100 * (np.arange(len(rows)) == number)).to_csv(
            tmp_path / f"{number}.csv", index=False
        )
    with (
        pytest.warns(ct.CutawayWarning, match="^2 of 72 .* 0.csv: 1, 1.csv: 2"),
        pytest.warns(ct.CutawayWarning, match='"alcohol"'),
    ):
        wine.predict([tmp_path / "0.csv", tmp_path / "1.csv"])


def test_they_are_kept_and_serve_where_the_data_are_gone(wine, monkeypatch):
    wine.examine(_rows(wine, "test"), nearest=0, explain=0)
    monkeypatch.setattr(shift, "_measure", None)  # would be an error if it were called
    rows = _rows(wine, "test").assign(alcohol=500.0)
    with pytest.warns(ct.CutawayWarning, match="^36 of 36 samples"), pytest.warns(ct.CutawayWarning, match='"alcohol"'):
        ct.open_run(wine.path).predict(rows)


def test_data_that_cannot_be_had_are_needed_only_where_the_distance_is_asked_for(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(100, 3)).astype(np.float32), np.arange(100) % 2
    run = record_untrained(ct.Dataset.from_arrays(x, y), tmp_path)
    again = ct.open_run(run.path)
    assert again.predict(x + 1000).shape == (100, 2)
    with pytest.raises(ct.CutawayError):
        again.examine(x)
    with pytest.warns(ct.CutawayWarning, match="^100 of 100 samples"):
        run.predict(x + 1000)


def test_large_data_are_read_only_if_asked_for(wine, monkeypatch, own_cache):
    monkeypatch.setattr(shift, "QUICK", 1000)
    rows = _rows(wine, "test").assign(alcohol=500.0)
    again = ct.open_run(wine.path)
    with pytest.warns(ct.CutawayWarning) as caught:
        again.predict(rows)
    assert not any(str(warning.message).startswith("36 of 36 samples") for warning in caught)
    with pytest.warns(ct.CutawayWarning, match="^36 of 36 samples"), pytest.warns(ct.CutawayWarning, match='"alcohol"'):
        assert all(part.far.all() for part in predictions(again.context, rows, PredictionOptions(distance=True)))


def test_a_few_training_samples_are_too_few(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(24, 3)).astype(np.float32), np.arange(24) % 2
    run = record_untrained(ct.Dataset.from_arrays(x, y), tmp_path)
    assert run.predict(x + 1000).shape == (24, 2)
    with pytest.raises(ct.CutawayError):
        next(predictions(run.context, x, PredictionOptions(distance=True)))
    found = run.examine(x)  # 14 training samples of 3 inputs: 5 neighbors, 3 contributions and no distance
    assert (found.distances, found.far) == (None, None)
    assert (found.nearest.names.shape, found.contributions.inputs.shape) == ((24, 5), (24, 3))


def test_what_is_shown_is_at_most_what_there_is(tmp_path):
    x, y = np.arange(6, dtype=np.float32)[:, None], np.arange(6) % 2
    model = record_untrained(ct.Dataset.from_arrays(np.tile(x, (9, 1)), np.tile(y, 9)), tmp_path).model()
    run = ct.record(model, x, y, validation=0.4, runs=tmp_path, progress=False)
    assert len(run.split.train) == 2
    found = run.examine(x)
    assert (found.nearest.names.shape, found.contributions.inputs.shape) == ((6, 2), (6, 1))
    with pytest.raises(ct.CutawayError):
        run.examine(x, nearest=5)


def test_rows_that_all_have_an_equal_are_not_far_by_rounding(tmp_path):
    random = np.random.default_rng(0)
    kinds = random.normal(size=(10, 30)).astype(np.float32) * 20
    x, y = np.tile(kinds, (40, 1)), np.tile(np.arange(10) % 2, 40)
    run = record_untrained(ct.Dataset.from_arrays(x, y), tmp_path)
    found = run.examine(kinds, nearest=0, explain=0)
    assert not found.far.any()
    assert found.distances.max() == 0


def test_numbers_beyond_what_float32_can_square_are_far_without_a_numpy_warning(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(100, 3)).astype(np.float32), np.arange(100) % 2
    run = record_untrained(ct.Dataset.from_arrays(x, y), tmp_path)
    with pytest.warns(ct.CutawayWarning, match="^1 of 1 "):
        run.predict(np.full((1, 3), 1e30, np.float32))


def _rows(run, split):
    """The rows of a split as they are in the table, without the label."""
    frame = pd.read_csv(run.data.origin["path"]).drop(columns="target")
    return frame.iloc[run.split.part(split).index]
