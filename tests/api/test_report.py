"""The sections of the report, of real runs."""

import dataclasses
import io
import re
import shutil
from types import SimpleNamespace

import keras
import numpy as np
import pandas
import pytest
from PIL import Image

import cutaway as ct
from cutaway.api.documents import run_document
from cutaway.findings import Finding
from cutaway.metrics import PredictedClasses
from cutaway.page import Cards, Text
from cutaway.progress import ignore_progress
from cutaway.report import report_html, sections, settings
from cutaway.report.document import heading
from cutaway.report.explorer import explore
from cutaway.report.explorer.units import unit_columns
from cutaway.topics.classes.section import classes
from cutaway.topics.common.data_words import columns_in_words
from cutaway.topics.common.epochs import spaced_epochs
from cutaway.topics.common.options import MapOptions
from cutaway.topics.common.source import ReportSource
from cutaway.topics.embedding.embedding import kept_embedding
from cutaway.topics.findings.evidence import evidence_of
from cutaway.topics.findings.section import findings, findings_of, first_sentence, verdict
from cutaway.topics.history.section import learning
from cutaway.topics.layers.layers import LayerHistory
from cutaway.topics.layers.section import layer_history_of, layers, layers_of
from cutaway.topics.mistakes.section import mistakes
from tests.ready_runs import record_untrained


def source_of(run):
    return ReportSource(run.context, ignore_progress)


@pytest.fixture(scope="module")
def source(digits_run):
    return source_of(digits_run)


