import json

import numpy as np
import pytest

from cutaway.errors import UnknownNameError


@pytest.fixture(scope="module")
def summaries(digits_run):
    return digits_run.units("dense_1", progress=False)


def test_summaries_agree_with_the_run(summaries, digits_run):
    h, labels = digits_run.activations("dense_1"), digits_run.labels()
    assert len(summaries) == 32
    summary = summaries.summary(3)
    assert summary["mean"] == pytest.approx(h[:, 3].mean(), abs=1e-5)
    assert summary["class_mean"]["7"] == pytest.approx(h[labels == 7, 3].mean(), abs=1e-5)
    strongest = summary["top_activating"][0]
    assert strongest["sample"] == digits_run.split.test[int(h[:, 3].argmax())]
    assert strongest["activation"] == pytest.approx(h[:, 3].max(), abs=1e-5)
    accuracy = (digits_run.predictions().argmax(axis=1) == labels).mean()
    assert summaries.ablation.accuracy == pytest.approx(accuracy)
    assert summary["ablation_cost"] == pytest.approx(summaries.ablation.cost[3])
    assert summary["measurable"] == (abs(summary["ablation_cost"]) > 2 * summary["ablation_cost_error"])
    everything = digits_run.activations("dense_1", split="all")
    np.testing.assert_array_equal(summaries.constant, np.ptp(everything, axis=0) == 0)
    kernel = digits_run.model().get_layer("dense_1").get_weights()[0]
    np.testing.assert_array_equal(summaries.pictures, kernel.T.reshape(32, 8, 8))
    json.dumps(summaries.summaries(), allow_nan=False)


def test_deeper_layers_have_no_pictures_and_the_default_is_the_last_hidden(digits_run):
    found = digits_run.units(progress=False)
    assert found.layer == "dense_2"
    assert found.pictures is None


@pytest.mark.parametrize("sort", ["ablation_cost", "selectivity", "similarity", "mean", "firing"])
def test_summaries_are_sorted_the_largest_first(summaries, sort):
    column = [value for value in summaries.to_pandas(sort)[sort] if value is not None and value == value]
    assert column == sorted(column, reverse=True)
    assert sorted(summaries.order(sort)) == list(range(32))


def test_unknown_units_and_sorts(summaries):
    with pytest.raises(UnknownNameError, match='units of "dense_1" are 0 to 31; got 32'):
        summaries.summary(32)
    with pytest.raises(UnknownNameError, match='sorted by unit, ablation_cost.*got "size"'):
        summaries.order("size")
