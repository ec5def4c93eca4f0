"""The report of a run beside another one: what its section says, the colors of the map, and what is refused."""

import dataclasses
import re
import shutil

import numpy as np
import pytest

import cutaway as ct
from cutaway.errors import UsageError
from cutaway.metrics import mcnemar, paired_measures
from cutaway.page import HeatMap, Text
from cutaway.progress import ignore_progress
from cutaway.report import report_html
from cutaway.report.explorer.compared import compared_columns
from cutaway.topics.common.options import MapOptions
from cutaway.topics.common.pairing import pair_samples
from cutaway.topics.common.source import ReportSource
from cutaway.topics.comparison import measures
from cutaway.topics.comparison.section import COMPARED, answer, comparison
from cutaway.topics.findings.section import verdict


@pytest.fixture(scope="module")
def other(ready_run):
    """A worse model on the samples of `digits_run`."""
    return ready_run("other")


@pytest.fixture(scope="module")
def reseeded(other, tmp_path_factory):
    """Another seed, which splits the samples differently."""
    return ct.record(other.model(), "digits", seed=1, runs=tmp_path_factory.mktemp("reseeded"), progress=False)


def source_of(run, against, *, asked=None, shared=False):
    paired = pair_samples(run.context, against.context, shared=shared)
    return ReportSource(run.context, ignore_progress, MapOptions(split=asked), against=paired)


@pytest.fixture(scope="module")
def source(digits_run, other):
    return source_of(digits_run, other)


@pytest.fixture(scope="module")
def section(source):
    return comparison(source)


@pytest.fixture(scope="module")
def found(digits_run, other):
    return ct.compare(digits_run, other, progress=False)


def test_the_measures_are_those_of_a_comparison_with_differences_the_other_way(
    source, section, found, digits_run, other
):
    own, second = source.names
    rows = {row["Measure"]: row for row in section.parts[2].rows}
    m, table = found.measures, found.metrics()
    low, high = (-100 * table.loc["accuracy", f"difference_{end}"] for end in ("high", "low"))
    here, there = (table.loc["accuracy", name] for name in "ab")
    assert here > there
    assert rows["Accuracy"][own].startswith(f"{here:.1%} (")
    assert rows["Accuracy"][second].startswith(f"{there:.1%} (")
    assert rows["Accuracy"]["Difference"] == f"{100 * (here - there):+.2f} ({low:+.2f} to {high:+.2f})"
    assert rows["Cross-entropy"]["Difference"].startswith(f"{m.loss[0] - m.loss[1]:+.4f} (")
    balanced = [run.per_class().measures.balanced_accuracy for run in (digits_run, other)]
    assert [rows["Balanced accuracy"][name] for name in (own, second)] == [f"{b:.2%}" for b in balanced]
    assert rows["Parameters"][own] == f"{digits_run.model().count_params():,}"
    assert (rows["Epoch"][own], rows["Epoch"][second]) == ("6", "3")
    assert section.title == f"Comparison with {second}"
    shown = section.parts[0]
    by = f"{100 * (here - there):.2f} points ({low:.2f} to {high:.2f})"
    assert shown.answer == f"{own} is better than {second} by {by}."
    assert re.search(rf"\b{m.test.broken} .*\b{m.test.fixed} ", shown.beside)


def with_changes(found, fixed, broken):
    """The comparison as if so many samples were right in one of the runs only, of 1,000."""
    correct = np.ones((2, 1000), bool)
    correct[0, :fixed] = correct[1, fixed : fixed + broken] = False
    measures = paired_measures((correct[0], correct[1]), (0.1 + ~correct[0], 0.1 + ~correct[1]))
    return dataclasses.replace(found, measures=measures)


@pytest.mark.parametrize(("fixed", "broken", "better"), [(5, 40, "OWN"), (40, 5, "OTHER"), (9, 12, None), (0, 0, None)])
def test_the_verdict_is_as_sure_as_the_test(found, fixed, broken, better):
    shown = answer(with_changes(found, fixed, broken), ("OWN", "OTHER"))
    said = " ".join((shown.answer, shown.beside, *shown.small))
    assert ("better than" in shown.answer) == (better is not None)
    assert said.startswith(better or "")
    p = mcnemar(fixed, broken).p_value
    assert (p < 0.05) == (better is not None)
    if better:  # points of the better run above the worse one, and their interval
        by, low, high = map(float, re.search(r"by (-?[\d.]+) points \((-?[\d.]+) to (-?[\d.]+)\)", said).groups())
        assert 0 < low < by < high
    if fixed:
        assert (f" {p:.2g} " if p >= 1e-4 else "0.0001") in said


@pytest.mark.parametrize(("interval", "better"), [((0.01, 0.2), "OWN"), ((-0.2, -0.01), "OTHER")])
def test_where_both_are_as_often_right_their_probabilities_may_differ(found, interval, better):
    changed = with_changes(found, 9, 12)
    measures = dataclasses.replace(changed.measures, loss_interval=interval)
    shown = answer(dataclasses.replace(changed, measures=measures), ("OWN", "OTHER"))
    assert f" {better} " in shown.answer.rpartition(". ")[2]


def test_the_verdict_of_a_compared_report_has_the_answer(digits_run, other):
    lines = verdict(source_of(digits_run, other)).lines
    line = next(line for line in lines if line.target == "comparison")
    assert " is better than " in line.title


