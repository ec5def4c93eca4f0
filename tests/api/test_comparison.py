"""Two runs compared: with itself, with another model, on shared samples of other splits and other data."""

import json
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest

import cutaway as ct
from cutaway.errors import DataError, UnknownNameError, UsageError
from cutaway.metrics import mcnemar, wilson_interval
from tests.ready_runs import record_untrained


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("comparison") / "runs"


@pytest.fixture(scope="module")
def other(ready_run):
    """Another model on the samples of `digits_run`."""
    return ready_run("other")


@pytest.fixture(scope="module")
def reseeded(digits_run, runs):
    """The model of `digits_run`, with another split of the samples."""
    return ct.record(digits_run.model(), "digits", seed=1, runs=runs, progress=False)


def compare(a, b, **settings):
    return ct.compare(a, b, progress=False, **settings)


def arrays_run(runs, x, y, *, hidden=8, **more):
    """A model that was not trained, recorded on arrays."""
    return record_untrained(ct.Dataset.from_arrays(x, y, **more), runs, hidden=hidden)


def test_a_run_is_equal_to_itself(digits_run):
    found = compare(digits_run, digits_run)
    m = found.measures
    assert found.settings == ()
    assert (m.test.fixed, m.test.broken, m.test.p_value, m.accuracy_difference, m.loss_difference) == (0, 0, 1, 0, 0)
    assert m.accuracy_interval[0] < 0 < m.accuracy_interval[1]
    np.testing.assert_array_equal(found.predicted[0], found.predicted[1])
    np.testing.assert_allclose(np.diag(found.cka()), 1, atol=1e-6)
    for layer in ("dense_1", "dense_2"):
        units = found.units(layer)
        known = units["correlation"].notna()
        assert (units["unit_a"] == units["unit_b"])[known].all()
        np.testing.assert_allclose(units["correlation"][known], 1, atol=1e-5)
    assert not found.left_out
    assert (found.missing, len(found.fixed), len(found.broken)) == ({}, 0, 0)
    assert set(found.to_pandas()["change"]) == {"right in both", "wrong in both"}


