import json

import numpy as np
import pytest

from cutaway.api.layers import layer_history, trace, units
from cutaway.errors import NetError, UnknownNameError, UsageError


@pytest.fixture(scope="module")
def history(digits_run):
    return layer_history(digits_run)


@pytest.fixture(scope="module")
def cards(digits_run):
    return units(digits_run, "dense_1")


def test_history_has_a_row_for_each_epoch_and_layer(history, digits_run):
    frame = history.frame()
    assert list(zip(frame["epoch"], frame["layer"], strict=True)) == [
        (epoch, layer) for epoch in range(7) for layer in ("dense_1", "dense_2", "output")
    ]
    assert set(frame["samples"]) == {len(digits_run.split.test)}
    assert frame["saturated"].isna().all()
    learned = frame[frame.layer == "dense_2"].set_index("epoch")["probe_accuracy"]
    assert learned[6] > learned[0], "training teaches the layer"
    assert (frame[frame.epoch == 6]["cka_last"] == 1).all()


def test_cka_between_layers_is_a_symmetric_table(history):
    table = history.cka()
    assert list(table.index) == list(table.columns) == ["dense_1", "dense_2", "output"]
    np.testing.assert_allclose(table, table.T)
    assert (np.diag(table) == 1).all()
    assert not np.allclose(table, history.cka(0))
    with pytest.raises(UnknownNameError, match="epochs of this history are 0, 1, .*got 9"):
        history.cka(9)


def test_fewer_epochs_and_samples(digits_run):
    found = layer_history(digits_run, epochs=[-1, 0], samples=100, split="all")
    assert [r.epoch for r in found.records] == [0, 0, 0, 6, 6, 6]
    assert {r.samples for r in found.records} == {100}


@pytest.mark.parametrize("wrong", [{"k": 0}, {"samples": 1.5}, {"k": True}, {"epochs": []}])
def test_wrong_settings_are_refused(digits_run, wrong):
    with pytest.raises(UsageError):
        layer_history(digits_run, **wrong)


def test_wrong_names_are_refused(digits_run):
    with pytest.raises(UnknownNameError, match="snapshots of epochs 0 to 6"):
        layer_history(digits_run, epochs=[99])
    with pytest.raises(UnknownNameError, match="a split is one of"):
        layer_history(digits_run, split="tset")


def test_cards_agree_with_the_run(cards, digits_run):
    h, labels = digits_run.activations("dense_1"), digits_run.labels()
    assert len(cards) == 32
    card = cards.card(3)
    assert card["mean"] == pytest.approx(h[:, 3].mean(), abs=1e-5)
    assert card["class_mean"]["7"] == pytest.approx(h[labels == 7, 3].mean(), abs=1e-5)
    strongest = card["exciting"][0]
    assert strongest["sample"] == digits_run.split.test[int(h[:, 3].argmax())]
    assert strongest["activation"] == pytest.approx(h[:, 3].max(), abs=1e-5)
    accuracy = (digits_run.predictions().argmax(axis=1) == labels).mean()
    assert cards.ablation.accuracy == pytest.approx(accuracy)
    everything = digits_run.activations("dense_1", split="all")
    np.testing.assert_array_equal(cards.dead, np.ptp(everything, axis=0) == 0)
    kernel = digits_run.model().get_layer("dense_1").get_weights()[0]
    np.testing.assert_array_equal(cards.pictures, kernel.T.reshape(32, 8, 8))
    json.dumps(cards.cards(), allow_nan=False)


def test_deeper_layers_have_no_pictures_and_the_default_is_the_last_hidden(digits_run):
    found = units(digits_run)
    assert found.layer == "dense_2"
    assert found.pictures is None


@pytest.mark.parametrize("sort", ["removal", "selectivity", "similarity", "mean", "firing"])
def test_cards_are_sorted_the_largest_first(cards, sort):
    column = [value for value in cards.frame(sort)[sort] if value is not None and value == value]
    assert column == sorted(column, reverse=True)
    assert sorted(cards.order(sort)) == list(range(32))


def test_unknown_units_and_sorts(cards):
    with pytest.raises(UnknownNameError, match='units of "dense_1" are 0 to 31; got 32'):
        cards.card(32)
    with pytest.raises(UnknownNameError, match='sorted by unit, removal.*got "size"'):
        cards.order("size")


def test_a_trace_of_a_sample_by_name_and_by_values(digits_run):
    named = trace(digits_run, digits_run.split.test[5])
    row = digits_run.data.x(digits_run.split.test)[5]
    found = trace(digits_run, row)
    np.testing.assert_array_equal(named.trace.logits, found.trace.logits)
    assert named.winner == digits_run.class_names[digits_run.predictions()[5].argmax()]
    assert named.runner_up != named.winner
    frame = named.frame("dense_2")
    assert frame["contribution"].is_monotonic_decreasing
    total = frame["contribution"].sum() + named.trace.offsets["dense_2"]
    assert total == pytest.approx(named.trace.difference, abs=1e-4)
    assert len(named.frame()) == 64
    with pytest.raises(UnknownNameError, match='layers with contributions are dense_1, .*got "dense_9"'):
        named.frame("dense_9")


@pytest.mark.parametrize("name", ["test", "nowhere[3]", "train[x]", "train[-1]", "train[" + "9" * 30 + "]"])
def test_samples_of_no_such_name(digits_run, name):
    with pytest.raises(UnknownNameError, match="samples are named"):
        trace(digits_run, name)


def test_a_trace_of_another_net_is_refused(tmp_path):
    import cutaway as ct

    run = ct.train(ct.mlp((4,), activation="tanh"), "digits", epochs=1, runs=tmp_path, progress=False)
    with pytest.raises(NetError, match='layer "dense_1" .Dense, tanh.'):
        trace(run, np.zeros((8, 8), np.float32))