def test_the_groups_are_those_of_the_comparison_and_their_searches_find_them(section, found):
    counts = found.to_pandas()["change"].value_counts()
    cards = section.parts[1].cards
    expected = [counts["right in both"], counts["broken"], counts["fixed"], counts["wrong in both"]]
    expected.append(int((found.predicted[0] != found.predicted[1]).sum()))
    assert [int(card.subtitle.split()[0]) for card in cards] == expected
    assert [card.search for card in cards] == [*(f'compared:"{name}"' for name in COMPARED), "same:different"]
    worst = found.ids.take(found.broken[:6]).names()
    assert [image.alt.split(",")[0] for image in cards[1].images] == worst


def test_classes_are_listed_by_how_much_their_recall_changed(source, section, found, digits_run, other):
    own, _ = source.names
    rows = section.parts[3].rows
    recalls = np.stack([run.per_class().measures.recall for run in (digits_run, other)])
    changed = {row["Class"]: row for row in rows}
    for k, name in enumerate(digits_run.class_names):
        if name in changed:
            assert changed[name][f"Recall, {own}"] == f"{recalls[0, k]:.2%}"
            assert changed[name]["Difference in points"] == f"{100 * (recalls[0, k] - recalls[1, k]):+.2f}"
    sizes = [abs(float(row["Difference in points"])) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(int(row[f"Right in {own} only"]) for row in rows) == found.measures.test.broken


def test_settings_and_the_similarity_of_layers_are_those_of_the_comparison(source, section, found):
    own, second = source.names
    rows = section.parts[4].rows
    named = [(each.section, each.setting) for each in found.settings if each.setting != "kept_epoch"]
    assert [(row["Section"], row["Setting"]) for row in rows] == named
    assert ("6", "3") in [(row[own], row[second]) for row in rows if row["Setting"] == "epochs"]
    layers = section.parts[5]
    assert isinstance(layers, HeatMap)
    np.testing.assert_allclose(layers.values, found.cka().to_numpy(), atol=1e-6)
    assert (layers.rows, layers.columns) == (tuple(found.cka().index), tuple(found.cka().columns))


def test_the_map_has_colors_for_what_both_make_of_each_sample(digits_run, other, found, source):
    columns = {column.key: column for column in compared_columns(source)}
    table = found.to_pandas().set_index("sample").loc[source.shown.names()]
    words = {"right in both": 0, "broken": 1, "fixed": 2, "wrong in both": 3}
    np.testing.assert_array_equal(columns["compared"].values[0], table["change"].map(words))
    np.testing.assert_array_equal(columns["other"].values[0], table["predicted_b"].astype(int))
    np.testing.assert_array_equal(columns["same"].values[0], table["predicted_a"] != table["predicted_b"])
    everything = source_of(digits_run, other, asked="all")
    (values,) = compared_columns(everything)[0].values
    held_out = np.isin(everything.shown.names(), digits_run.split.test.names())
    assert (values[~held_out] == -1).all()
    np.testing.assert_array_equal(np.sort(values[held_out]), np.sort(columns["compared"].values[0]))


def test_what_cannot_be_compared_is_refused_before_anything_is_computed(digits_run, ready_run, reseeded, tmp_path):
    told = []
    refused = {"on_progress": told.append}
    with pytest.raises(UsageError):
        report_html(digits_run.context, against=reseeded.context, **refused)
    with pytest.raises(UsageError):
        report_html(digits_run.context, against=ready_run("table").context, **refused)
    with pytest.raises(UsageError):
        digits_run.report(tmp_path / "report.html", against=3)
    assert not told
    assert not list(tmp_path.iterdir())


def test_shared_samples_are_compared_if_asked_for_and_the_others_are_counted(digits_run, reseeded):
    shared = comparison(source_of(digits_run, reseeded, shared=True))
    found = ct.compare(digits_run, reseeded, shared=True, progress=False)
    assert f" {len(found):,} " in shared.parts[0].beside
    assert f"{found.left_out.trained_on:,} " in shared.parts[1].caption


@pytest.mark.exhaustive
def test_the_second_report_has_the_same_bytes_and_compares_no_layers_again(digits_run, other, tmp_path, monkeypatch):
    shutil.copytree(digits_run.path, tmp_path / "run")
    shutil.copytree(other.path, tmp_path / "<b>other")
    run = ct.open_run(tmp_path / "run")
    first = run.report(tmp_path / "a.html", against=tmp_path / "<b>other", progress=False).read_bytes()
    monkeypatch.setattr(measures, "compare_layers", None)
    again = ct.open_run(tmp_path / "run")
    other_again = ct.open_run(tmp_path / "<b>other")
    second = again.report(tmp_path / "b.html", against=other_again, progress=False).read_bytes()
    assert second == first
    text = first.decode()
    assert "<b>other" not in text
    assert "Comparison with " in text


def test_a_run_beside_itself_has_no_differences_and_another_name(digits_run):
    shown = comparison(source_of(digits_run, digits_run))
    assert shown.title.startswith(f"Comparison with {digits_run.path.name} (")
    assert [isinstance(part, Text) for part in shown.parts] == [False, False, False, True, True, False]
    assert [card.search for card in shown.parts[1].cards][-1] == ""
    np.testing.assert_allclose(np.diag(shown.parts[5].values), 1)
