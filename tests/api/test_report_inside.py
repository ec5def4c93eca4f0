import io
from itertools import pairwise
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import cutaway as ct
from cutaway.api.layers import layer_history
from cutaway.api.report_inside import _lead, report_inside
from cutaway.api.units import units
from cutaway.progress import ignore_progress


@pytest.fixture(scope="module")
def shown(digits_run):
    return report_inside(digits_run, on_progress=ignore_progress)


def test_the_table_and_its_lead_are_those_of_the_history(shown, digits_run):
    history = layer_history(digits_run, epochs=[0, 1, 2, 4, 5, 6]).records
    assert [(row["Layer"], row["Epoch"]) for row in shown.rows] == [
        (name, str(epoch)) for name in ("dense_1", "dense_2", "output") for epoch in (0, 1, 2, 4, 5, 6)
    ]
    probes = {(r.layer, str(r.epoch)): r.probe_accuracy for r in history}
    assert all(row["Probe"] == f"{probes[row['Layer'], row['Epoch']]:.1%}" for row in shown.rows)
    best = max(("dense_1", "dense_2", "output"), key=lambda name: probes[name, "6"])
    since = next(e for e in (0, 1, 2, 4, 5, 6) if probes[best, str(e)] >= 0.99 * probes[best, "6"])
    assert f"reads {best} is right for {probes[best, '6']:.1%}" in shown.lead
    assert f"Since epoch {since}, of" in shown.lead
    assert "few" not in shown.measured


def test_a_layer_that_fell_back_knows_it_since_it_came_again():
    probes = [(0, 0.5), (1, 0.9), (2, 0.7), (3, 0.9), (4, 0.905)]
    records = tuple(SimpleNamespace(layer="dense_1", epoch=e, probe_accuracy=p) for e, p in probes)
    assert "Since epoch 3, of" in _lead(SimpleNamespace(records=records))
    assert "before any training" in _lead(SimpleNamespace(records=records[3:]))


def test_the_units_are_those_whose_removal_costs_most(shown, digits_run):
    found = units(digits_run, "dense_1")
    assert (shown.layer, shown.samples, len(shown.units)) == ("dense_1", len(digits_run.split.test), 12)
    costs = [found.ablation.cost[int(unit.name.removeprefix("Unit "))] for unit in shown.units]
    assert all(a >= b for a, b in pairwise(costs))
    assert costs[0] == found.ablation.cost[~found.constant].max()
    first = found.summary_of(int(shown.units[0].name.removeprefix("Unit ")))
    assert list(shown.units[0].samples) == [e["sample"] for e in first["exciting"][:6]]
    assert f"falls by {100 * first['removal']:.2f} points" in shown.units[0].cost
    assert shown.units[0].answers[0] == first["favorite"]
    with Image.open(io.BytesIO(shown.units[0].examples)) as image:
        assert image.size == (24, 16)


def test_a_net_of_a_table_shows_its_last_hidden_layer_in_words(tmp_path):
    x = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    data = ct.Dataset.from_arrays(x, (x[:, 0] > 0).astype(int) + (x[:, 1] > 0))
    run = ct.train(ct.mlp((40, 30)), data, epochs=2, runs=tmp_path, progress=False)
    shown = report_inside(run, on_progress=ignore_progress)
    assert shown.layer == "dense_2"
    assert all(unit.weights is None and unit.examples is None for unit in shown.units)
    assert shown.units[0].samples
    assert "few for the 40 units of dense_1" in shown.measured


def test_a_net_without_hidden_layers_shows_its_table_alone(tmp_path):
    model = keras.Sequential([keras.Input((64,)), layers.Dense(10, activation="softmax", name="only")])
    run = ct.record(model, "digits", runs=tmp_path, progress=False)
    shown = report_inside(run, on_progress=ignore_progress)
    assert (shown.layer, shown.units) == ("", ())
    assert [row["Layer"] for row in shown.rows] == ["only"]
    assert "epoch" not in shown.lead
