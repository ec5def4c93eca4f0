"""The section on columns, and the line of the verdict that says which of them carry the answer."""

import dataclasses
import re

import numpy as np
import pandas
import pytest

from cutaway.interpret import Importance
from cutaway.page import Parts, Table
from cutaway.progress import ignore_progress
from cutaway.topics.common.source import ReportSource
from cutaway.topics.findings.section import verdict
from cutaway.topics.importance.effects import column_effects
from cutaway.topics.importance.result import Importances
from cutaway.topics.importance.section import SAMPLES, carriers, columns


def importances(rises, decreases, errors=0.01):
    names = tuple("abcdefgh"[: len(rises)])
    error = np.full(len(rises), errors)
    return Importances(names, "test", 100, 1, Importance(0.5, 0.8, np.array(rises), error, np.array(decreases), error))


@pytest.mark.parametrize(
    ("rises", "decreases", "named", "told"),
    [
        ([0.01, 0.5, 0.4], [0.0, 0.12, 0.1], ["b", "c"], "12.0 and 10.0"),
        ([0.9, 0.05], [0.2, 0.0], ["a"], "20.0"),
        ([0.3] * 5, [0.05] * 5, ["a", "b", "c"], "5.0, 5.0 and 5.0"),
        ([0.5, 0.1], [-0.012, 0.0], ["a"], "0.500"),
        ([0.0, 0.4], [0.0, 0.1], ["b"], "1 of 2"),
    ],
)
def test_what_carries_the_answer(rises, decreases, named, told):
    title, text = carriers(importances(rises, decreases)) or ("", "")
    assert re.findall('"(.)"', title) == named
    assert told in text


def test_a_column_whose_rise_is_large_and_uncertain_is_said_to_matter_perhaps():
    found = importances([0.09, 0.06, 0.01], [0.04, 0.01, 0.0])
    m = found.measures
    uncertain = dataclasses.replace(m, loss_error=np.array([0.08, 0.01, 0.01]))
    title, text = carriers(dataclasses.replace(found, measures=uncertain)) or ("", "")
    assert re.findall('"(.)"', title) == ["b"]
    assert "100 samples" in text


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


def test_a_table_has_its_columns_in_the_report_and_in_the_verdict(people):
    run, source = people, ReportSource(people.context, ignore_progress)
    section, known = columns(source), run.importance(samples=SAMPLES, progress=False)
    assert isinstance(section, Parts)
    shown, effects = section.parts
    assert isinstance(shown, Table)
    assert {card.title for card in effects.cards} == {"age", "city"}, "what could matter by chance has no card"
    assert [row["Column"] for row in shown.rows] == [row["column"] for row in known.summaries()]
    assert {row["Column"] for row in shown.rows[:2]} == {"age", "city"}
    line = next(line for line in verdict(source).lines if line.target == "columns")
    lost = {row["column"]: f"{100 * row['accuracy_decrease']:.1f}" for row in known.summaries()}
    assert line.title.count('"') >= 2
    assert all(lost[name] in line.text for name in re.findall('"(.+?)"', line.title))
    assert any("cutaway label-issues " in each for each in verdict(source).small), "how to look for wrong labels"


@pytest.fixture(scope="module")
def people(ready_run):
    return ready_run("people")


@pytest.mark.filterwarnings("ignore::cutaway.CutawayWarning")  # the dates of samples are in all of its splits
def test_an_effect_is_the_mean_prediction_with_the_value_in_all_rows(ready_run):
    run = ready_run("table")
    ids = run.split.part("all")
    size, city = column_effects(run.context, ids, ["income", "since", "city"])
    rows = pandas.DataFrame(run.context.loaded.rows_of(ids))
    for effect in (size, city):
        for number, name in enumerate(effect.names):
            changed = rows.assign(**{effect.column: float(name) if effect is size else name})
            expected = run.predict(changed.drop(columns="churned")).mean(axis=0)
            np.testing.assert_allclose(effect.predicted.mean[number], expected, atol=1e-5)
    assert city.names == tuple(rows["city"].value_counts().index)
    np.testing.assert_allclose(city.shares, rows["city"].value_counts(normalize=True))
    assert city.places is None
    known = pandas.to_numeric(rows["income"]).dropna()
    assert (np.diff(size.places) > 0).all()
    assert known.quantile(0.01) <= size.places[0] < size.places[-1] <= known.quantile(0.99)
    assert 0.9 < size.shares.sum() <= 1


def test_a_card_has_the_levels_of_a_category_and_the_curve_of_a_number(people):
    effects = columns(ReportSource(people.context, ignore_progress)).parts[1]
    cards = {card.title: card for card in effects.cards}
    assert [level.name for level in cards["city"].levels] == ["Oslo", "Rome", "Bern"]
    (panel,) = cards["age"].panels
    samples, curve = panel.series
    assert ((curve.low >= 0) & (curve.low <= curve.high) & (curve.high <= 1)).all()
    assert samples.y.max() == pytest.approx(0.3)
    assert panel.shares_x


def test_samples_that_are_no_rows_have_no_columns(digits_run):
    assert columns(ReportSource(digits_run.context, ignore_progress)) is None
