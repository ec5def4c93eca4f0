"""A planted concept is found with its effect, a random selection has none, and what cannot be measured is said."""

import numpy as np
import pytest

import cutaway as ct
from cutaway.topics.concept.section import concept_section

CLASSES = 3


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Three classes in ten columns; column 9 is a second reason for class 2, and column 8 tells nothing."""
    random = np.random.default_rng(0)
    y = np.arange(1500) % CLASSES
    x = random.normal(size=(1500, 10)).astype(np.float32)
    x[np.arange(1500), y] += 2.0
    x[:, 9] += 3.0 * (y == 2)
    data = ct.Dataset.from_arrays(x[:900], y[:900], x_test=x[900:], y_test=y[900:], name="planted")
    runs = tmp_path_factory.mktemp("runs")
    return ct.train(ct.mlp((16, 8)), data, epochs=20, seed=0, runs=runs, progress=False)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Three classes in a table of named columns: "age" decides, "city" is a category, and noise is noise."""
    folder, random = tmp_path_factory.mktemp("table"), np.random.default_rng(0)
    y = np.arange(1200) % CLASSES
    cities = random.choice(["Bern", "Rome"], 1200)
    noise = random.normal(size=(1200, 8))
    head = ",".join(["age", "city", *(f"noise {k}" for k in range(8)), "label"])
    rows = [
        ",".join([f"{20 + 10 * label + deviation:.3f}", city, *(f"{value:.3f}" for value in values), f"c{label}"])
        for label, city, values, deviation in zip(y, cities, noise, random.normal(0, 5, 1200), strict=True)
    ]
    (folder / "people.csv").write_text("\n".join([head, *rows]))
    data = ct.load_dataset(folder / "people.csv", label="label", test_share=0.4)
    return ct.train(ct.mlp((8,)), data, epochs=3, seed=0, runs=folder / "runs", progress=False)


def named(run, inputs, values=20):
    """The samples that are highest in the sum of some inputs of a table."""
    columns = [run.data.feature_names.index(name) for name in inputs]
    return names(run, np.argsort(-run.data.x(run.split.test)[:, columns].sum(axis=1))[:values])


def names(run, positions):
    return [run.split.test[int(position)] for position in positions]


def high(run, column, count=40):
    return names(run, np.argsort(-run.data.x(run.split.test)[:, column])[:count])


def test_a_planted_concept_is_found_with_its_effect(run):
    found = run.concept(high(run, 9), repeats=99, progress=False)
    assert [layer.layer for layer in found.layers] == ["dense_1", "dense_2"]
    assert all(layer.p <= 0.05 and layer.accuracy > 0.8 for layer in found.layers)
    effects = {(row.layer, row.label): row for row in found.effects}
    assert len(effects) == 2 * CLASSES
    for layer in ("dense_1", "dense_2"):
        assert effects[layer, "2"].change > effects[layer, "2"].random_high
        assert effects[layer, "2"].p <= 0.05
        assert effects[layer, "2"].share > 0.9
    assert "2 by +" in repr(found)
    assert found.to_pandas()["change"].tolist() == [row.change for row in found.effects]
    assert found.plot().axes


def test_what_is_shared_beyond_the_class_needs_more_than_the_class(run):
    """All samples of one class are told from others, but not from others of their class."""
    labels = run.labels(split="test")
    of_class = names(run, np.flatnonzero(labels == 0)[:50])
    assert run.concept(of_class, "dense_2", repeats=49, progress=False).layers[0].p <= 0.05
    assert run.concept(of_class, "dense_2", repeats=49, within_class=True, progress=False).layers[0].p > 0.05


def test_random_selections_are_rarely_called_a_concept(run):
    """Twenty random selections: at a level of 5%, more than four surprises have a probability below 0.3%."""
    random = np.random.default_rng(1)
    surprises = 0
    for seed in range(20):
        chosen = names(run, random.permutation(600)[:20])
        found = run.concept(chosen, "dense_1", repeats=19, seed=seed, progress=False)
        surprises += min(row.p for row in found.effects) <= 0.05
    assert surprises <= 4


def test_the_same_seed_gives_the_same_answer(run):
    chosen = high(run, 8, 12)
    first, second = (run.concept(chosen, repeats=19, seed=3, progress=False).to_json() for _ in range(2))
    assert first == second != run.concept(chosen, repeats=19, seed=4, progress=False).to_json()


