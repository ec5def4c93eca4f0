"""The section on columns, and the line of the verdict that says which of them carry the answer."""

import dataclasses

import numpy as np
import pandas
import pytest

import cutaway as ct
from cutaway.interpret import Importance
from cutaway.page import Parts, Table
from cutaway.progress import ignore_progress
from cutaway.topics.common.source import ReportSource
from cutaway.topics.importance.effects import column_effects
from cutaway.topics.importance.result import Importances
from cutaway.topics.importance.section import SAMPLES, carriers, columns
from cutaway.topics.verdict.section import verdict


def importances(rises, decreases, errors=0.01):
    names = tuple("abcdefgh"[: len(rises)])
    error = np.full(len(rises), errors)
    return Importances(names, "test", 100, 1, Importance(0.5, 0.8, np.array(rises), error, np.array(decreases), error))


@pytest.mark.parametrize(
    ("rises", "decreases", "title", "told"),
    [
        ([0.01, 0.5, 0.4], [0.0, 0.12, 0.1], '"b" and "c" carry most of the answer.', "and cost 12.0 and 10.0 "),
        ([0.9, 0.05], [0.2, 0.0], '"a" carries most of the answer.', "the loss by 0.900 and costs 20.0 points"),
        ([0.3] * 5, [0.05] * 5, '"a", "b" and "c" matter most.', "and cost 5.0, 5.0 and 5.0 points"),
        ([0.5, 0.1], [-0.012, 0.0], '"a" carries most of the answer.', "Shuffled, it raises the loss by 0.500."),
        ([0.0, 0.4], [0.0, 0.1], '"b" carries most of the answer.', "Shuffling 1 of 2 columns does not raise"),
    ],
)
def test_what_carries_the_answer(rises, decreases, title, told):
    found, text = carriers(importances(rises, decreases)) or ("", "")
    assert found == title
    assert told in text


def test_a_column_whose_rise_is_large_and_uncertain_is_said_to_matter_perhaps():
    found = importances([0.09, 0.06, 0.01], [0.04, 0.01, 0.0])
    m = found.measures
    uncertain = dataclasses.replace(m, loss_error=np.array([0.08, 0.01, 0.01]))
    title, text = carriers(dataclasses.replace(found, measures=uncertain)) or ("", "")
    assert title == '"b" clearly matters.'
    assert "100 samples are too few to tell whether another column may matter as much." in text


def test_of_few_samples_no_column_is_named():
    found = importances([0.9, 0.1], [0.3, 0.0])
    assert carriers(dataclasses.replace(found, samples=49)) is None
    assert carriers(dataclasses.replace(found, samples=50)) is not None


def test_where_no_column_matters_measurably_nothing_carries_the_answer():
    assert carriers(importances([0.0, 0.015, -0.2], [0.0] * 3)) is None
    assert carriers(importances([0.023], [0.0])), "of one column 1.96 standard errors are asked"
    assert carriers(importances([0.023, 0.0, 0.0, 0.0], [0.0] * 4)) is None, "of four 2.5"


def test_columns_are_named_by_chance_as_seldom_as_is_said():
    # 1,000 tables of 40 columns that do not matter: with two standard errors each, 61% would name one
    random = np.random.default_rng(0)
    columns, named = 40, 0
    for _ in range(1000):
        error = np.full(columns, 0.01)
        rises = random.normal(0, 0.01, columns)
        found = Importance(0.5, 0.8, rises, error, rises, error)
        named += carriers(Importances(tuple(map(str, range(columns))), "test", 100, 1, found)) is not None
    assert named <= 45, "2.5% are expected, since only a rise counts"


