import dataclasses
import json

import numpy as np
import pytest

from cutaway.errors import UnknownNameError
from cutaway.interpret import Ablation
from cutaway.results.units import MEASURED
from cutaway.topics.units.inputs import in_words, inputs_in_words


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
    np.testing.assert_array_equal(summaries.images, kernel.T.reshape(32, 8, 8))
    json.dumps(summaries.summaries(), allow_nan=False)


def test_deeper_layers_have_no_images_and_the_default_is_the_last_hidden(digits_run):
    found = digits_run.units(progress=False)
    assert found.layer == "dense_2"
    assert found.images is None


def test_summaries_are_sorted_the_largest_first(summaries):
    for sort in ("selectivity", "similarity", "mean", "firing"):
        column = [value for value in summaries.to_pandas(sort)[sort] if value is not None and value == value]
        assert column == sorted(column, reverse=True)
        assert sorted(summaries.order(sort)) == list(range(32))


def test_costs_that_are_measurable_come_first_and_units_that_do_harm_last(summaries):
    n = 400
    cost = np.array([0.0, 3e-6, -0.2, 0.1, -1e-7, 0.5, 0.3, -0.1])
    error = np.array([0.0, 1e-6, 0.01, 0.2, 1e-6, 0.01, 0.02, 0.01])
    correct, samples = np.full((8, 2), 100), np.array([n // 2, n // 2])
    ablation = Ablation(correct, np.array([100, 100]), samples, cost, error)
    found = dataclasses.replace(summaries, ablation=ablation, constant=np.zeros(8, bool))
    assert found.order("ablation_cost") == [5, 6, 1, 3, 0, 4, 7, 2]
    assert found.to_pandas("ablation_cost")["unit"].tolist() == [5, 6, 1, 3, 0, 4, 7, 2]


@pytest.mark.parametrize(
    ("cost", "error", "text"),
    [
        (0.0312, 0.0016, "0.0312±0.0016"),
        (1.5, 0.25, "1.5000±0.2500"),
        (1.2e-5, 4e-6, "1.2e-05±4.0e-06"),
        (0.0012, 5e-5, "1.2e-03±5.0e-05"),
        (-2e-5, None, "-2.0e-05±0"),
    ],
)
def test_no_cost_rounds_to_0(cost, error, text):
    assert MEASURED.text(cost, error, True) == text
    assert MEASURED.text(cost, error, False) == "~0"


def test_unknown_units_and_sorts(summaries):
    with pytest.raises(UnknownNameError, match="32"):
        summaries.summary(32)
    with pytest.raises(UnknownNameError, match='ablation_cost.*"size"'):
        summaries.order("size")


def test_a_unit_of_a_table_says_which_inputs_it_follows(ready_run):
    run = ready_run("wine")
    ids, layer = run.split.part("all"), "dense_1"
    said = inputs_in_words(run.context, layer, ids)
    h, x = run.activations(layer, split="all"), run.context.data.inputs(ids)
    names = run.context.manifest.dataset.feature_names
    assert any(said)
    for unit, words in enumerate(said):
        r = [0.0 if np.ptp(h[:, unit]) == 0 else np.corrcoef(h[:, unit], x[:, i])[0, 1] for i in range(x.shape[1])]
        strongest = int(np.abs(r).argmax())
        if words:
            assert f"{names[strongest]} ({r[strongest]:.2f})" in words
        else:
            assert abs(r[strongest]) < 0.35


def test_images_have_no_inputs_with_names(digits_run):
    assert inputs_in_words(digits_run.context, "dense_1", digits_run.split.test) is None


def test_inputs_are_named_by_chance_as_seldom_as_is_said():
    # 200 layers of 16 sparse ReLUs that follow none of 10 skewed inputs: by Fisher's z nine of ten would name some
    random, named = np.random.default_rng(0), 0
    for _ in range(200):
        h, x = np.maximum(random.normal(size=(300, 16)) - 2, 0), np.exp(2 * random.normal(size=(300, 10)))
        named += any(in_words(h, x, [str(i) for i in range(10)]))
    assert named <= 20, "10 are expected"


def test_the_unit_of_measurement_of_an_input_does_not_matter():
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 2))
    h = np.maximum(x[:, :1] + random.normal(size=(300, 1)), 0)
    assert in_words(h, x * 1e-9, ["a", "b"]) == in_words(h * 1e6, x * 1e9, ["a", "b"])
    assert " a (0." in in_words(h, x, ["a", "b"])[0]


def test_a_constant_unit_and_a_constant_input_follow_nothing():
    random = np.random.default_rng(0)
    h, x = np.maximum(random.normal(size=(100, 3)), 0), random.normal(size=(100, 2))
    h[:, 0], x[:, 0] = 0.1, 1e6 / 3
    assert in_words(h, x, ["a", "b"])[0] == ""
    assert "a (" not in " ".join(in_words(h, x, ["a", "b"]))