def test_numbers_are_those_of_the_predictions(digits_run, other):
    found = compare(digits_run, other)
    y, p, q = digits_run.labels(), digits_run.predictions(), other.predictions()
    a, b = p.argmax(axis=1) == y, q.argmax(axis=1) == y
    table = found.to_pandas()
    assert list(table["sample"]) == digits_run.split.test.names()
    np.testing.assert_allclose(table["confidence_a"], p.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(table["label_probability_b"], q[np.arange(len(y)), y], atol=1e-6)
    np.testing.assert_allclose(table["moved"], (q - p)[np.arange(len(y)), y], atol=1e-6)
    assert list(table["predicted_b"]) == [other.class_names[k] for k in q.argmax(axis=1)]
    assert list(table["label"]) == [other.class_names[k] for k in y]
    expected = np.where(a & b, "right in both", np.where(b, "fixed", np.where(a, "broken", "wrong in both")))
    assert list(table["change"]) == list(expected)
    assert set(found.fixed) == set(np.flatnonzero(b & ~a))
    assert set(found.broken) == set(np.flatnonzero(a & ~b))
    assert len(found.fixed) + len(found.broken) > 0
    test = found.measures.test
    assert test == mcnemar(int((b & ~a).sum()), int((a & ~b).sum()))
    metrics = found.metrics()
    assert metrics.loc["accuracy", "a"] == pytest.approx(digits_run.test["accuracy"])
    assert metrics.loc["accuracy", "b"] == pytest.approx(other.test["accuracy"])
    limits = metrics.loc["accuracy", ["b_low", "b_high"]].tolist()
    assert limits == pytest.approx(wilson_interval(int(b.sum()), len(b)))
    assert metrics.loc["loss", "difference"] == pytest.approx(metrics.loc["loss", "b"] - metrics.loc["loss", "a"])
    assert metrics.loc["loss", "a"] == pytest.approx(-np.log(p[np.arange(len(y)), y]).mean(), abs=1e-5)


def test_samples_come_with_the_largest_change_first(digits_run, other):
    found = compare(digits_run, other)
    for which in ("fixed", "broken", "moved"):
        moved = found.to_pandas(which)["moved"].abs().to_numpy()
        assert list(moved) == sorted(moved, reverse=True)
    assert (found.to_pandas("fixed")["change"] == "fixed").all()
    assert (found.to_pandas("broken")["change"] == "broken").all()
    assert len(found.to_pandas("moved")) == len(found) == 360
    assert found.samples("moved", 3) == found.samples("moved")[:3]
    with pytest.raises(UnknownNameError):
        found.to_pandas("worse")


def test_settings_that_differ_are_listed_and_no_others(digits_run, other):
    found = {(each.section, each.setting): (each.a, each.b) for each in compare(digits_run, other).settings}
    assert found[("training", "epochs")] == (6, 3)
    assert found[("model", "dropout_1")] == ("Dropout 0.1", None)
    assert found[("model", "dense_1 units")] == (32, 16)
    assert found[("model", "dense_2")] == ("Dense 16 relu", None)
    assert {section for section, _ in found} == {"training", "model"}


def test_layers_are_compared_and_units_matched_where_widths_are_equal(digits_run, other):
    found, epochs = compare(digits_run, other), compare(digits_run, digits_run, epochs=(3, 6))
    cka = found.cka()
    assert (list(cka.index), list(cka.columns)) == (["dense_1", "dense_2", "output"], ["dense_1", "output"])
    assert epochs.cka().loc["output", "output"] > 0.8
    assert ("dense_1", "dense_1") not in found.layers.matchings
    assert set(epochs.layers.matchings) == {("dense_1", "dense_1"), ("dense_2", "dense_2")}
    assert sorted(epochs.units("dense_1")["unit_b"]) == list(range(32))
    matching = epochs.layers.matchings["dense_1", "dense_1"]
    assert matching.chance < matching.mean < 1
    with pytest.raises(UnknownNameError):
        found.units("dense_9")
    fewer = compare(digits_run, other, samples=100)
    assert fewer.layers.samples == 100
    assert fewer.measures == found.measures


def test_two_epochs_of_a_run(digits_run):
    found = compare(digits_run, digits_run, epochs=(1, None))
    assert found.epochs == (1, 6)
    assert found.measures.test.fixed > found.measures.test.broken
    assert found.measures.accuracy_interval[0] > 0
    assert found.cka().loc["dense_1", "dense_1"] < 1


def test_validation_samples_can_be_compared(digits_run):
    assert len(compare(digits_run, digits_run, split="val")) == len(digits_run.split.val)


def test_it_can_be_pickled(digits_run, other):
    found = compare(digits_run, other)
    again = pickle.loads(pickle.dumps(found))
    assert repr(again) == repr(found)
    assert again.to_pandas("moved").equals(found.to_pandas("moved"))
    assert json.loads(json.dumps(found.summary(), allow_nan=False)) == again.summary()


def test_another_split_is_refused_or_compared_on_what_both_hold_out(digits_run, reseeded):
    with pytest.raises(UsageError):
        compare(digits_run, reseeded)
    found = compare(digits_run, reseeded, shared=True)
    names = [set(run.split.test.names()) for run in (digits_run, reseeded)]
    trained = [set(run.split.train.names()) for run in (digits_run, reseeded)]
    assert set(found.ids.names()) == names[0] & names[1]
    assert found.left_out.trained_on == len(names[0] & trained[1]) + len(names[1] & trained[0])
    assert found.left_out.unshared == len(names[0] ^ names[1]) - found.left_out.trained_on
    assert found.matched_by == "identity"
    rows = {name: row for row, name in enumerate(reseeded.split.test.names())}
    expected = reseeded.predictions()[[rows[name] for name in found.ids.names()]]
    np.testing.assert_allclose(found.confidence[1], expected.max(axis=1), atol=1e-6)
    assert "seed" in {each.setting for each in found.settings}


def test_other_data_are_refused_or_compared_by_content(digits_run, runs):
    """The digits as shares of 1, in another order, with other names for two classes, and some rows left out."""
    x, y = (digits_run.data.sources["train"].x / 16).astype(np.float32), digits_run.data.sources["train"].y
    order = np.random.default_rng(0).permutation(len(x))[:1500]
    names = ["0", "1", "2", "3", "4", "5", "6", "7", "acht", "neun"]
    run = arrays_run(runs, x[order].reshape(1500, 64), y[order], class_names=names)
    with pytest.raises(UsageError):
        compare(digits_run, run)
    found = compare(digits_run, run, shared=True)
    assert found.matched_by == "content"
    own, rows = digits_run.split.test.index, order[run.split.test.index]
    both = np.intersect1d(own, rows)
    assert set(found.ids.index) <= set(both)
    assert found.class_names == (*digits_run.class_names, "acht", "neun")
    assert found.left_out.labeled_differently == np.isin(y[both], (8, 9)).sum()
    trained = np.isin(own, order[run.split.train.index]).sum() + np.isin(rows, digits_run.split.train.index).sum()
    assert found.left_out.trained_on == trained
    total = len(own) + len(rows)
    assert total == trained + found.left_out.unshared + 2 * (len(found) + found.left_out.labeled_differently)
    position = {int(row): place for place, row in enumerate(rows)}
    expected = run.predictions()[[position[int(row)] for row in found.ids.index]]
    np.testing.assert_allclose(found.confidence[1], expected.max(axis=1), atol=1e-6)


def test_data_that_share_nothing_are_refused(digits_run, runs):
    rng = np.random.default_rng(0)
    images = arrays_run(runs, rng.normal(size=(60, 8, 8)), np.arange(60) % 10)
    with pytest.raises(UsageError):
        compare(digits_run, images, shared=True)
    with pytest.raises(UsageError):
        compare(digits_run, images)
    columns = arrays_run(runs, rng.normal(size=(60, 3)), np.arange(60) % 2)
    with pytest.raises(UsageError):
        compare(digits_run, columns, shared=True)


def test_other_classes_and_labels_of_the_same_samples(runs):
    x, y = np.random.default_rng(0).normal(size=(80, 3)), np.arange(80) % 2
    given = {"x_test": x[:20], "y_test": y[:20], "scale": 1.0}
    first = arrays_run(runs, x[20:], y[20:], **given)
    changed = {**given, "y_test": np.where(np.arange(20) < 5, 1 - y[:20], y[:20])}
    second = arrays_run(runs, x[20:], y[20:], **changed)
    with pytest.raises(UsageError):
        compare(first, second)
    found = compare(first, second, shared=True)
    assert found.left_out.labeled_differently == 5
    assert len(found) == 15
    assert found.left_out.trained_on == found.left_out.unshared == 0


def test_samples_that_occur_twice_are_paired_once(runs):
    x, y = np.random.default_rng(0).normal(size=(80, 3)), np.arange(80) % 2
    first = arrays_run(runs, x[20:], y[20:], x_test=x[[0, 0, 1, 30]], y_test=y[[0, 0, 1, 30]])
    second = arrays_run(runs, x[30:], y[30:], x_test=x[[1, 0, 0, 0, 2]], y_test=y[[1, 0, 0, 0, 2]])
    found = compare(first, second, shared=True)
    assert found.ids.names() == ["test[0]", "test[1]", "test[2]"]
    trained = 10 in first.split.train.index or 0 in second.split.train.index
    assert (found.left_out.trained_on, found.left_out.unshared) == (int(trained), 3 - trained)


@pytest.fixture(scope="module")
def tables(runs, tmp_path_factory):
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("tables")
    frame = pd.DataFrame({"age": rng.normal(50, 9, 300).round(3), "city": rng.choice(["Rome", "Oslo"], 300)})
    frame["left"] = np.where(frame["age"] + 9 * (frame["city"] == "Oslo") > 54, "yes", "no")
    frame.to_csv(folder / "people.csv", index=False)
    frame.sample(frac=0.8, random_state=0).assign(note=1.5).to_csv(folder / "fewer.csv", index=False)
    return [
        record_untrained(ct.load_dataset(folder / file, label="left"), runs, seed=seed)
        for file, seed in (("people.csv", 0), ("people.csv", 1), ("fewer.csv", 0))
    ]


def test_rows_of_a_table_are_found_although_they_are_prepared_differently(tables):
    first, second, _ = tables
    assert first.data.sha256 != second.data.sha256
    found = compare(first, second, shared=True)
    assert found.matched_by == "identity"
    assert set(found.ids.index) == set(first.split.test.index) & set(second.split.test.index)
    assert {"preparation", "split"} <= {each.section for each in found.settings}
    assert found.cka().shape == (2, 2)


def test_runs_on_the_same_rows_are_compared_whichever_columns_they_use(tables, runs):
    table = ct.load_dataset(tables[0].data.origin["path"], label="left", ignore=["city"])
    found = compare(tables[0], record_untrained(table, runs, seed=0))
    assert (found.matched_by, len(found)) == ("identity", len(tables[0].split.test))


def test_runs_that_only_claim_to_be_judged_on_the_same_samples_are_refused(digits_run, reseeded, tmp_path):
    shutil.copytree(reseeded.path, tmp_path / "liar")
    record = json.loads((tmp_path / "liar" / "run.json").read_text())
    record["judged_on"] = digits_run.context.manifest.judged_on
    (tmp_path / "liar" / "run.json").write_text(json.dumps(record))
    with pytest.raises(UsageError):
        compare(digits_run, tmp_path / "liar")


def test_rows_of_two_tables_are_found_by_their_cells(tables):
    first, _, fewer = tables
    found = compare(first, fewer, shared=True)
    assert found.matched_by == "content"
    rows = [tuple(row.values()) for row in first.context.loaded.rows_of(first.split.test)]
    theirs = [tuple(row.values())[:3] for row in fewer.context.loaded.rows_of(fewer.split.test)]
    assert len(found) == len(set(rows) & set(theirs)) > 5
    assert {rows[i] for i in np.searchsorted(first.split.test.index, found.ids.index)} == set(rows) & set(theirs)


def test_a_file_that_has_changed_is_not_the_same_place(tables, runs, tmp_path):
    """Rows in another order under the old name: they are found by their content, and never by their place."""
    first, _, _ = tables
    file = tmp_path / "people.csv"
    shutil.copy(first.data.origin["path"], file)
    before = record_untrained(ct.load_dataset(file, label="left"), runs)
    pd.read_csv(file).iloc[::-1].to_csv(file, index=False)
    after = record_untrained(ct.load_dataset(file, label="left"), runs)
    with pytest.raises(UsageError):
        compare(ct.open_run(before.path), after)
    with pytest.raises(DataError):
        compare(ct.open_run(before.path), after, shared=True)
    opened = ct.open_run(before.path, data=first.data.origin["path"])
    with pytest.raises(UsageError):
        compare(opened, after)
    found = compare(opened, after, shared=True)
    assert found.matched_by == "content"
    assert set(found.ids.index) == set(before.split.test.index) & set(299 - after.split.test.index)


@pytest.mark.exhaustive
def test_a_run_with_other_labels_is_compared_on_the_samples_whose_labels_are_the_same(digits_run, runs):
    """Decisions on labels change the digest of the data; rows stay what they are."""
    train, test = digits_run.split.train.names()[3], digits_run.split.test.names()[5]
    about = {"runs": runs, "epochs": 1, "progress": False}
    only_train = ct.train_like(digits_run, labels=[ct.Decision(train, "relabel", "7")], **about)
    found = compare(digits_run, only_train)
    assert len(found) == 360
    assert ("data", "relabeled samples", 0, 1) in [(s.section, s.setting, s.a, s.b) for s in found.settings]
    also_test = ct.train_like(digits_run, labels=[ct.Decision(test, "relabel", "7")], **about)
    with pytest.raises(UsageError):
        compare(digits_run, also_test)
    found = compare(digits_run, also_test, shared=True)
    assert (len(found), found.left_out.labeled_differently) == (359, 1)
    assert test not in found.ids.names()


def test_a_run_on_arrays_borrows_the_data_of_the_other(runs):
    x, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 2
    first, second = arrays_run(runs, x, y), arrays_run(runs, x, y, hidden=5)
    opened = ct.open_run(second.path)
    for pair in ((first, opened), (opened, first)):
        assert compare(*pair).layers is not None
    with pytest.raises(DataError):
        compare(opened, ct.open_run(first.path))


@pytest.fixture(scope="module")
def unopened(runs, digits_run):
    """The run as it would be, had its model layers that cutaway does not open: history and predictions only."""
    shutil.copytree(digits_run.path, runs / "unopened")
    record = json.loads((runs / "unopened" / "run.json").read_text())
    record |= {"model": None, "unopened": 'layer "conv" of class Conv2D'}
    (runs / "unopened" / "run.json").write_text(json.dumps(record))
    return ct.open_run(runs / "unopened")


def test_of_a_model_that_does_not_open_predictions_are_compared_and_layers_say_why(digits_run, unopened):
    found = compare(digits_run, unopened)
    assert found.layers is None
    assert found.missing["layers"]
    np.testing.assert_allclose(found.confidence[1], unopened.predictions().max(axis=1), atol=1e-6)
    np.testing.assert_allclose(found.confidence[1], found.confidence[0], atol=1e-3)  # recorded as float16
    assert ("model", "layers") in {(each.section, each.setting) for each in found.settings}
    with pytest.raises(UsageError):
        found.cka()
    assert found.summary()["layers"] is None


def test_a_damaged_setting_is_not_known_and_the_rest_is_compared(digits_run, tmp_path):
    shutil.copytree(digits_run.path, tmp_path / "damaged")
    record = json.loads((tmp_path / "damaged" / "run.json").read_text())
    record["config"] = {"epochs": "many"}
    (tmp_path / "damaged" / "run.json").write_text(json.dumps(record))
    found = compare(digits_run, tmp_path / "damaged")
    assert ("training", "settings", None, "not known") in [(s.section, s.setting, s.a, s.b) for s in found.settings]
    assert found.measures.test.p_value == 1


def test_a_damaged_list_of_classes_is_refused(digits_run, tmp_path):
    shutil.copytree(digits_run.path, tmp_path / "damaged")
    record = json.loads((tmp_path / "damaged" / "run.json").read_text())
    del record["dataset"]["class_names"][3]
    (tmp_path / "damaged" / "run.json").write_text(json.dumps(record))
    with pytest.raises(DataError):
        compare(digits_run, tmp_path / "damaged", shared=True)


def test_its_figures_show_every_sample(digits_run, other):
    found = compare(digits_run, other)
    counts = found.to_pandas()["change"].value_counts()
    (axes,) = found.plot().axes
    drawn = {points.get_label().partition(" (")[0]: len(points.get_offsets()) for points in axes.collections}
    assert {name: count for name, count in drawn.items() if count} == dict(counts)
