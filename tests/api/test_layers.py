from dataclasses import replace

import numpy as np
import pytest

from cutaway.data import Dataset, all_ids
from cutaway.errors import UnknownNameError, UsageError
from cutaway.interpret import probe_accuracy
from cutaway.topics.layers import layers
from cutaway.topics.layers.layers import layer_history, similarity


@pytest.fixture(scope="module")
def history(digits_run):
    return layer_history(digits_run.context)


def test_layers_of_an_epoch_as_a_table(digits_run):
    records = digits_run.layers(epoch=0)
    frame = records.to_pandas()
    assert list(frame["name"]) == [record.name for record in records]
    kernel = digits_run.model(0).get_layer("dense_2").get_weights()[0]
    row = frame.set_index("name").loc["dense_2"]
    assert row["kernel_std"] == pytest.approx(kernel.std())
    assert (row["units"], row["parameters"]) == (16, kernel.size + 16)
    assert frame["dead"].dtype == frame["kernel_min"].dtype == float
    passing = frame[frame.kind == "Dropout"]
    assert len(passing)
    assert passing[["dead", "kernel_mean"]].isna().all(axis=None)


def test_history_has_a_row_for_each_epoch_and_layer(history, digits_run):
    frame = history.to_pandas()
    assert list(zip(frame["epoch"], frame["layer"], strict=True)) == [
        (epoch, layer) for epoch in range(7) for layer in ("dense_1", "dense_2", "output")
    ]
    assert set(frame["samples"]) == {len(digits_run.split.test)}
    assert frame["saturated"].isna().all()
    learned = frame[frame.layer == "dense_2"].set_index("epoch")["probe_accuracy"]
    assert learned[6] > learned[0], "training teaches the layer"
    assert (frame[frame.epoch == 6]["cka_last"] == 1).all()


@pytest.mark.parametrize("wrong", [2.5, ["3"], [1, True]])
def test_epochs_are_whole_numbers(digits_run, wrong):
    for ask in (digits_run.layers, digits_run.model, digits_run.confusion, digits_run.embed_layers):
        with pytest.raises(UsageError, match="epoch"):
            ask(epoch=wrong)
    for ask in (digits_run.layer_history, digits_run.similarity, digits_run.embed_epochs):
        with pytest.raises(UsageError, match="epoch"):
            ask(epochs=wrong, progress=False)
    assert len(digits_run.layers(epoch=np.int64(3))) == 5


def test_a_single_epoch_needs_no_list(digits_run):
    one = digits_run.layer_history(epochs=3, progress=False)
    assert {record.epoch for record in one.records} == {3}
    table = digits_run.similarity("dense_1", epochs=-1, progress=False)
    assert list(table.index) == [6]
    assert table.to_numpy().item() == pytest.approx(1)


def test_the_same_probe_on_the_inputs_is_the_baseline(history, digits_run):
    ids = digits_run.context.ids("test", samples=layers.SAMPLES, seed=0)
    expected = probe_accuracy(digits_run.data.inputs(ids), digits_run.data.y(ids))
    assert history.input_probe_accuracy == expected
    assert layer_history(digits_run.context).input_probe_accuracy == expected, "read from the kept results"
    assert f" {expected:.1%} " in history.notes()[0]
    assert "dense_2" in history.of("dense_2").notes()[0]
    assert "dense_1" not in " ".join(history.of("dense_2").notes())
    assert len(replace(history, kept_epoch=9).notes()) == 3, "of the last epoch where the kept one was not measured"


def test_an_input_on_a_large_scale_does_not_hide_the_others_from_the_baseline(monkeypatch):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(400, 5)).astype(np.float32), np.arange(400) % 2
    x[:, 1] += 4 * y
    x[:, 4] *= 1e6
    data = Dataset.from_arrays(x, y, scale=1)
    assert layers._input_probe_accuracy(data, all_ids(data)) > 0.95
    monkeypatch.setattr(layers, "INPUTS", 1_999)
    assert layers._input_probe_accuracy(data, all_ids(data)) is None


def test_cka_between_layers_is_a_symmetric_table(history):
    table = history.cka()
    assert list(table.index) == list(table.columns) == ["dense_1", "dense_2", "output"]
    np.testing.assert_allclose(table, table.T)
    assert (np.diag(table) == 1).all()
    assert not np.allclose(table, history.cka(0))
    with pytest.raises(UnknownNameError):
        history.cka(9)


def test_cka_is_that_of_the_kept_epoch(history, digits_run):
    assert history.kept_epoch == digits_run.context.manifest.kept_epoch == 6
    earlier = replace(history, kept_epoch=2)
    np.testing.assert_array_equal(earlier.cka(), earlier.cka(2))
    np.testing.assert_array_equal(earlier.cka(-1), earlier.cka(6))
    assert not np.allclose(earlier.cka(), earlier.cka(-1))
    without = replace(history, kept_epoch=9)
    with pytest.raises(UnknownNameError):
        without.cka()
    only = replace(without, records=history.records[:3])
    np.testing.assert_array_equal(only.cka(), history.cka(0))


def test_cka_between_all_epochs_agrees_with_the_history(history, digits_run):
    table, frame = similarity(digits_run.context, "dense_1"), history.to_pandas()
    assert list(table.index) == list(table.columns) == list(range(7))
    rows = frame[frame.layer == "dense_1"]
    np.testing.assert_allclose(table[6], rows["cka_last"], atol=1e-6)
    np.testing.assert_allclose(np.diag(table, 1), rows["cka_previous"][1:], atol=1e-6)
    np.testing.assert_array_equal(table, table.T)
    some = similarity(digits_run.context, epochs=[-1, 2], samples=100)
    assert list(some.index) == [2, 6]
    assert 0 < float(some.to_numpy()[0, 1]) < 1
    with pytest.raises(UsageError):
        similarity(digits_run.context, epochs=[])
    with pytest.raises(UnknownNameError):
        similarity(digits_run.context, "dense_7")


def test_fewer_epochs_and_samples(digits_run):
    found = layer_history(digits_run.context, epochs=[-1, 0], samples=100, split="all")
    assert [r.epoch for r in found.records] == [0, 0, 0, 6, 6, 6]
    assert {r.samples for r in found.records} == {100}


WRONG = [{"k": 0}, {"samples": 1.5}, {"k": True}, {"epochs": []}, {"epochs": [99]}, {"split": "tset"}]


@pytest.mark.parametrize(("wrong", "error"), list(zip(WRONG, [UsageError] * 4 + [UnknownNameError] * 2, strict=True)))
def test_wrong_settings_are_refused(digits_run, wrong, error):
    with pytest.raises(error):
        layer_history(digits_run.context, **wrong)


def test_layers_that_are_very_wide_are_measured_on_fewer_samples(digits_run, monkeypatch):
    units = 32 + 16 + 10
    monkeypatch.setattr(layers, "ACTIVATION_BYTES", 4 * units * 150)
    assert {r.samples for r in layer_history(digits_run.context, epochs=[0], split="all").records} == {150}