@pytest.mark.parametrize(
    ("samples", "options", "words"),
    [
        (7, {}, "what 8 to 1,000 samples have in common; got 7"),
        (0, {}, "samples have in common; got 0"),
        (20, {"repeats": 5}, "repeats"),
        (300, {"split": "val"}, "are drawn from the samples that are not selected"),
        (150, {"within_class": True}, "50 of class 0, not 300"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_line(run, samples, options, words):
    chosen = names(run, range(samples)) if samples != 150 else names(run, np.flatnonzero(run.labels() == 0)[:150])
    with pytest.raises(ct.CutawayError, match=words) as caught:
        run.concept(chosen, progress=False, **options)
    assert "\n" not in str(caught.value)


def test_a_sample_that_is_named_twice_counts_once(run):
    twice = [name for number in range(4) for name in (f"test[{number}]", f"test[0{number}]")]
    with pytest.raises(ct.CutawayError, match="got 4;"):
        run.concept(twice, progress=False)


def test_the_layer_of_the_logits_is_none(run):
    with pytest.raises(ct.CutawayError, match='hidden layers of this model are dense_1, dense_2; got "output"'):
        run.concept(high(run, 9), "output", progress=False)


def test_layers_that_cannot_tell_anything_apart_have_no_effect(tmp_path):
    """One column of two values: many random selections have the same mean as their others, and so no direction."""
    y = np.arange(400) % 2
    x = (np.random.default_rng(0).random((400, 1)) < 0.5).astype(np.float32)
    data = ct.Dataset.from_arrays(x[:200], y[:200], x_test=x[200:], y_test=y[200:], name="coin")
    run = ct.train(ct.mlp((4, 4)), data, epochs=1, seed=0, runs=tmp_path, progress=False)
    surprises = 0
    for seed in range(10):
        chosen = names(run, np.random.default_rng(seed).permutation(200)[:8])
        found = run.concept(chosen, repeats=19, seed=seed, progress=False)
        assert all(np.isfinite([row.change, row.random_low, row.random_high, row.p]).all() for row in found.effects)
        surprises += min(row.p for row in found.effects) <= 0.05
    assert surprises <= 3


def test_unknown_names_are_said(run):
    with pytest.raises(ct.CutawayError, match="dense_7"):
        run.concept(high(run, 9), "dense_7", progress=False)
    with pytest.raises(ct.CutawayError):
        run.concept([*high(run, 9), "test[99999]"], progress=False)


def test_the_columns_in_which_a_selection_differs_are_named(table):
    found = table.concept(named(table, ["noise 3", "noise 5"]), repeats=99, progress=False)
    assert {row.name for row in found.inputs} == set(table.data.feature_names)
    assert {row.name for row in found.inputs[:2]} == {"noise 3", "noise 5"}
    assert all(row.p == 0.01 and row.difference > row.random_high for row in found.inputs[:2])
    assert all(row.p > 0.05 for row in found.inputs[2:])
    first, second = found.inputs[:2]
    words = f'they differ most in "{first.name}" (+{first.difference:.2f} SD) and "{second.name}"'
    assert words in found.line()
    *_, inputs = found.tables()
    assert inputs.values["name"] == [first.name, second.name]
    (section,) = [part for part in concept_section(found).parts if part.name == "concept-inputs"]
    assert [row["Input"] for row in section.rows] == [first.name, second.name]


def test_a_value_of_a_column_of_categories_is_named(table):
    rows = table.data.x(table.split.test)[:, [name.startswith("city") for name in table.data.feature_names]]
    found = table.concept(names(table, np.flatnonzero(rows[:, 0] > 0)[:30]), repeats=99, progress=False)
    assert sorted(row.name for row in found.inputs if row.p <= 0.05) == ["city=Bern", "city=Rome"]


def test_what_the_class_decides_is_named_only_without_it(table):
    """Samples of one class differ in age from all others, but not from others of their class."""
    of_class = names(table, np.flatnonzero(table.labels(split="test") == 0)[:40])
    found = table.concept(of_class, repeats=99, progress=False)
    assert [row.name for row in found.inputs if row.p <= 0.05] == ["age"]
    assert found.inputs[0].difference < -1
    within = table.concept(of_class, repeats=99, within_class=True, progress=False)
    assert not [row.name for row in within.inputs if row.p <= 0.05]
    assert len(within.tables()) == 2
    assert within.notes() == (
        "In no input does the selection differ from the others by more than random selections do.",
    )


@pytest.mark.parametrize("within", [False, True])
def test_of_random_selections_columns_are_rarely_named(table, within):
    """At a level of 5%, more than four surprises in twenty have a probability below 0.3%."""
    random, surprises = np.random.default_rng(2), 0
    for seed in range(20):
        chosen = names(table, random.permutation(480)[:20])
        found = table.concept(chosen, repeats=19, seed=seed, within_class=within, progress=False)
        surprises += min(row.p for row in found.inputs) <= 0.05
    assert surprises <= 4


def test_inputs_without_names_are_not_compared(run, digits_run):
    for each in (run, digits_run):
        found = each.concept(names(each, range(12)), repeats=19, progress=False)
        assert (found.inputs, found.to_json()["inputs"], found.notes(), len(found.tables())) == ((), [], (), 2)