def test_a_table_has_its_columns_in_the_report_and_in_the_verdict_and_an_array_has_not(tmp_path):
    random = np.random.default_rng(0)
    made = pandas.DataFrame({name: random.normal(size=600).round(3) for name in ("strong", "noise", "other")})
    made["y"] = np.where(made["strong"] + 0.2 * random.normal(size=600) > 0, "yes", "no")
    made.to_csv(tmp_path / "table.csv", index=False)
    data = ct.load_dataset(tmp_path / "table.csv", label="y", test_share=0.3)
    run = ct.train(ct.mlp((16,)), data, epochs=10, runs=tmp_path, progress=False)
    source = ReportSource(run.context, ignore_progress)
    section, known = columns(source), run.importance(samples=SAMPLES, progress=False)
    assert isinstance(section, Parts)
    shown, effects = section.parts
    assert isinstance(shown, Table)
    assert [card.title for card in effects.cards] == ["strong"], "columns that could matter by chance have no card"
    assert [row["Column"] for row in shown.rows] == [row["column"] for row in known.summaries()]
    assert shown.rows[0]["Column"] == "strong"
    line = next(line for line in verdict(source).lines if line.target == "columns")
    assert line.title == '"strong" carries most of the answer.'
    lost = next(row["accuracy_decrease"] for row in known.summaries() if row["column"] == "strong")
    assert f"costs {100 * lost:.1f} points" in line.text
    assert any("cutaway labels " in sentence for sentence in verdict(source).small), "how to look for wrong labels"


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """A run of a table in which numbers, categories and missing cells matter."""
    random, folder = np.random.default_rng(1), tmp_path_factory.mktemp("shops")
    made = pandas.DataFrame(
        {"size": random.normal(50, 10, 900).round(1), "when": pandas.date_range("2024", periods=900)}
    )
    made["city"] = random.choice(["Oslo", "Rome", "Bern"], 900, p=[0.5, 0.3, 0.2])
    score = (made["size"] - 50) / 10 + 2 * (made["city"] == "Oslo")
    made["kind"] = np.select([score > 1.5, score > 0.2], ["large", "middle"], "small")
    made.loc[::9, "size"] = np.nan
    made["same"] = "x"
    made.to_csv(folder / "shops.csv", index=False)
    data = ct.load_dataset(folder / "shops.csv", label="kind", use=("same", "when"), test_share=0.4)
    with pytest.warns(ct.CutawayWarning, match="the rows have dates"):
        return ct.train(ct.mlp((16,)), data, epochs=15, runs=folder, progress=False)


@pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")  # a column has one value in all rows
def test_an_effect_is_the_mean_prediction_with_the_value_in_all_rows(shops):
    ids = shops.split.test
    size, city = column_effects(shops.context, ids, ["size", "when", "city", "same"])
    rows = pandas.DataFrame(shops.context.loaded.rows_of(ids))
    for effect in (size, city):
        for number, name in enumerate(effect.names):
            changed = rows.assign(**{effect.column: float(name) if effect is size else name})
            expected = shops.predict(changed.drop(columns="kind")).mean(axis=0)
            np.testing.assert_allclose(effect.predicted.mean[number], expected, atol=1e-5)
    assert city.names == tuple(rows["city"].value_counts().index)
    np.testing.assert_allclose(city.shares, rows["city"].value_counts(normalize=True))
    assert city.places is None
    known = pandas.to_numeric(rows["size"]).dropna()
    assert (np.diff(size.places) > 0).all()
    assert known.quantile(0.01) <= size.places[0] < size.places[-1] <= known.quantile(0.99)
    assert 0.9 < size.shares.sum() <= 1


def test_a_card_says_where_the_probability_is_highest_and_lowest(shops):
    effects = columns(ReportSource(shops.context, ignore_progress)).parts[1]
    cards = {card.title: card for card in effects.cards}
    assert set(cards) == {"size", "city"}
    assert [level.name for level in cards["city"].levels] == ["Oslo", "Rome", "Bern"]
    (plot,) = cards["size"].plots
    assert len(plot.lines[0].points) == len(plot.band)
    assert all(0 <= low <= high <= 1 for _, low, high in plot.band)
    assert max(height for *_, height in plot.bars) <= 0.3 + 1e-9
    assert cards["city"].text[0].startswith("Probability of ")


def test_samples_that_are_no_rows_have_no_columns(digits_run):
    source = ReportSource(digits_run.context, ignore_progress)
    assert columns(source) is None
    assert all(line.target != "columns" for line in verdict(source).lines)


def test_of_a_model_that_learned_nothing_it_is_said_that_labels_cannot_be_judged(tmp_path):
    settings = {"epochs": 1, "learning_rate": 1e-6, "optimizer": "sgd"}
    run = ct.train(ct.mlp((8,)), "digits", runs=tmp_path, progress=False, **settings)
    small = verdict(ReportSource(run.context, ignore_progress)).small
    assert "Models that learn so little cannot tell which labels are wrong." in small
    assert not any("cutaway labels" in sentence for sentence in small)