@pytest.fixture(scope="module")
def digits_knowledge(source):
    return layers(source).parts[1]


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="softmax", name="only")])
    return source_of(ct.record(model, "digits", runs=tmp_path_factory.mktemp("untrained"), progress=False))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A run on an array with four columns."""
    x = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    data = ct.Dataset.from_arrays(x, (x[:, 0] > 0).astype(int) + (x[:, 1] > 0))
    return source_of(record_untrained(data, tmp_path_factory.mktemp("table"), hidden=(40, 30)))


def test_the_page_says_whose_samples_are_in_it(source, table):
    assert "CC BY 4.0" in heading(source).footer
    assert "CC BY 4.0" not in heading(table).footer


def test_the_report_shows_every_section_in_the_order_of_the_registry(digits_run, own_cache, tmp_path):
    told = []
    # without folds that another test may have trained, and with a cache that holds nothing of them
    shutil.copytree(digits_run.path, tmp_path / "run", ignore=shutil.ignore_patterns("folds"))
    html = report_html(ct.open_run(tmp_path / "run").context, on_progress=told.append)
    places = {section.__name__: html.find(f'<section id="{section.__name__}"') for section in sections.SECTIONS}
    assert places.pop("label_issues") == -1, "no fold was trained"
    assert places.pop("comparison") == places.pop("short_trainings") == -1, "there is no other run, nor a preflight"
    assert places.pop("columns") == places.pop("errors") == -1, "images have none, and classes"
    assert places.pop("augmented") == -1, "the images were learned from as they are"
    places = list(places.values())
    assert -1 not in places
    assert places == sorted(places)
    # one task for all: a step for each section and for each embedding, three layers after seven epochs and the samples
    steps = [each.done for each in told]
    assert {each.task for each in told} == {"report"}
    assert {each.total for each in told} == {len(sections.SECTIONS) + 3 * 7 + 1}
    assert steps == sorted(steps)
    assert set(steps) == set(range(told[-1].total + 1))
    assert [each.ended for each in told].count(True) == 1
    assert told[-1].ended


def test_learning_curves_say_where_the_weights_are_from_and_whether_they_ended_early(source, digits_run):
    section = learning(source)
    assert not section.lead, "what they show is a finding, which the verdict has"
    assert digits_run.context.epoch() in [mark.x for mark in section.panels[0].marks]
    config = {**source.context.manifest.config, "patience": 2, "epochs": 50}
    context = SimpleNamespace(manifest=SimpleNamespace(config=config, status="finished"), row=source.context.row)
    assert "6" in learning(SimpleNamespace(context=context, rows=source.rows)).lead


def test_a_section_without_content_is_left_out(untrained, monkeypatch):
    assert learning(untrained) is None
    monkeypatch.setattr(sections, "SECTIONS", (learning, layers))
    html = report_html(untrained.context, on_progress=ignore_progress)
    assert 'id="learning"' not in html
    assert 'id="layers"' in html


def test_the_evidence_is_that_of_the_run(source, digits_run):
    evidence = evidence_of(digits_run.context, layers=lambda: layers_of(source))
    last = digits_run.history.rows[-1]
    assert evidence.history == digits_run.history.rows
    assert (evidence.test_accuracy, evidence.val_accuracy) == (digits_run.test["accuracy"], last["val_accuracy"])
    assert (evidence.test_samples, evidence.val_samples) == (360, 360)
    assert evidence.dead_units == {
        r.name: (r.dead, r.units) for r in digits_run.layers() if r.name in ("dense_1", "dense_2")
    }
    np.testing.assert_array_equal(evidence.confusion.toarray(), digits_run.confusion())
    assert evidence.class_names == digits_run.class_names


def shown_of(digits_run, *found):
    """The verdict and the section below it of some findings."""
    source = ReportSource(digits_run.context, ignore_progress)
    if found:
        source.computed[findings_of.__wrapped__] = found
    return verdict(source), findings(source)


def test_every_finding_has_one_card_in_a_line_of_the_verdict_or_below_it(digits_run):
    found, (summary, section) = digits_run.findings(), shown_of(digits_run)
    cards = [*(line.card for line in summary.lines if line.card is not None), *section.cards]
    assert len({card.anchor for card in cards}) == len(cards) == len(found)
    for finding in found:
        (card,) = [card for card in cards if card.title == finding.title]
        assert card.severity == finding.severity
        assert finding.text.startswith(card.text[0])
        said = " ".join((*card.text, *card.details, card.help))
        assert all(sentence in said for sentence in finding.text.split(". "))
        assert any(finding.rule.words in line for line in card.details) == (finding.severity != "good")
        assert len(card.images) == min(len(finding.samples), 8)


def test_what_a_line_of_the_verdict_shows_is_not_among_what_was_also_noted(digits_run):
    warning = Finding("overfitting", "warning", "Overfits", "By 12%. And more.", {}, advice="Stop earlier.")
    notes = [Finding("stalled", each, each, "Was 1. Try 2.", {}, advice="Try 2.") for each in ("note", "good")]
    summary, section = shown_of(digits_run, warning, *notes)
    (line, *_) = summary.lines
    assert (line.title, line.text, line.action, line.card.text[1:]) == (
        *("Overfits.", "By 12%.", "Stop earlier."),
        ("And more.",),
    )
    assert [(card.anchor, card.title) for card in section.cards] == [("finding-1", "note"), ("finding-2", "good")]
    assert (section.cards[0].text, section.cards[0].help) == (("Was 1.",), "Try 2."), "what to do is said once"
    assert shown_of(digits_run, warning)[1] is None
    summary, section = shown_of(digits_run, *(dataclasses.replace(warning, title=f"{number}") for number in range(6)))
    assert (len(summary.lines), len(section.cards), summary.small[0][:15]) == (4, 2, "2 more warnings")


def test_the_table_and_its_lead_are_those_of_the_history(digits_knowledge, source, digits_run):
    history = digits_run.layer_history(epochs=[0, 1, 2, 4, 5, 6], progress=False).records
    assert [(row["Layer"], row["Epoch"]) for row in digits_knowledge.rows] == [
        (name, str(epoch)) for name in ("dense_1", "dense_2", "output") for epoch in (0, 1, 2, 4, 5, 6)
    ]
    probes = {(r.layer, str(r.epoch)): r.probe_accuracy for r in history}
    (table,) = layer_history_of(source).tables(whole=True)
    assert digits_knowledge.rows == tuple(table.texts())
    for name in ("dense_1", "dense_2", "output"):
        assert f" from {name}" in digits_knowledge.lead.partition(f"{probes[name, '6']:.1%}")[2]
    within = float(re.search(r"within ([\d.]+) points", digits_knowledge.lead)[1]) / 100
    since = next(e for e in (0, 1, 2, 4, 5, 6) if probes["output", str(e)] >= probes["output", "6"] - within)
    assert f"output since epoch {since}." in digits_knowledge.lead
    assert "360 test samples" in digits_knowledge.lead


def history_of(*probes, kept_epoch):
    records = tuple(
        SimpleNamespace(layer="dense_1", epoch=e, probe_accuracy=p, samples=400, units=8) for e, p in probes
    )
    return LayerHistory(records, split="test", k=15, kept_epoch=kept_epoch)


def test_a_layer_that_got_worse_knows_the_classes_since_it_recovered():
    probes = [(0, 0.5), (1, 0.9), (2, 0.7), (3, 0.9), (4, 0.905)]
    assert history_of(*probes, kept_epoch=4).notes()[1].endswith(" since epoch 3.")
    first, since, measured = history_of(*probes, kept_epoch=2).notes()
    assert " 70.0% " in first
    assert since.endswith(" since epoch 1."), "later epochs do not count"
    assert "400 test samples after epochs 0 to 4." in measured
    assert re.search(r"[\d.]+ points", since)[0] in measured, "more exact than chance it is not"
    assert len(history_of((4, 0.9), kept_epoch=4).notes()) == 2, "one epoch says nothing of since when"
    assert len(history_of((0, None), (1, None), kept_epoch=1).notes()) == 1


def test_a_difference_of_probes_that_may_be_chance_is_larger_with_fewer_samples_and_near_one_half():
    def points(history):
        return float(re.search(r"([\d.]+) points", history.notes()[-1])[1])

    assert points(history_of((1, 0.5), kept_epoch=1)) == pytest.approx(196 * (2 * 0.25 / 200) ** 0.5, abs=0.2)
    assert 0 < points(history_of((1, 1.0), kept_epoch=1)) < 3


def test_the_kept_epoch_is_among_the_epochs_measured():
    assert spaced_epochs(range(3), 6, kept=1) == [0, 1, 2]
    for kept in range(40):
        epochs = spaced_epochs(range(40), 6, kept=kept)
        assert {0, kept, 39} <= set(epochs)
        assert 5 <= len(epochs) <= 6
        assert epochs == sorted(epochs)


def test_the_units_of_the_explorer_are_those_of_the_run(source, digits_run):
    found = digits_run.units("dense_1", progress=False)
    shown = unit_columns(source, "dense_1")
    summaries = found.summaries()
    np.testing.assert_array_equal(shown.cost, [each["ablation_cost"] for each in summaries])
    np.testing.assert_array_equal(shown.error, [each["ablation_cost_error"] for each in summaries])
    np.testing.assert_allclose(shown.accuracy, [each["accuracy_cost"] for each in summaries])
    affected = [
        digits_run.class_names[k] if lost > 0 else None
        for k, lost in zip(shown.affected, shown.affected_accuracy, strict=True)
    ]
    assert affected == [each["most_affected"] for each in summaries]
    np.testing.assert_allclose(shown.affected_accuracy.clip(min=0), [each["most_affected_cost"] for each in summaries])
    assert [k if k >= 0 else None for k in shown.similar] == [each["similar"] for each in summaries]
    names = source.shown.names()
    for top, each in zip(shown.top, summaries, strict=True):
        assert [names[k] for k in top if k >= 0] == [one["sample"] for one in each["top_activating"][:6]]
    measurable = int(found.ablation.measurable.sum())
    assert f"{len(digits_run.split.test)} test samples" in shown.note
    assert f"{measurable} of the 32 units" in shown.note
    assert shown.images.shape == (32, 8, 8)
    assert unit_columns(source, "output") is None


@pytest.mark.exhaustive
def test_units_of_a_table_have_no_images_and_a_model_without_hidden_layers_no_units(table, untrained):
    assert unit_columns(table, "dense_2").images is None
    assert "40 units of dense_1" in layers(table).parts[1].lead
    assert unit_columns(untrained, "only") is None
    shown = layers(untrained).parts[1]
    assert [row["Layer"] for row in shown.rows] == ["only"]


def test_mistakes_are_the_most_confident_wrong_predictions(source, digits_run, table):
    worst, names = digits_run.mistakes(), digits_run.class_names
    shown = mistakes(source)
    assert isinstance(shown, Cards)
    assert [card.title for card in shown.cards] == digits_run.split.test.take(worst.position).names()
    assert [card.subtitle for card in shown.cards] == [
        f"{names[true]} → {names[predicted]}" for true, predicted in zip(worst.label, worst.predicted, strict=True)
    ]
    assert [card.text[0] for card in shown.cards] == [f"Confidence: {each:.1%}" for each in worst.confidence]
    with Image.open(io.BytesIO(shown.cards[0].images[0].png)) as image:
        assert image.size == (24, 24)
    assert (shown.size, mistakes(table).size) == ("small", "medium")
    values = mistakes(table).cards[0].values.split(", ")
    assert len(values) == 4
    assert [value.rsplit(" ", 1)[0] for value in values] == [f"column {number}" for number in range(1, 5)]
    assert all(float(value.rsplit(" ", 1)[1]) for value in values)


def test_without_mistakes_the_section_says_so(source, digits_run):
    right = PredictedClasses.of(np.eye(10, dtype=np.float32)[digits_run.labels()])
    held_out = {
        "ids": source.ids,
        "split": source.split,
        "labels": source.labels,
        "kind": source.kind,
        "computed": source.computed,
    }
    perfect = SimpleNamespace(context=source.context, predicted=right, **held_out)
    shown = mistakes(perfect)
    assert isinstance(shown, Text)


def test_settings_say_where_a_table_came_from_and_what_became_of_its_columns(tmp_path):
    random = np.random.default_rng(0)
    age = random.normal(50, 10, 300).round(2)
    frame = pandas.DataFrame({"age": age, "city": random.choice(["Oslo", "Rome"], 300)})
    frame["zip"] = random.integers(0, 3, 300)
    for number in range(49):
        frame[f"n{number}"] = random.normal(size=300)
    frame["y"] = np.where(age > 50, "old", "young")
    frame["id"] = [f"p-{number}" for number in range(300)]
    frame.loc[::7, "age"] = np.nan
    frame.to_csv(tmp_path / "people.csv", index=False)
    data = ct.load_dataset(tmp_path / "people.csv", label="y", category=["zip"])
    run = record_untrained(data, tmp_path, name="Kündigung März (2. Versuch)")
    rows = [(row["Setting"], row["Value"]) for row in settings.settings(source_of(run)).rows]
    shown = dict(rows)
    assert shown["data"] == f"{tmp_path / 'people.csv'}; label y; category zip"
    known = frame["age"].to_numpy()[run.split.train.index]
    known = known[~np.isnan(known)]
    center, scale, fill = known.mean(), known.std(), np.median(known)
    assert shown["column age"] == f"number: (x - {center:.6g}) / {scale:.6g}; {fill:.6g} where it is missing; 2 inputs"
    assert shown["column city"] == "category: one-hot of Oslo and Rome; 2 inputs"
    assert shown["column zip"] == "category: one-hot of 0, 1 and 2; 3 inputs"
    assert len([name for name, _ in rows if name.startswith("column ")]) == 50
    assert shown["columns"] == "and 3 more"
    assert columns_in_words(run.context.manifest.dataset)[-1] == ("columns", "and 3 more")
    page = heading(source_of(run))
    assert '"id" (nearly unique)' in page.subtitle
    assert page.title == "Kündigung März (2. Versuch)"
    assert "-Kündigung-März--2.-Versuch-" in run.path.name
    assert run_document(run)["dataset"]["left_out"] == {"id": "nearly unique"}


def test_settings_contain_the_whole_configuration(source, digits_run):
    rows = {row["Setting"]: row["Value"] for row in settings.settings(source).rows}
    config = {name: str(value) for name, value in digits_run.config.items() if value is not None}
    assert config.items() <= rows.items()
    assert rows["layer dense_1"] == "Dense 32 relu"
    assert rows["layer dropout_1"] == "Dropout 0.1"
    assert rows["dataset sha256"] == digits_run.data.sha256


def test_a_click_on_the_confusion_matrix_is_promised_as_far_as_the_map_goes(source, monkeypatch):
    def click(of):
        return classes(of).parts[0].click

    whole, other = click(source), click(dataclasses.replace(source, options=MapOptions(split="train")))
    monkeypatch.setattr("cutaway.topics.common.source.MOST_SHOWN", 100)
    assert len({whole, other, click(dataclasses.replace(source))}) == 3


@pytest.mark.exhaustive
def test_an_embedding_of_all_samples_is_shown_and_not_computed_again(tmp_path, monkeypatch):
    settings = {"epochs": 1, "seed": 0, "runs": tmp_path, "progress": False}
    run = ct.train(ct.mlp((8,)), "digits", **settings)
    alone = explore(source_of(run))
    assert "All 360 test samples; " in alone.caption
    whole = run.embed(progress=False)
    monkeypatch.setattr("cutaway.topics.embedding.embedding.embed", None)  # nothing is embedded any more
    shown = explore(source_of(run))
    assert " 1,797 samples; " in shown.caption
    assert f"trustworthiness {whole.quality.trustworthiness:.3f}" in shown.caption
    rows = np.flatnonzero(np.isin(whole.ids.names(), run.split.test.names()))
    part = kept_embedding(run.context, None, shown=run.split.test.take(slice(None, None, -1)))
    np.testing.assert_array_equal(part.xy[::-1], whole.xy[rows])
    np.testing.assert_array_equal(part.labels[::-1], whole.labels[rows])
    np.testing.assert_array_equal(part.predicted[::-1], whole.predicted[rows])
    np.testing.assert_array_equal(part.misplaced[::-1], whole.misplaced[rows])


@pytest.mark.exhaustive
def test_wide_samples_have_a_map_and_those_that_take_too_much_memory_a_sentence(tmp_path, monkeypatch):
    y = np.arange(90) % 3
    x = np.random.default_rng(0).normal(size=(90, 3000)).astype(np.float32) + y[:, None]
    data = ct.Dataset.from_arrays(x[:60], y[:60], x_test=x[60:], y_test=y[60:])
    run = ct.train(ct.mlp((2500, 8)), data, epochs=1, seed=0, runs=tmp_path, progress=False)
    shown = explore(source_of(run))
    assert [layer.name for layer in shown.layers] == ["input", "dense_1", "dense_2", "output"]
    monkeypatch.setattr("cutaway.report.explorer.section.MOST_VALUES", 30 * 2999)
    shown = explore(source_of(run))
    assert [layer.name for layer in shown.layers] == ["dense_1", "dense_2", "output"]
    assert "3,000 values of 30 samples" in shown.caption


def test_too_few_samples_to_embed_all_of_them_keep_no_embedding(digits_run, monkeypatch):
    context = digits_run.context
    monkeypatch.setattr(type(context), "ids", lambda self, split, **_: self.split.part(split).take(slice(50)))
    assert kept_embedding(context, None, shown=context.split.test) is None


@pytest.mark.exhaustive
def test_sections_of_a_model_whose_units_are_all_dead_say_why_and_the_others_are_there(tmp_path, monkeypatch):
    """As after a training with far too high a learning rate."""
    model = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(8, "relu", name="one"), keras.layers.Dense(10, "softmax")]
    )
    model.set_weights([np.zeros_like(weights) for weights in model.get_weights()])
    run = ct.record(model, "digits", runs=tmp_path, progress=False)
    monkeypatch.setattr(sections, "SECTIONS", (findings, explore, classes, layers))
    made = {
        part.partition('"')[0]: part
        for part in report_html(run.context, on_progress=ignore_progress).split('<section id="')[1:]
    }
    why = "360 rows of activations are equal"
    assert [name for name, part in made.items() if why in part] == ["explore"]
    assert {"classes", "layers"} <= made.keys()


def test_a_sentence_does_not_end_within_the_name_of_a_class():
    text = "It predicts Mrs. Brown in 12% of the cases. More follows."
    assert first_sentence(text, ["Mrs. Brown", "it"]) == "It predicts Mrs. Brown in 12% of the cases."
    assert first_sentence("Most are in St. Louis. More follows.") == "Most are in St. Louis."
